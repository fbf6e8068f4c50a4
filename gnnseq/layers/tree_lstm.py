"""The two Tree-LSTMs of Tai et al. 2015."""

from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from gnnseq.layers.cells import RecurrentCell, in_kernel_dtype
from gnnseq.layers.checks import check_sizes
from gnnseq.layers.edge_values import EdgeValueLSTM
from gnnseq.layers.interop import check_child_sum, load_child_sum
from gnnseq.layers.recurrent import LSTM
from gnnseq.ops.scan import Children, States
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.transforms import is_captured, require
from gnnseq.ops.trees.full_trees import FullTrees
from gnnseq.ops.trees.nary_lstm import Inputs, nary_lstm, nary_step, scan_nary


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


class NaryCell(RecurrentCell):
    """One layer of a `NaryTreeLSTM` in one direction.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H.
        bias: whether gates have a bias.
        arity: number of places for children, A.
    """

    states = 2

    def __init__(self, in_channels: int, out_channels: int, bias: bool, arity: int) -> None:
        H = out_channels
        super().__init__(in_channels, H, False, 4 * H)
        self.arity = arity
        self.weight_igo = nn.Parameter(torch.empty(arity, 3 * H, H))
        self.weight_f = nn.Parameter(torch.empty(arity, arity, H, H))
        self.bias = nn.Parameter(torch.empty(4 * H)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        r"""Draws every weight from :math:`U(-1/\sqrt H, 1/\sqrt H)`."""
        bound = self.out_channels**-0.5
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)

    def forward(  # type: ignore[override]
        self, x: Tensor, schedule: Schedule, initial: States | None, fused: bool, edge_slot: Tensor
    ) -> tuple[Tensor, States]:
        """By the backward pass written by hand on full trees, level by level elsewhere."""
        replaced = not fused or edge_slot.is_meta or "step" in vars(self)  # by code that watches every level
        replaced = replaced or is_captured()
        trees = None if replaced or initial is not None else FullTrees.of(schedule, edge_slot, self.arity)
        if trees is None:
            out, h, c = scan_nary(schedule, edge_slot, self._inputs(x), in_kernel_dtype(initial), self.step)
        else:
            out, h, c = nary_lstm(trees, self._inputs(x))
        return out, (schedule.at_last(h), schedule.at_last(c))

    def _inputs(self, x: Tensor) -> Inputs:
        """Features and weights, with the gates in the order of `gnnseq.ops.trees.nary_lstm`."""
        H, A = self.out_channels, self.arity
        i, f, g, o = self.weight_ih.split(H)
        bias = None
        if self.bias is not None:
            b_i, b_f, b_g, b_o = self.bias.split(H)
            bias = torch.cat([b_g, b_i, b_o, b_f])
        w_i, w_g, w_o = self.weight_igo.transpose(0, 1).split(H)  # [H, A, H]
        w_f = self.weight_f.transpose(1, 2).reshape(A * H, A, H)
        return Inputs(x, torch.cat([g, i, o, f]), torch.cat([w_g, w_i, w_o, w_f]).flatten(1), bias)

    def step(self, x: Tensor, children: Children | None, slot: Tensor, weight: Tensor) -> States:
        """One level; see `gnnseq.ops.trees.nary_lstm.nary_step`."""
        return nary_step(x, children, slot, weight)


class NaryTreeLSTM(EdgeValueLSTM):
    r"""The N-ary Tree-LSTM, whose children have places: a first, a second, and so on to N.

    .. math::
        i, g, o &= \sigma, \tanh, \sigma(W_{i,g,o} x_v + \textstyle\sum_l U_{i,g,o}^{(l)} h_l + b_{i,g,o}) \\
        f_k &= \sigma(W_f x_v + \textstyle\sum_l U_f^{(k l)} h_l + b_f) \\
        c_v &= i \odot g + \textstyle\sum_k f_k \odot c_k, \qquad h_v = o \odot \tanh(c_v)

    (Tai et al. 2015, https://arxiv.org/abs/1503.00075, equations 9 to 14; g is the paper's u.) Off-diagonal
    :math:`U_f^{(kl)}` let one child decide what is forgotten of another. A missing child is zero. With N = 1 on a path
    it is the LSTM. The authors' code departs from their equations (no gates at the leaves, no input at inner nodes);
    this layer follows the equations.

    It has :math:`4nd + (3N + N^2) n^2 + 4n` weights for d inputs and n outputs. Against the edges a node reads each of
    its parents by the weights of the place that it has there.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H.
        arity: number of places for children, N.
        bias: whether gates have a bias.
        num_layers: layers, each reading the one below.
        bidirectional: whether a second recurrence runs against the edges, from the roots to the leaves.

    Attributes:
        fused: whether the backward pass written by hand may run where every inner node has all its children (see
            `gnnseq.ops.trees.nary_lstm`). Other cases run level by level automatically.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]`` from child to parent, or a `Schedule`; not a sparse matrix, whose edges have an
          order of their own
        - **edge_slot:** ``[E]``, the place of each edge's child at its parent, from 0
        - **state:** a pair ``(h, c)``, each ``[num_layers * directions, G, H]``, read by the leaves of each graph as
          their first child
        - **output:** ``[N, directions * H]``, and ``(h, c)`` of every graph's root in the shape of ``state``

    Raises:
        TypeError: for edges or places that are no tensor.
        ValueError: for a cycle, a node out of range, a place outside the arity, two children in one place (both name
            the node; if bidirectional, also two parents that have a node in the same place), a sparse matrix, or shapes
            and dtypes that do not fit.
    """

    cell_type = NaryCell
    value_name = "edge_slot"
    value_reason = "the arity is"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        arity: int = 2,
        bias: bool = True,
        num_layers: int = 1,
        bidirectional: bool = False,
    ) -> None:
        check_sizes(in_channels=in_channels, out_channels=out_channels, arity=arity)
        super().__init__(in_channels, out_channels, num_layers, bias, bidirectional=bidirectional, arity=arity)
        self.arity = arity

    @property
    def num_values(self) -> int:
        """The arity."""
        return self.arity

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{super().extra_repr()}, arity={self.arity}"

    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_slot: Tensor,
        state: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs the recurrence; see the class for shapes."""
        return self._run_on_edges(x, edge_index, edge_slot, state)

    def _check_values(self, edge_index: Tensor, values: Tensor) -> None:
        super()._check_values(edge_index, values)
        if values.is_meta:
            return
        self._check_places(edge_index[1], values, "gives node {} two children in place {}, expected one")
        if self.bidirectional:
            message = "makes node {} the child in place {} of two parents, expected one parent, or one direction"
            self._check_places(edge_index[0], values, message)

    def _check_places(self, nodes: Tensor, edge_slot: Tensor, message: str) -> None:
        ordered = (nodes * self.arity + edge_slot).sort().values
        if is_captured():
            require((ordered[1:] > ordered[:-1]).all(), "edge_slot " + message.format("some", "some"))
            return
        twice = ordered[1:][ordered[1:] == ordered[:-1]]
        if twice.numel():
            raise ValueError("edge_slot " + message.format(*divmod(int(twice[0]), self.arity)))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        """Also loads state dicts with the names of weights from before layers and directions."""
        for name in ("weight_ih", "weight_igo", "weight_f", "bias"):
            if prefix + name in state_dict:
                state_dict[f"{prefix}cells.0.{name}"] = state_dict.pop(prefix + name)
        super()._load_from_state_dict(state_dict, prefix, *args)
