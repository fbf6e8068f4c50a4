"""The two Tree-LSTMs of Tai et al. 2015."""

from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from torch_geometric.utils import is_sparse

from gnnseq.layers.cells import in_kernel_dtype, schedule_of
from gnnseq.layers.checks import check_dtype, check_sizes, check_states
from gnnseq.layers.edge_mask import NoEdgeMask
from gnnseq.layers.interop import check_child_sum, load_child_sum
from gnnseq.layers.recurrent import LSTM
from gnnseq.ops.full_trees import FullTrees
from gnnseq.ops.nary_lstm import Inputs, nary_lstm, nary_step, scan_nary
from gnnseq.ops.scan import Children, States
from gnnseq.ops.transforms import is_recorded, uncompiled


class ChildSumTreeLSTM(LSTM):
    """The child-sum Tree-LSTM under its paper's name; the equations and everything else are those of `LSTM`.

    A node adds up its children's outputs and keeps one forget gate for each child, so children have no order
    (Tai et al. 2015, https://arxiv.org/abs/1503.00075, equations 2 to 8).
    """

    @classmethod
    def from_child_sum(cls, module: nn.Module) -> Self:
        """A layer with the weights of a module laid out as in the literature.

        That is linear layers ``W_iou``, ``U_iou``, ``W_f``, ``U_f`` with gates in the order i, o, u, and biases in any
        of them or beside them as ``b_iou`` and ``b_f``. Where ``W_f`` is missing, as in DGL's example, it is zero; it
        is trained with the rest. The layer has the module's mode, dtype, device and frozen weights.

        Raises:
            TypeError: without those linear layers.
            ValueError: for shapes that do not fit, as those of an N-ary cell, or weights of which some are frozen.
        """
        in_channels, out_channels = check_child_sum(module)
        layer = cls(in_channels, out_channels).to(cast(nn.Linear, module.W_iou).weight)
        load_child_sum(layer._cells[0], module)
        return layer.train(module.training)


