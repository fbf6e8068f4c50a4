"""The N-ary Tree-LSTM on trees whose inner nodes have all their children, with a backward pass written by hand."""

from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from gnnseq.ops.by_hand import may_run, plain_gradients, wants_plain
from gnnseq.ops.full_trees import FullTrees
from gnnseq.ops.nary_cells import Gates, activate, cells, cells_backward, fold, is_zero

States = tuple[Tensor, Tensor, Tensor]


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
    x, w_x, weight, bias = inputs
    A, H = trees.arity, w_x.size(0) // 4
    x_leaf, x_inner = (linear(x.index_select(0, n), w_x, bias) for n in (trees.leaf_nodes, trees.inner_nodes))
    g, i, o, _ = x_leaf.split(H, dim=1)
    c = i.sigmoid() * g.tanh()
    done = [(o.sigmoid() * c.tanh(), c)]
    found = torch.empty_like(trees.order)  # where each row's state stands in what is done
    found[torch.cat([trees.leaves, trees.inner])] = torch.arange(len(x), device=x.device)
    for (size, first), inner in zip(trees.blocks, trees.split(x_inner), strict=True):
        below = found[first : first + A * size]
        h, c = (torch.cat(kind).index_select(0, below).view(size, A, H) for kind in zip(*done, strict=True))
        g, i, o, f = linear(h.flatten(1), weight).split([H, H, H, A * H], dim=1)
        x_g, x_i, x_o, x_f = inner.split(H, dim=1)
        f = (f.view(size, A, H) + x_f.unsqueeze(1)).sigmoid()
        c = (i + x_i).sigmoid() * (g + x_g).tanh() + (f * c).sum(1)
        done.append(((o + x_o).sigmoid() * c.tanh(), c))
    h, c = (torch.cat(kind).index_select(0, found) for kind in zip(*done, strict=True))
    last = len(x) - trees.num_roots
    return h.index_select(0, trees.place), h[last:], c[last:]


class _NaryLSTM(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, trees: FullTrees, *given: Any) -> States:
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
        """One block: of its nodes the gates, cells, features, rows and numbers; of their children all states."""
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
