"""The N-ary Tree-LSTM on trees whose inner nodes have all their children, with a backward pass written by hand."""

from functools import cached_property, partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from gnnseq.ops.by_hand import may_run, plain_gradients, wants_plain
from gnnseq.ops.schedule import Schedule

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class FullTrees:
    """Where the children of each inner node stand, for trees in which each has a child in every place.

    Rows are numbered in the order of the levels (``schedule.order``).

    Args:
        schedule: of a forest.
        child: for each level the places in the level before of all children, by parent and then by place.
        arity: children of an inner node.
    """

    def __init__(self, schedule: Schedule, child: list[Tensor], arity: int) -> None:
        self.schedule, self.arity = schedule, arity
        self.spans: list[tuple[int, int]] = []  # rows of the inner nodes of each level
        self.children: list[Tensor] = []
        first = before = 0
        for level, places in zip(schedule.levels, child, strict=True):
            self.spans.append((first, first + level.size - level.leaves))
            self.children.append(places + before)
            before, first = first, first + level.size

    @cached_property
    def leaves(self) -> Tensor:
        """Rows of the leaves, in the order of ``schedule.scan_order``."""
        return self.schedule.inverse_order[self.schedule.scan_order[: self.sizes[0]]]

    def steps(self) -> list[tuple[slice, slice, Tensor]]:
        """Of each level with inner nodes: their rows, their places among all inner nodes, and their children's rows."""
        found, first = [], 0
        for (start, stop), child in zip(self.spans, self.children, strict=True):
            if stop > start:
                found.append((slice(start, stop), slice(first, first + stop - start), child))
                first += stop - start
        return found

    @property
    def last(self) -> int:
        """First row of the last level."""
        return self.schedule.num_nodes - self.schedule.levels[-1].size

    @cached_property
    def sizes(self) -> list[int]:
        """Numbers of leaves and of inner nodes."""
        leaves = sum(level.leaves for level in self.schedule.levels)
        return [leaves, self.schedule.num_nodes - leaves]


States = tuple[Tensor, Tensor, Tensor]


class Inputs(NamedTuple):
    """Inputs and weights of full trees; gates in the order i, o, f, g, so that one sigmoid serves all but the last.

    Attributes:
        leaf: features of the leaves ``[L, F]``, in the order of ``schedule.scan_order``.
        inner: features of the inner nodes ``[M, F]``, in the same order.
        w_leaf: weight of the leaves' features, for i, o, g ``[3H, F]``.
        w_inner: weight of the inner nodes' features, for i, o, f, g ``[4H, F]``.
        weight: of the children's outputs side by side ``[A H, (3 + A) H]``, one f for each child.
        b_leaf: bias ``[3H]``, or None.
        b_inner: bias ``[4H]``, or None.
    """

    leaf: Tensor
    inner: Tensor
    w_leaf: Tensor
    w_inner: Tensor
    weight: Tensor
    b_leaf: Tensor | None
    b_inner: Tensor | None


def nary_lstm(trees: FullTrees, inputs: Inputs) -> States:
    """States of all nodes of full trees.

    Returns:
        h of all nodes ``[N, H]``, in the order of the nodes; h and c of the last level, where the roots are.
    """
    if not may_run(*inputs):
        return plain_nary_lstm(trees, *inputs)
    states: States = _NaryLSTM.apply(trees, *inputs)  # type: ignore[no-untyped-call]
    return states