class NaryTreeLSTM(nn.Module):
    r"""The N-ary Tree-LSTM, whose children have places: a first, a second, and so on to N.

    .. math::
        i, g, o &= \sigma, \tanh, \sigma(W_{i,g,o} x_v + \textstyle\sum_l U_{i,g,o}^{(l)} h_l + b_{i,g,o}) \\
        f_k &= \sigma(W_f x_v + \textstyle\sum_l U_f^{(k l)} h_l + b_f) \\
        c_v &= i \odot g + \textstyle\sum_k f_k \odot c_k, \qquad h_v = o \odot \tanh(c_v)

    (Tai et al. 2015, https://arxiv.org/abs/1503.00075, equations 9 to 14; g is the paper's u.) Off-diagonal
    :math:`U_f^{(kl)}` let one child decide what is forgotten of another. A missing child is zero. With N = 1 on a path
    it is the LSTM. The authors' code departs from their equations (no gates at the leaves, no input at inner nodes);
    this layer follows the equations.

    It has :math:`4nd + (3N + N^2) n^2 + 4n` weights for d inputs and n outputs.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H.
        arity: number of places for children, N.
        bias: whether gates have a bias.

    Attributes:
        fused: whether the backward pass written by hand may run where every inner node has all its children (see
            `gnnseq.ops.nary_lstm`). What it cannot do goes level by level by itself.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]`` from child to parent, or a `Schedule`; not a sparse matrix, whose edges have an
          order of their own
        - **edge_slot:** ``[E]``, the place of each edge's child at its parent, from 0
        - **state:** a pair ``(h, c)`` of ``[G, H]``, read by the leaves of each graph as their first child
        - **output:** ``[N, H]``, and ``(h, c)`` of every graph's root, each ``[G, H]``

    Raises:
        TypeError: for edges or places that are no tensor.
        ValueError: for a cycle, a node out of range, a place outside the arity, two children in one place (both name
            the node), a sparse matrix, or shapes and dtypes that do not fit.
    """

    fused: bool = True

    def __init__(self, in_channels: int, out_channels: int, arity: int = 2, bias: bool = True) -> None:
        super().__init__()
        check_sizes(in_channels=in_channels, out_channels=out_channels, arity=arity)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.arity = arity
        self.edge_mask = NoEdgeMask()
        H = out_channels
        self.weight_ih = nn.Parameter(torch.empty(4 * H, in_channels))
        self.weight_igo = nn.Parameter(torch.empty(arity, 3 * H, H))
        self.weight_f = nn.Parameter(torch.empty(arity, arity, H, H))
        self.bias = nn.Parameter(torch.empty(4 * H)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        r"""Draws every weight from :math:`U(-1/\sqrt H, 1/\sqrt H)`."""
        bound = self.out_channels**-0.5
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{self.in_channels}, {self.out_channels}, arity={self.arity}"

    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_slot: Tensor,
        state: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs the recurrence; see the class for shapes."""
        self.edge_mask.refuse(self)
        if torch.compiler.is_dynamo_compiling():
            out, (h, c) = uncompiled(self.forward, x, edge_index, edge_slot, state)
            return out, (h, c)
        if is_recorded():
            raise ValueError(
                "edge_slot is read under torch.jit.trace or torch.export, which would keep these places for all other "
                "graphs, expected a call outside of them"
            )
        if is_sparse(edge_index):
            raise ValueError(
                "edge_index is a sparse matrix, which puts its edges in an order of its own, expected edges [2, E] in "
                "the order of edge_slot"
            )
        schedule = schedule_of(edge_index, x, self.weight_ih)
        self._check_slots(schedule.edge_index, edge_slot)
        if state is not None:
            check_states(state, 2, [schedule.num_graphs, self.out_channels], self.weight_ih.device)
            for kind in state:
                check_dtype(kind, self.weight_ih, "state")
        replaced = not self.fused or edge_slot.is_meta or "_step" in vars(self)  # by code that watches every level
        trees = None if replaced or state is not None else FullTrees.of(schedule, edge_slot, self.arity)
        if trees is None:
            out, h, c = scan_nary(schedule, edge_slot, self._inputs(x), in_kernel_dtype(state), self._step)
        else:
            out, h, c = nary_lstm(trees, self._inputs(x))
        return out, (schedule.at_last(h), schedule.at_last(c))

    def _check_slots(self, edge_index: Tensor, edge_slot: Tensor) -> None:
        if not isinstance(edge_slot, Tensor):
            raise TypeError(f"edge_slot is a {type(edge_slot).__name__}, expected a tensor [{edge_index.size(1)}]")
        if edge_slot.shape != (edge_index.size(1),):
            raise ValueError(f"edge_slot has shape {list(edge_slot.shape)}, expected [{edge_index.size(1)}]")
        if edge_slot.dtype != torch.long:
            raise ValueError(f"edge_slot has dtype {edge_slot.dtype}, expected torch.int64")
        if edge_slot.is_meta:
            return
        outside = (edge_slot < 0) | (edge_slot >= self.arity)
        if bool(outside.any()):
            edge = int(outside.nonzero()[0])
            raise ValueError(
                f"edge_slot[{edge}] is {int(edge_slot[edge])} at node {int(edge_index[1, edge])}, "
                f"expected 0 to {self.arity - 1}: the arity is {self.arity}"
            )
        place = edge_index[1] * self.arity + edge_slot
        ordered = place.sort().values
        twice = ordered[1:][ordered[1:] == ordered[:-1]]
        if twice.numel():
            node, slot = divmod(int(twice[0]), self.arity)
            raise ValueError(f"edge_slot gives node {node} two children in place {slot}, expected one")

    def _inputs(self, x: Tensor) -> Inputs:
        """Features and weights, with the gates in the order of `gnnseq.ops.nary_lstm`."""
        H, A = self.out_channels, self.arity
        i, f, g, o = self.weight_ih.split(H)
        bias = None
        if self.bias is not None:
            b_i, b_f, b_g, b_o = self.bias.split(H)
            bias = torch.cat([b_g, b_i, b_o, b_f])
        w_i, w_g, w_o = self.weight_igo.transpose(0, 1).split(H)  # [H, A, H]
        w_f = self.weight_f.transpose(1, 2).reshape(A * H, A, H)
        return Inputs(x, torch.cat([g, i, o, f]), torch.cat([w_g, w_i, w_o, w_f]).flatten(1), bias)

    def _step(self, x: Tensor, children: Children | None, slot: Tensor, weight: Tensor) -> States:
        return nary_step(x, children, slot, weight)
