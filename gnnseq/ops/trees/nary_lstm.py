"""The N-ary Tree-LSTM: level by level on any graphs, and on full trees with a backward pass written by hand."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from gnnseq.ops.by_hand import may_run, plain_gradients, wants_plain
from gnnseq.ops.scan import Children, States, scan_levels
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.trees.full_trees import FullTrees
from gnnseq.ops.trees.nary_cells import Gates, activate, cells, cells_backward, fold, is_zero

NodeStates = tuple[Tensor, Tensor, Tensor]
Step = Callable[[Tensor, Children | None, Tensor, Tensor], States]


class Inputs(NamedTuple):
    """Inputs and weights; gates in the order g, i, o, f, so that one sigmoid serves all but the first.

    Attributes:
        x: features of the nodes ``[N, F]``.
        w_x: weight of the features ``[4H, F]``.
        weight: of the children's outputs side by side ``[(3 + A) H, A H]``, with one f for each child.
        bias: ``[4H]``, or None.
    """

    x: Tensor
    w_x: Tensor
    weight: Tensor
    bias: Tensor | None


def nary_lstm(trees: FullTrees, inputs: Inputs) -> NodeStates:
    """States of all nodes of full trees.

    Returns:
        h of all nodes ``[N, H]``, in the order of the nodes; h and c of the last level, where the roots are.
    """
    if not may_run(*inputs):
        return plain_nary_lstm(trees, *inputs)
    states: NodeStates = _NaryLSTM.apply(trees, *inputs)  # type: ignore[no-untyped-call]
    return states


def plain_nary_lstm(trees: FullTrees, *inputs: Any) -> NodeStates:
    """`nary_lstm` in operations that autograd knows."""
    return scan_nary(trees.schedule, trees.edge_slot, Inputs(*inputs))


def scan_nary(
    schedule: Schedule, edge_slot: Tensor, inputs: Inputs, initial: States | None = None, step: Step | None = None
) -> NodeStates:
    """The N-ary Tree-LSTM on any graphs, level by level, in operations that autograd knows.

    Args:
        schedule: the order.
        edge_slot: place of each edge's source at its target ``[E]``.
        inputs: features and weights.
        initial: states ``(h, c)`` of each graph, each ``[G, H]``, read by its leaves as their first child.
        step: in place of `nary_step`, for code that watches every level.

    Returns:
        As `nary_lstm`.
    """
    x, w_x, weight, bias = inputs
    H = w_x.size(0) // 4
    run = nary_step if step is None else step
    slots = edge_slot[schedule.edge_order].split([len(level.child) for level in schedule.levels])

    def level_step(x: Tensor, children: Children | None, level: int) -> States:
        slot = slots[level] if children is None or level > 0 else torch.zeros_like(children.parent)
        return run(x, children, slot, weight)

    def project(x: Tensor, leaves: bool) -> Tensor:
        own = linear(x, w_x, bias)
        if leaves and initial is None:
            return own
        return torch.cat([own, *[own[:, 3 * H :]] * (weight.size(1) // H - 1)], dim=1)  # one f for each child

    done, (h, c) = scan_levels(schedule, level_step, x, initial, project)
    return torch.cat([states[0] for states in done]).index_select(0, schedule.scan_place), h, c


def nary_step(x: Tensor, children: Children | None, slot: Tensor, weight: Tensor) -> States:
    """States h and c of one level.

    Args:
        x: projected features of the gates: ``[n, (3 + A) H]``, or ``[n, 4H]`` without children.
        children: the states that flow in; None where there are none.
        slot: place of each of them at its parent ``[E_l]``.
        weight: of the children's outputs, as in `Inputs`.
    """
    if children is None:
        g, i, o, _ = x.chunk(4, dim=1)
        c = i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c
    H = children.states[0].size(1)
    A = weight.size(1) // H
    place = children.parent * A + slot
    h, c_child = (state.new_zeros(len(x) * A, H).index_add(0, place, state) for state in children.states)
    g, others = torch.addmm(x, h.view(len(x), A * H), weight.t()).split([H, (2 + A) * H], dim=1)
    i, o, f = others.sigmoid().split([H, H, A * H], dim=1)
    c = i * g.tanh() + (f * c_child.view(len(x), A * H)).view(len(x), A, H).sum(1)
    return o * c.tanh(), c


class _NaryLSTM(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, trees: FullTrees, *given: Any) -> NodeStates:
        x, w_x, weight, bias = given
        H = w_x.size(0) // 4
        h, c = (x.new_empty(len(x), H) for _ in range(2))
        x_leaf, x_inner = (x.index_select(0, nodes) for nodes in (trees.leaf_nodes, trees.inner_nodes))
        leaf = _leaves(trees, x_leaf, w_x[: 3 * H], None if bias is None else bias[: 3 * H], h, c)
        if is_zero(x_inner):
            x_inner = None
        gates, tanh_c = (x.new_empty(len(trees.inner), size) for size in (weight.size(0), H))
        compute = Gates(w_x, weight, bias)
        of_nodes = (trees.split(part) for part in (gates, tanh_c, x_inner, trees.inner))
        of_children = (trees.children(state) for state in (h, c))
        for gate, cell, features, rows, h_child, c_child in zip(*of_nodes, *of_children, strict=True):
            compute.write(gate, features, h_child.flatten(1))
            cells(gate, c_child, out=cell)
            c.index_copy_(0, rows, cell)
            h.index_copy_(0, rows, cell.tanh_() * gate[:, 2 * H : 3 * H])
        ctx.trees = trees
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*given, x_leaf, x_inner, leaf, gates, tanh_c, h, c)
        last = len(x) - trees.num_roots
        return h.index_select(0, trees.place), h[last:].clone(), c[last:].clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        x, w_x, weight, bias, x_leaf, x_inner, leaf, gates, tanh_c, h, c = ctx.saved_tensors
        trees, inputs = ctx.trees, Inputs(x, w_x, weight, bias)
        if wants_plain(*grads):
            return None, *plain_gradients(partial(plain_nary_lstm, trees), inputs, grads, ctx.needs_input_grad[1:])
        back = _Backward(trees, inputs, grads, h, ctx.needs_input_grad[1])
        of_nodes = (trees.split(part) for part in (gates, tanh_c, x_inner, trees.inner, trees.inner_nodes))
        of_children = (trees.children(part) for part in (h, c, back.dh, back.dc))
        for block in reversed([*zip(*of_nodes, *of_children, strict=True)]):
            back.block(*block)
        back.leaves(x_leaf, leaf)
        return None, back.x, back.w_x, back.weight, None if bias is None else fold(back.biases, leaf.size(1) // 3)[0]


def _leaves(trees: FullTrees, x: Tensor, weight: Tensor, bias: Tensor | None, h: Tensor, c: Tensor) -> Tensor:
    """Writes the states of the leaves; their gates ``[L, 3H]``."""
    H = h.size(1)
    gates = linear(x, weight, bias)
    activate(gates, H)
    g, i, o = gates.split(H, dim=1)
    cell = i * g
    c.index_copy_(0, trees.leaves, cell)
    h.index_copy_(0, trees.leaves, cell.tanh_().mul_(o))
    return gates


class _Backward:
    """Gradients of the states, the features and the weights, level by level from the roots."""

    def __init__(
        self, trees: FullTrees, inputs: Inputs, grads: tuple[Tensor | None, ...], h: Tensor, features: bool
    ) -> None:
        self.trees, self.inputs = trees, inputs
        grad, *last = grads
        self.beta = 0 if grad is None else 1
        self.dh = torch.empty_like(h) if grad is None else grad.index_select(0, trees.order)
        self.dc = torch.empty_like(h)  # a child's is written by its parent
        dh, dc = (state[len(h) - trees.num_roots :] for state in (self.dh, self.dc))
        dc.zero_()
        if grad is None:
            dh.zero_()
        for state, found in zip((dh, dc), last, strict=True):
            if found is not None:
                state += found
        self.weight, self.w_x = torch.zeros_like(inputs.weight), torch.zeros_like(inputs.w_x)
        self.biases = h.new_zeros(1, len(inputs.weight))
        self.x = torch.empty_like(inputs.x) if features else None
        self.buffer = h.new_empty(max(trees.sizes, default=0), len(inputs.weight))

    def block(
        self,
        gates: Tensor,
        tanh_c: Tensor,
        x: Tensor | None,
        rows: Tensor,
        nodes: Tensor,
        h: Tensor,
        c: Tensor,
        dh: Tensor,
        dc: Tensor,
    ) -> None:
        """One block, from gates, cells, features, rows and numbers of its nodes, and the states of their children."""
        H, grads = c.size(2), self.buffer[: len(gates)]
        own = cells_backward(
            self.dh.index_select(0, rows), self.dc.index_select(0, rows), tanh_c, gates, grads, children=c
        )
        dh.flatten(1).addmm_(grads, self.inputs.weight, beta=self.beta)
        torch.mul(gates[:, 3 * H :].unflatten(1, c.shape[1:]), own.unsqueeze(1), out=dc)
        self.weight.addmm_(grads.t(), h.flatten(1))
        self.biases += grads.sum(0)
        if x is not None or self.x is not None:
            grads = fold(grads, H)
        if x is not None:
            self.w_x.addmm_(grads.t(), x)
        if self.x is not None:
            self.x.index_copy_(0, nodes, grads @ self.inputs.w_x)

    def leaves(self, x: Tensor, gates: Tensor) -> None:
        """All leaves at once, from their features and gates."""
        H, rows = self.dh.size(1), self.trees.leaves
        grads, tanh_c = torch.empty_like(gates), (gates[:, :H] * gates[:, H : 2 * H]).tanh_()
        cells_backward(self.dh.index_select(0, rows), self.dc.index_select(0, rows), tanh_c, gates, grads)
        self.w_x[: 3 * H].addmm_(grads.t(), x)
        self.biases[0, : 3 * H] += grads.sum(0)
        if self.x is not None:
            self.x.index_copy_(0, self.trees.leaf_nodes, grads @ self.inputs.w_x[: 3 * H])
