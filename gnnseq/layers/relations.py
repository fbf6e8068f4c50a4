"""The child-sum Tree-LSTM with a relation at every edge."""

from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.layers.cells import LSTMCell
from gnnseq.layers.checks import check_sizes
from gnnseq.layers.edge_values import EdgeValueLSTM
from gnnseq.ops.scan import Children, States
from gnnseq.ops.schedule import Schedule


class RelationCell(LSTMCell):
    """One layer of a `RelationTreeLSTM` in one direction.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H.
        bias: whether gates have a bias.
        num_relations: number of relations R.
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool, num_relations: int) -> None:
        super().__init__(in_channels, out_channels, bias)
        self.relation = nn.Parameter(torch.empty(num_relations, out_channels))
        self.reset_parameters()

    def forward(  # type: ignore[override]
        self, x: Tensor, schedule: Schedule, initial: States | None, fused: bool, edge_type: Tensor
    ) -> tuple[Tensor, States]:
        """Level by level; an initial state has no relation."""
        schedule.prepare()
        types = edge_type[schedule.edge_order].split([len(level.child) for level in schedule.levels])

        def step(x: Tensor, children: Children | None, level: int) -> States:
            if children is not None and level > 0:
                h, c = children.states
                relation = self.relation.to(h.dtype).index_select(0, types[level])
                children = children._replace(states=(h + relation, c))
            return self.step(x, children, level)

        return self.by_level(x, schedule, initial, step)


class RelationTreeLSTM(EdgeValueLSTM):
    r"""The child-sum Tree-LSTM on any directed acyclic graph, with weights for the relation of each child.

    .. math::
        \hat h_u &= h_u + r_{uv} \\
        i, g, o &= \sigma, \tanh, \sigma(W_{i,g,o} x_v + U_{i,g,o} \textstyle\sum_{u \to v} \hat h_u + b_{i,g,o}) \\
        f_u &= \sigma(W_f x_v + U_f \hat h_u + b_f) \\
        c_v &= i \odot g + \textstyle\sum_{u \to v} f_u \odot c_u, \qquad h_v = o \odot \tanh(c_v)

    with a learnt vector :math:`r \in R^n` for each relation, in each layer and direction. Gates are those of Tai et al.
    2015 (https://arxiv.org/abs/1503.00075); a neighbour's state and its relation are joined by addition, as in CompGCN
    (Vashishth et al. 2020, https://arxiv.org/abs/1911.03082; it subtracts, which is the same up to the sign of r).
    With r = 0 it is the `LSTM`. It has :math:`4nd + 4n^2 + 4n + Rn` weights for d inputs, n outputs and R relations.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H, in each direction.
        num_relations: number of relations R.
        num_layers: layers, each reading the one below.
        bias: whether gates have a bias.
        bidirectional: whether a second recurrence runs against the edges, with separate weights of relations.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]`` from child to parent, or a `Schedule`; not a sparse matrix
        - **edge_type:** ``[E]``, the relation of each edge, from 0
        - **state:** a pair ``(h, c)``, each ``[num_layers * directions, G, H]``
        - **output:** ``[N, directions * H]``, and ``(h, c)`` of every graph's root in the shape of ``state``

    Raises:
        TypeError: for edges or relations that are no tensor.
        ValueError: for a cycle, a node or relation out of range, a sparse matrix, or shapes and dtypes that do not fit.
    """

    fused = False
    cell_type = RelationCell
    value_name = "edge_type"
    value_reason = "the number of relations is"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_relations: int,
        num_layers: int = 1,
        bias: bool = True,
        bidirectional: bool = False,
    ) -> None:
        check_sizes(in_channels=in_channels, out_channels=out_channels, num_relations=num_relations)
        super().__init__(
            in_channels, out_channels, num_layers, bias, bidirectional=bidirectional, num_relations=num_relations
        )
        self.num_relations = num_relations

    @property
    def num_values(self) -> int:
        """The number of relations."""
        return self.num_relations

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{super().extra_repr()}, num_relations={self.num_relations}"

    def forward(
        self, x: Tensor, edge_index: Any, edge_type: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs the recurrence; see the class for shapes."""
        return self._run_on_edges(x, edge_index, edge_type, state)
