"""The recurrence of the GCRN, plain and with a backward pass written by hand."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from gnnseq.ops.by_hand import may_run, plain_gradients, wants_plain
from gnnseq.ops.operators.sparse import SparseOperator
from gnnseq.ops.operators.spectral import chebyshev_terms
from gnnseq.ops.scan import States, scan_steps

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


def peephole_lstm(gates: Tensor, c: Tensor, peephole: Tensor | None) -> tuple[Tensor, Tensor]:
    """Gives h and c from the sums of all gates ``[..., 4H]``: i and f see the old cell, o the new one."""
    i, f, g, o = gates.chunk(4, dim=-1)
    if peephole is not None:
        w_i, w_f, w_o = peephole.unbind()
        i, f = i + w_i * c, f + w_f * c
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    if peephole is not None:
        o = o + w_o * c
    return o.sigmoid() * c.tanh(), c


def graph_lstm(
    operator: SparseOperator, inputs: Tensor, h: Tensor, c: Tensor, weight: Tensor, peephole: Tensor | None
) -> tuple[Tensor, Tensor]:
    r"""A peephole LSTM in time over states that are filtered by a graph.

    .. math:: [i, f, g, o] = [T_0(\tilde L) h_{t-1}, \dots, T_{K-1}(\tilde L) h_{t-1}, u_t] \, W, \quad
        \text{then as in the GCRN}

    The backward pass is written by hand: it keeps the gates, the cell and the filtered states of each step, writes in
    place, and adds up the gradient of W step by step. Where a derivative of it is asked for (``create_graph``), or many
    gradients at once (``is_grads_batched``), it goes through `plain_graph_lstm` instead, which is also the reference
    of its tests.

    Args:
        operator: the scaled Laplacian, constant.
        inputs: what all gates read beside the state, ``[N, S, T, P]`` (u above).
        h: initial state ``[N, S, H]``.
        c: initial cell ``[N, S, H]``.
        weight: ``[K H + P, 4H]``, rows of the K filters and then of the inputs, columns i, f, g, o.
        peephole: ``[3, H]`` for i, f and o, or None.

    Returns:
        Outputs ``[N, S, T, H]`` and the last cell ``[N, S, H]``.
    """
    if not hand_written(operator, inputs, weight, _filters(inputs, h, weight)):
        return plain_graph_lstm(operator, inputs, h, c, weight, peephole)
    out: tuple[Tensor, Tensor] = _GraphLSTM.apply(  # type: ignore[no-untyped-call]
        inputs, h.contiguous(), c.contiguous(), weight, peephole, operator
    )
    return out


def hand_written(operator: SparseOperator, inputs: Tensor, weight: Tensor, K: int) -> bool:
    """Whether the hand-written pass can run: where `by_hand.may_run` says so, and the operator is a constant matrix."""
    one = operator.matrix is not None and operator.diagonal == 0.0 and len(operator.directions) == 1
    return may_run(inputs, weight) and (K == 1 or one)


def _filters(inputs: Tensor, h: Tensor, weight: Tensor) -> int:
    return (weight.size(0) - inputs.size(-1)) // h.size(-1)


def plain_graph_lstm(
    operator: SparseOperator, inputs: Tensor, h: Tensor, c: Tensor, weight: Tensor, peephole: Tensor | None
) -> tuple[Tensor, Tensor]:
    """`graph_lstm` in operations that autograd knows."""
    K = _filters(inputs, h, weight)

    def step(u: Tensor, states: States) -> States:
        h, c = states
        joined = torch.cat([*chebyshev_terms(operator, h, K), u], dim=-1)
        return peephole_lstm(joined @ weight, c, peephole)

    outs, (_, c) = scan_steps(step, inputs.unbind(2), (h, c))
    return torch.stack(outs, dim=2), c


class _GraphLSTM(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, h: Tensor, c: Tensor, weight: Tensor, peephole: Tensor | None, operator: Any
    ) -> tuple[Tensor, Tensor]:
        N, S, H = h.shape
        rows, K = N * S, _filters(inputs, h, weight)
        by_gate = weight.view(-1, 4, H).transpose(0, 1).contiguous()
        recording = any(ctx.needs_input_grad)
        peepholes, kept = _peepholes(peephole), []

        def step(u: Tensor, states: States) -> States:
            joined = torch.cat([*_filtered(operator, states[0], K, N), u], dim=1)
            gates, *new = _step(torch.bmm(joined.expand(4, -1, -1), by_gate), states[1], peepholes)
            if recording:
                kept.extend([joined, gates, new[1]])
            return tuple(new)

        outs, (_, last) = scan_steps(step, inputs.flatten(0, 1).unbind(1), (h.view(rows, H), c.view(rows, H)))
        ctx.operator, ctx.filters = operator, K
        if recording:
            ctx.save_for_backward(inputs, h, c, weight, peephole, *kept)
        return torch.stack(outs, dim=1).view(N, S, len(outs), H), last.view(N, S, H)

    @staticmethod
    def backward(ctx: Any, grad_out: Tensor, grad_c: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors  # once: under checkpointing each may be unpacked only once
        given, steps = saved[:5], saved[5:]
        if wants_plain(grad_out, grad_c):
            plain = partial(plain_graph_lstm, ctx.operator)
            return *plain_gradients(plain, given, (grad_out, grad_c), ctx.needs_input_grad[:5]), None
        back = _Backward(ctx.operator, ctx.filters, given, ctx.needs_input_grad)
        dh, dc = torch.zeros_like(back.c), grad_c.reshape(back.c.shape).clone()
        shape, grads = given[1].shape, grad_out.unbind(2)
        for t in reversed(range(len(steps) // 3)):
            dh.view(shape).add_(grads[t])
            c_before = steps[3 * t - 1] if t else back.c
            dh = back.step(t, dh, dc, c_before, *steps[3 * t : 3 * t + 3])
        return back.inputs, dh.view(shape), dc.view(shape), back.weight, back.peephole, None


def _peepholes(peephole: Tensor | None) -> tuple[Tensor, Tensor] | None:
    """The weights of i and f, ``[2, 1, H]``, and those of o ``[H]``."""
    return None if peephole is None else (peephole[:2].unsqueeze(1), peephole[2])


def _step(gates: Tensor, c: Tensor, peepholes: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor, Tensor]:
    """`peephole_lstm` in place on gates ``[4, R, H]``: their values, and the new states ``[R, H]``."""
    i_f = gates[:2]
    i, f, g, o = gates.unbind()
    if peepholes is not None:
        i_f.addcmul_(peepholes[0], c)
    i_f.sigmoid_()
    g.tanh_()
    c = (f * c).addcmul_(i, g)
    if peepholes is not None:
        o.addcmul_(peepholes[1], c)
    o.sigmoid_()
    return gates, c.tanh().mul_(o), c


def _filtered(operator: SparseOperator, h: Tensor, K: int, N: int) -> list[Tensor]:
    """The Chebyshev terms of a state ``[R, H]``, each ``[R, H]``."""
    if K == 1:
        return [h]
    matrix = operator.matrix_of(h.dtype)
    terms = [h.view(N, -1), matrix @ h.view(N, -1)]
    for _ in range(2, K):
        terms.append(torch.addmm(terms[-2], matrix, terms[-1], beta=-1.0, alpha=2.0))
    return [term.view(h.shape) for term in terms]


def _filtered_backward(operator: SparseOperator, grads: list[Tensor], N: int) -> Tensor:
    """The gradient of a state from those of its Chebyshev terms, which are written over."""
    shape = grads[0].shape
    if len(grads) == 1:
        return grads[0]
    transposed = operator.matrix_of(grads[0].dtype, transposed=True)
    grads = [grad.view(N, -1) for grad in grads]
    for k in range(len(grads) - 1, 1, -1):
        grads[k - 1].addmm_(transposed, grads[k], alpha=2.0)
        grads[k - 2] -= grads[k]
    return grads[0].addmm_(transposed, grads[1]).view(shape)


class _Backward:
    """Gradients of everything but the states, added up while going back step by step."""

    def __init__(self, operator: SparseOperator, K: int, given: tuple[Tensor, ...], needed: tuple[bool, ...]) -> None:
        inputs, h, c, weight, peephole = given
        self.operator, self.nodes, self.channels = operator, h.size(0), h.size(2)
        self.c = c.view(-1, self.channels)
        self.w_i, self.w_f, self.w_o = (None,) * 3 if peephole is None else peephole.unbind()
        width = K * self.channels
        self.from_filters = [part.t() for part in weight[:width].split(self.channels)]
        self.from_inputs = weight[width:].t()
        self.inputs = torch.empty_like(inputs, memory_format=torch.contiguous_format) if needed[0] else None
        self.weight = torch.zeros_like(weight)
        self.peephole = None if peephole is None else torch.zeros_like(peephole)
        self.to_i_f, self.to_o = (None, None) if self.peephole is None else (self.peephole[:2], self.peephole[2])

    def step(
        self, t: int, dh: Tensor, dc: Tensor, c_before: Tensor, joined: Tensor, gates: Tensor, c: Tensor
    ) -> Tensor:
        """One step back: the gradient of the state before it; ``dc`` becomes that of the cell before it."""
        grads = self._gates(dh, dc, c_before, gates, c)
        rows = grads.transpose(0, 1).reshape(len(dh), -1)  # [R, 4H]
        self.weight.addmm_(joined.t(), rows)
        if self.inputs is not None:
            torch.mm(rows, self.from_inputs, out=self.inputs.flatten(0, 1)[:, t])
        return _filtered_backward(self.operator, [torch.mm(rows, part) for part in self.from_filters], self.nodes)

    def _gates(self, dh: Tensor, dc: Tensor, c_before: Tensor, gates: Tensor, c: Tensor) -> Tensor:
        """Gradients of the sums of all gates ``[4, R, H]``."""
        i, f, g, o = gates.unbind()
        grads = torch.empty_like(gates)
        to_i_f = grads[:2]
        to_i, to_f, to_g, to_o = grads.unbind()
        tanh_c = c.tanh()
        _sigmoid_backward(torch.mul(dh, tanh_c, out=to_o), o, grad_input=to_o)
        dc += _tanh_backward(torch.mul(dh, o, out=to_g), tanh_c, grad_input=to_g)
        if self.w_o is not None:
            dc.addcmul_(to_o, self.w_o)
        torch.mul(dc, g, out=to_i)
        torch.mul(dc, c_before, out=to_f)
        _sigmoid_backward(to_i_f, gates[:2], grad_input=to_i_f)
        _tanh_backward(torch.mul(dc, i, out=to_g), g, grad_input=to_g)
        dc *= f
        if self.w_o is not None:
            dc.addcmul_(to_i, self.w_i).addcmul_(to_f, self.w_f)
            self.to_i_f += (to_i_f * c_before).sum(1)
            self.to_o += torch.mul(to_o, c, out=tanh_c).sum(0)
        return grads
