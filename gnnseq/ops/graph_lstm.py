"""The recurrence of the GCRN, plain and with a backward pass written by hand."""

from typing import Any

import torch
from torch import Tensor

from gnnseq.ops.sparse import SparseOperator
from gnnseq.ops.spectral import chebyshev_terms
from gnnseq.ops.transforms import needs_plain_operations

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


def peephole_lstm(gates: Tensor, c: Tensor, peephole: Tensor | None) -> tuple[Tensor, Tensor]:
    """Gives h and c from the sums of all gates ``[..., 4H]``: i and f see the old cell, o the new one."""
    i, f, g, o = gates.chunk(4, dim=-1)
    if peephole is not None:
        w_i, w_f, w_o = peephole
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
    """Whether the hand-written pass can run: floats of one dtype, a constant operator, nothing that traces."""
    if needs_plain_operations() or torch.is_autocast_enabled(inputs.device.type):
        return False
    same = inputs.dtype == weight.dtype and inputs.dtype in (torch.float32, torch.float64)
    return same and (K == 1 or (operator.matrix is not None and operator.diagonal == 0.0))


def _filters(inputs: Tensor, h: Tensor, weight: Tensor) -> int:
    return (weight.size(0) - inputs.size(-1)) // h.size(-1)


def plain_graph_lstm(
    operator: SparseOperator, inputs: Tensor, h: Tensor, c: Tensor, weight: Tensor, peephole: Tensor | None
) -> tuple[Tensor, Tensor]:
    """`graph_lstm` in operations that autograd knows."""
    K = _filters(inputs, h, weight)
    outs = []
    for u in inputs.unbind(2):
        joined = torch.cat([*chebyshev_terms(operator, h, K), u], dim=-1)
        h, c = peephole_lstm(joined @ weight, c, peephole)
        outs.append(h)
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
        start, h, c = (h, c), h.view(rows, H), c.view(rows, H)
        outs, kept = [], []
        for u in inputs.flatten(0, 1).unbind(1):
            joined = torch.cat([*_filtered(operator, h, K, N), u], dim=1)
            gates, h, c = _step(torch.bmm(joined.expand(4, -1, -1), by_gate), c, peephole)
            outs.append(h.view(N, S, H))
            if recording:
                kept += [joined, gates, c]
        ctx.operator, ctx.filters = operator, K
        if recording:
            ctx.save_for_backward(inputs, *start, weight, peephole, *kept)
        return torch.stack(outs, dim=2), c.view(N, S, H)

    @staticmethod
    def backward(ctx: Any, grad_out: Tensor, grad_c: Tensor) -> tuple[Tensor | None, ...]:
        given = ctx.saved_tensors[:5]
        if torch.is_grad_enabled() or needs_plain_operations():
            return *_plain_gradients(ctx.operator, given, (grad_out, grad_c), ctx.needs_input_grad), None
        back = _Backward(ctx.operator, ctx.filters, given, ctx.needs_input_grad)
        steps = ctx.saved_tensors[5:]
        dh, dc = torch.zeros_like(back.c), grad_c.reshape(back.c.shape).clone()
        for t in reversed(range(len(steps) // 3)):
            dh += grad_out[:, :, t].reshape(dh.shape)
            c_before = steps[3 * t - 1] if t else back.c
            dh = back.step(t, dh, dc, c_before, *steps[3 * t : 3 * t + 3])
        shape = given[1].shape
        return back.inputs, dh.view(shape), dc.view(shape), back.weight, back.peephole, None


def _step(gates: Tensor, c: Tensor, peephole: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """`peephole_lstm` in place on gates ``[4, R, H]``: their values, and the new states ``[R, H]``."""
    i_f, g, o = gates.split([2, 1, 1])
    if peephole is not None:
        i_f.addcmul_(peephole[:2].unsqueeze(1), c)
    i_f.sigmoid_()
    g.tanh_()
    c = (i_f[1] * c).addcmul_(i_f[0], g[0])
    if peephole is not None:
        o.addcmul_(peephole[2], c)
    o.sigmoid_()
    return gates, c.tanh().mul_(o[0]), c


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
        self.c, self.w_peephole = c.view(-1, self.channels), peephole
        width = K * self.channels
        self.from_filters = [part.t() for part in weight[:width].split(self.channels)]
        self.from_inputs = weight[width:].t()
        self.inputs = torch.empty_like(inputs) if needed[0] else None
        self.weight = torch.zeros_like(weight)
        self.peephole = None if peephole is None else torch.zeros_like(peephole)

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
        i, f, g, o = gates
        grads = torch.empty_like(gates)
        tanh_c = c.tanh()
        _sigmoid_backward(torch.mul(dh, tanh_c, out=grads[3]), o, grad_input=grads[3])
        dc += _tanh_backward(torch.mul(dh, o, out=grads[0]), tanh_c, grad_input=grads[0])
        if self.w_peephole is not None:
            dc.addcmul_(grads[3], self.w_peephole[2])
        torch.mul(dc, g, out=grads[0])
        torch.mul(dc, c_before, out=grads[1])
        _sigmoid_backward(grads[:2], gates[:2], grad_input=grads[:2])
        _tanh_backward(torch.mul(dc, i, out=grads[2]), g, grad_input=grads[2])
        dc *= f
        if self.w_peephole is not None and self.peephole is not None:
            dc.addcmul_(grads[0], self.w_peephole[0]).addcmul_(grads[1], self.w_peephole[1])
            self.peephole[:2] += (grads[:2] * c_before).sum(1)
            self.peephole[2] += torch.mul(grads[3], c, out=tanh_c).sum(0)
        return grads


def _plain_gradients(
    operator: SparseOperator, given: tuple[Tensor, ...], grads: tuple[Tensor, Tensor], needed: tuple[bool, ...]
) -> list[Tensor | None]:
    """The same gradients by autograd, with derivatives of their own where autograd records now."""
    recording = torch.is_grad_enabled()
    with torch.enable_grad():
        inputs, h, c, weight, peephole = given if recording else _leaves(given, needed)
        outs = plain_graph_lstm(operator, inputs, h, c, weight, peephole)
        wanted = [t for t, need in zip((inputs, h, c, weight, peephole), needed, strict=False) if need]
        found = iter(torch.autograd.grad(outs, wanted, grads, create_graph=recording, allow_unused=True))
    return [next(found) if need else None for need in needed[:5]]


def _leaves(given: tuple[Tensor, ...], needed: tuple[bool, ...]) -> tuple[Tensor, ...]:
    return tuple(
        t.detach().requires_grad_() if need else t for t, need in zip(given, needed, strict=False)
    )
