"""Recurrences whose cells take an integer for every edge: the place of a child, or a relation."""

from typing import Any

import torch
from torch import Tensor

from gnnseq.layers.cells import schedule_of
from gnnseq.layers.stacked import StackedRecurrence
from gnnseq.ops.edges import refuse_sparse
from gnnseq.ops.schedule import Schedule, refuse_trace
from gnnseq.ops.transforms import is_captured, is_recorded, require, uncompiled


class EdgeValueLSTM(StackedRecurrence):
    """The base of `NaryTreeLSTM` and `RelationTreeLSTM`: an LSTM's state, and an int64 of every edge.

    Attributes:
        value_name: of the argument.
        value_reason: why it has an upper bound, in errors.
    """

    value_name: str
    value_reason: str

    @property
    def num_values(self) -> int:
        """Values lie from 0 up to this number."""
        raise NotImplementedError

    def _run_on_edges(
        self, x: Tensor, edge_index: Any, values: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        self.edge_mask.refuse(self)
        ready = self._is_ready(edge_index)
        if not ready and is_recorded():
            raise ValueError(refuse_trace("edge_index"))
        if torch.compiler.is_dynamo_compiling() and not ready:
            out, (h, c) = uncompiled(self._run_on_edges, x, edge_index, values, state)
            return out, (h, c)
        refuse_sparse(edge_index, self.value_name)
        schedule = schedule_of(edge_index, x, self._cells[0].weight_ih)
        self._check_values(schedule.edge_index, values)
        out, (h, c) = self._run(x, schedule, state, values)
        return out, (h, c)

    def _is_ready(self, edge_index: Any) -> bool:
        """Without torch's kernels on paths, which take no values of edges."""
        return isinstance(edge_index, Schedule) and edge_index.is_ready(False, self.bidirectional)

    def _check_values(self, edge_index: Tensor, values: Tensor) -> None:
        name = self.value_name
        if not isinstance(values, Tensor):
            raise TypeError(f"{name} is a {type(values).__name__}, expected a tensor [{edge_index.size(1)}]")
        if values.shape != (edge_index.size(1),):
            raise ValueError(f"{name} has shape {list(values.shape)}, expected [{edge_index.size(1)}]")
        if values.dtype != torch.long:
            raise ValueError(f"{name} has dtype {values.dtype}, expected torch.int64")
        if values.is_meta:
            return
        outside = (values < 0) | (values >= self.num_values)
        if is_captured():
            require(~outside.any(), f"{name} is given, expected 0 to {self.num_values - 1} everywhere")
        elif bool(outside.any()):
            edge = int(outside.nonzero()[0])
            raise ValueError(
                f"{name}[{edge}] is {int(values[edge])} at node {int(edge_index[1, edge])}, "
                f"expected 0 to {self.num_values - 1}: {self.value_reason} {self.num_values}"
            )