def plain_nary_lstm(trees: FullTrees, *inputs: Any) -> States:
    """`nary_lstm` in operations that autograd knows."""
    leaf, inner, w_leaf, w_inner, weight, b_leaf, b_inner = inputs
    leaf, inner = linear(leaf, w_leaf, b_leaf), linear(inner, w_inner, b_inner)
    A, H = trees.arity, leaf.size(1) // 3
    i, o, g = leaf.split(H, dim=1)
    c = i.sigmoid() * g.tanh()
    first = 0
    done = [(o.sigmoid() * c.tanh(), c)]
    rows = torch.empty_like(trees.schedule.order)
    rows[trees.leaves] = torch.arange(len(leaf), device=leaf.device)
    for (start, stop), child in zip(trees.spans, trees.children, strict=True):
        h, c = (torch.cat(kind) for kind in zip(*done, strict=True))
        h, c = (state.index_select(0, rows[child]).view(-1, A, H) for state in (h, c))
        x = inner[first : first + stop - start]
        i, o, f, g = (h.flatten(1) @ weight).split([H, H, A * H, H], dim=1)
        x_i, x_o, x_f, x_g = x.split(H, dim=1)
        f = (f.view(-1, A, H) + x_f.unsqueeze(1)).sigmoid()
        c = (i + x_i).sigmoid() * (g + x_g).tanh() + (f * c).sum(1)
        done.append(((o + x_o).sigmoid() * c.tanh(), c))
        rows[start:stop] = torch.arange(stop - start, device=leaf.device) + len(leaf) + first
        first += stop - start
    h, c = (torch.cat(kind).index_select(0, rows) for kind in zip(*done, strict=True))
    return h.index_select(0, trees.schedule.inverse_order), h[trees.last :], c[trees.last :]


class _NaryLSTM(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, trees: FullTrees, *given: Any) -> States:
        inputs = Inputs(*given)
        leaf = linear(inputs.leaf, inputs.w_leaf, inputs.b_leaf)
        H = leaf.size(1) // 3
        h, c = (leaf.new_empty(trees.schedule.num_nodes, H) for _ in range(2))
        leaf[:, : 2 * H].sigmoid_()
        leaf[:, 2 * H :].tanh_()
        leaf_c = leaf[:, :H] * leaf[:, 2 * H :]
        c.index_copy_(0, trees.leaves, leaf_c)
        h.index_copy_(0, trees.leaves, leaf_c.tanh_().mul_(leaf[:, H : 2 * H]))
        gates = leaf.new_empty(len(inputs.inner), inputs.weight.size(1))
        for here, rows, child in trees.steps():
            x = linear(inputs.inner[rows], inputs.w_inner, inputs.b_inner)
            _level(trees.arity, h, c, child, here, x, inputs.weight, gates[rows])
        ctx.trees = trees
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*given, leaf, gates, h, c)
        return h.index_select(0, trees.schedule.inverse_order), h[trees.last :].clone(), c[trees.last :].clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        *given, leaf, gates, h, c = ctx.saved_tensors
        if wants_plain(*grads):
            plain = partial(plain_nary_lstm, ctx.trees)
            return None, *plain_gradients(plain, given, grads, ctx.needs_input_grad[1:])
        trees, inputs = ctx.trees, Inputs(*given)
        back = _Backward(trees, h, c, grads, inputs, ctx.needs_input_grad[2])
        for here, rows, child in reversed(trees.steps()):
            back.level(here, rows, child, gates[rows])
        dh, dc, leaf_c = (state.index_select(0, trees.leaves) for state in (back.dh, back.dc, c))
        to_leaf = _leaf_backward(dh, dc, leaf_c, leaf)
        leaf_x = to_leaf @ inputs.w_leaf if ctx.needs_input_grad[1] else None
        b_leaf = None if inputs.b_leaf is None else to_leaf.sum(0)
        return None, leaf_x, back.inner, to_leaf.t() @ inputs.leaf, back.w_inner, back.weight, b_leaf, back.b_inner


def _level(
    A: int, h: Tensor, c: Tensor, child: Tensor, here: slice, inputs: Tensor, weight: Tensor, gates: Tensor
) -> None:
    """Writes gates and states of the inner nodes of a level in place."""
    H = h.size(1)
    torch.mm(h.index_select(0, child).view(-1, A * H), weight, out=gates)
    i_o, f, g = gates.split([2 * H, A * H, H], dim=1)
    x_i_o, x_f, x_g = inputs.split([2 * H, H, H], dim=1)
    f = f.unflatten(1, (A, H))
    i_o += x_i_o
    f += x_f.unsqueeze(1)
    g += x_g
    gates[:, :-H].sigmoid_()
    g.tanh_()
    i, o = i_o.split(H, dim=1)
    new_c = torch.sum(c.index_select(0, child).view(-1, A, H).mul_(f), 1, out=c[here]).addcmul_(i, g)
    torch.tanh(new_c, out=h[here]).mul_(o)


