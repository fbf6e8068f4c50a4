"""Layers and directions of any recurrence."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from gnnseq.layers.cells import RecurrentCell, schedule_of
from gnnseq.layers.checks import check_dropout, check_dtype, check_sizes, check_states
from gnnseq.layers.edge_mask import NoEdgeMask
from gnnseq.ops.scan import States
from gnnseq.ops.schedule import Schedule, refuse_trace
from gnnseq.ops.transforms import is_recorded, uncompiled


class StackedRecurrence(nn.Module):
    """Layers and directions of one recurrence along the edges of directed acyclic graphs.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H, in each direction.
        num_layers: layers; each takes the outputs of the one below.
        bias: whether gates have a bias.
        dropout: probability of zeroing an output between layers, in training.
        bidirectional: whether a second recurrence runs against the edges (down a tree, back along a path).
        options: further arguments of the cells.

    Attributes:
        fused: whether torch's fused kernels may run on paths. Set it to False for what they cannot do: forward-mode
            differentiation outside `torch.func` (inside it the layer leaves them by itself).
    """

    fused: bool = True
    cell_type: type[RecurrentCell]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_layers: int = 1,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        check_sizes(in_channels=in_channels, out_channels=out_channels, num_layers=num_layers)
        check_dropout(dropout)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.num_layers = num_layers
        self.bias = bias
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.edge_mask = NoEdgeMask()
        wide = out_channels * self.num_directions
        self.cells = nn.ModuleList(
            self.cell_type(in_channels if layer == 0 else wide, out_channels, bias, **options)
            for layer in range(num_layers)
            for _ in range(self.num_directions)
        )

    @property
    def num_directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def _cells(self) -> list[RecurrentCell]:
        return cast(list[RecurrentCell], list(self.cells))

    def reset_parameters(self) -> None:
        """Redraws all weights."""
        for cell in self._cells:
            cell.reset_parameters()

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return (
            f"{self.in_channels}, {self.out_channels}, num_layers={self.num_layers}, bidirectional={self.bidirectional}"
        )

    def _run(self, x: Tensor, edge_index: Any, initial: States | None, *edge_values: Tensor) -> tuple[Tensor, States]:
        self.edge_mask.refuse(self)
        ready = self._is_ready(edge_index)
        if not ready and is_recorded():
            raise ValueError(refuse_trace("edge_index"))
        if torch.compiler.is_dynamo_compiling() and not ready:
            out, states = uncompiled(self._run, x, edge_index, initial, *edge_values)
            return out, states
        schedule = schedule_of(edge_index, x, self._cells[0].weight_ih)
        if initial is not None:
            self._check_states(initial, schedule.num_graphs)
        finals: list[States] = []
        for layer in range(self.num_layers):
            outs = []
            for direction in range(self.num_directions):
                number = layer * self.num_directions + direction
                state = None if initial is None else tuple(kind[number] for kind in initial)
                there = schedule if direction == 0 else schedule.reversed()
                cell = self._cells[number]
                out, final = cell(x, there, state, self.fused, *edge_values)
                final = final if state is None else there.kept_where_empty(state, final)
                outs.append(out)
                finals.append(final)
            x = outs[0] if len(outs) == 1 else torch.cat(outs, dim=-1)
            if self.dropout > 0 and layer + 1 < self.num_layers:
                x = nn.functional.dropout(x, self.dropout, self.training)
        if len(finals) == 1:
            return x, tuple(state.unsqueeze(0) for state in finals[0])
        return x, tuple(torch.stack(kind) for kind in zip(*finals, strict=True))

    def _is_ready(self, edge_index: Any) -> bool:
        """Whether edges are a schedule that `torch.compile` and `torch.export` can use."""
        return isinstance(edge_index, Schedule) and edge_index.is_ready(self.fused, self.bidirectional)

    def _check_states(self, initial: States | Tensor, num_graphs: int) -> None:
        cell = self._cells[0]
        shape, weight = [len(self.cells), num_graphs, *cell.state_shape], cell.weight_ih
        if isinstance(initial, Tensor) and initial.dim() != 4:
            raise ValueError(f"state is a tensor {list(initial.shape)}, expected a pair (h, c), each {shape}")
        check_states(tuple(initial), cell.states, shape, weight.device)
        for state in initial:
            check_dtype(state, weight, "state")