class _Backward:
    """Gradients of all states, of the inner nodes' inputs and of the weight, level by level from the roots."""

    def __init__(
        self, trees: FullTrees, h: Tensor, c: Tensor, grads: tuple[Tensor | None, ...], inputs: Inputs, features: bool
    ) -> None:
        self.A, self.h, self.c, self.inputs = trees.arity, h, c, inputs
        grad_h, last_h, last_c = grads
        self.dh = torch.zeros_like(h) if grad_h is None else grad_h.index_select(0, trees.schedule.order)
        self.dc = torch.zeros_like(c)
        for state, grad in ((self.dh, last_h), (self.dc, last_c)):
            if grad is not None:
                state[trees.last :] += grad
        self.weight, self.w_inner = torch.zeros_like(inputs.weight), torch.zeros_like(inputs.w_inner)
        self.b_inner = None if inputs.b_inner is None else torch.zeros_like(inputs.b_inner)
        self.inner = torch.empty_like(inputs.inner) if features else None

    def level(self, here: slice, rows: slice, child: Tensor, gates: Tensor) -> None:
        """One level, whose states stand at ``here`` and whose inputs at ``rows``."""
        A, H = self.A, self.h.size(1)
        i_o, f, g = gates.split([2 * H, A * H, H], dim=1)
        grads = torch.empty_like(gates)
        to_i_o, to_f, to_g = grads.split([2 * H, A * H, H], dim=1)
        own = self._cells(here, child, (*i_o.split(H, dim=1), g), (*to_i_o.split(H, dim=1), to_f))
        _sigmoid_backward(grads[:, :-H], gates[:, :-H], grad_input=grads[:, :-H])
        _tanh_backward(torch.mul(own, i_o[:, :H], out=to_g), g, grad_input=to_g)
        self.weight.addmm_(self.h.index_select(0, child).view(-1, A * H).t(), grads)
        self.dh.index_add_(0, child, (grads @ self.inputs.weight.t()).view(-1, H))
        self.dc.index_add_(0, child, (f.unflatten(1, (A, H)) * own.unsqueeze(1)).view(-1, H))
        first_f, *other_f = to_f.split(H, dim=1)
        for place in other_f:
            first_f += place
        self._features(torch.cat([to_i_o, first_f, to_g], dim=1), rows)

    def _features(self, grads: Tensor, rows: slice) -> None:
        """What a level's inputs and their weights get."""
        self.w_inner.addmm_(grads.t(), self.inputs.inner[rows])
        if self.b_inner is not None:
            self.b_inner += grads.sum(0)
        if self.inner is not None:
            torch.mm(grads, self.inputs.w_inner, out=self.inner[rows])

    def _cells(self, here: slice, child: Tensor, values: tuple[Tensor, ...], grads: tuple[Tensor, ...]) -> Tensor:
        """The gradient of a level's cells; writes what gates i, o and f get before their sigmoid's derivative."""
        (_, o, g), (to_i, to_o, to_f) = values, grads
        tanh_c, dh, dc = self.c[here].tanh(), self.dh[here], self.dc[here]
        torch.mul(dh, tanh_c, out=to_o)
        dc += torch.ops.aten.tanh_backward(dh * o, tanh_c)
        torch.mul(dc, g, out=to_i)
        children = self.c.index_select(0, child).view(-1, self.A, self.h.size(1))
        torch.mul(children, dc.unsqueeze(1), out=to_f.unflatten(1, children.shape[1:]))
        return dc


def _leaf_backward(dh: Tensor, dc: Tensor, c: Tensor, gates: Tensor) -> Tensor:
    """Gradients of the leaves' inputs ``[L, 3H]``."""
    H = dh.size(1)
    i, o, g = gates.split(H, dim=1)
    grads, tanh_c = torch.empty_like(gates), c.tanh()
    dc += torch.ops.aten.tanh_backward(dh * o, tanh_c)
    torch.mul(dc, g, out=grads[:, :H])
    torch.mul(dh, tanh_c, out=grads[:, H : 2 * H])
    _sigmoid_backward(grads[:, : 2 * H], gates[:, : 2 * H], grad_input=grads[:, : 2 * H])
    _tanh_backward(torch.mul(dc, i, out=grads[:, 2 * H :]), g, grad_input=grads[:, 2 * H :])
    return grads
