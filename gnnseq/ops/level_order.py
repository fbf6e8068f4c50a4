"""The nodes of a directed acyclic graph in the order of its levels, as tensors."""

from collections.abc import Sequence
from copy import copy
from dataclasses import is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gnnseq.ops.carry import Ints
from gnnseq.ops.components import components, trees
from gnnseq.ops.levels import Levels, TensorLevel, cut, height_and_root
from gnnseq.ops.linear.plan import LinearPlan, make_plan
from gnnseq.ops.transforms import constant


class LevelOrder:
    """A directed acyclic graph cut into levels; each attribute is computed at its first use.

    Args:
        edge_index: edges ``[2, E]`` from the node that is read to the node that reads it.
        num_nodes: number of nodes N.
    """

    def __init__(self, edge_index: Tensor, num_nodes: int) -> None:
        self.edge_index = edge_index
        self.num_nodes = num_nodes

    @property
    def device(self) -> torch.device:
        """Device of the indices."""
        return self.edge_index.device

    @constant
    def ends(self) -> tuple[Ints, Ints]:
        """Source and target of every edge, on the host."""
        source, target = self.edge_index.cpu().numpy()
        return source, target

    @constant
    def heights(self) -> tuple[Ints, Ints | None]:
        """The result of `height_and_root`, which raises an error for a cycle."""
        return height_and_root(*self.ends, self.num_nodes)

    @property
    def is_forest(self) -> bool:
        """Whether every node has at most one outgoing edge."""
        return self.heights[1] is not None

    @constant
    def component(self) -> Ints:
        """The weakly connected component of each node ``[N]``, on the host."""
        root = self.heights[1]
        return components(*self.ends, self.num_nodes) if root is None else trees(root)

    def as_tensor(self, array: Ints) -> Tensor:
        """An array as a tensor on the device of the edges."""
        return torch.from_numpy(array).to(self.device)

    def to_tensors(self, arrays: Sequence[Ints]) -> Sequence[Tensor]:
        """Many small arrays as tensors, with one copy to the device."""
        joined = self.as_tensor(np.concatenate(arrays)) if arrays else torch.empty(0, dtype=torch.long)
        parts: Sequence[Tensor] = joined.split([len(a) for a in arrays])
        return parts

    @constant
    def arrays(self) -> Levels:
        """The levels as arrays on the host."""
        return cut(*self.ends, self.heights[0])

    @constant
    def _cut(self) -> tuple[list[TensorLevel], Tensor, Tensor]:
        levels, order, edge_order = self.arrays
        child, parent = self.to_tensors([x.child for x in levels]), self.to_tensors([x.parent for x in levels])
        keep, park = self._where_any([x.keep for x in levels]), self._where_any([x.park for x in levels])
        tensors = [
            TensorLevel(level.size, len(level.leaf), child[i], parent[i], keep[i], park[i], level.goals)
            for i, level in enumerate(levels)
        ]
        return tensors, self.as_tensor(order), self.as_tensor(edge_order)

    def _where_any(self, arrays: Sequence[Ints]) -> Sequence[Tensor | None]:
        """`to_tensors` with None in place of empty tensors."""
        if not any(map(len, arrays)):
            return [None] * len(arrays)
        return [part if len(part) else None for part in self.to_tensors(arrays)]

    @property
    def levels(self) -> list[TensorLevel]:
        """The levels, from the first to be computed to the roots."""
        return self._cut[0]

    @property
    def order(self) -> Tensor:
        """Nodes in the order of the levels ``[N]``."""
        return self._cut[1]

    @property
    def edge_order(self) -> Tensor:
        """Edges in the order of the levels ``[E]``."""
        return self._cut[2]

    @constant
    def in_degree(self) -> Tensor:
        """Number of incoming edges of each node ``[N]``."""
        return torch.bincount(self.edge_index[1], minlength=self.num_nodes)

    @constant
    def leaves(self) -> Tensor:
        """Nodes without incoming edges, in ascending order."""
        return (self.in_degree == 0).nonzero().view(-1)

    @constant
    def linear_plan(self) -> LinearPlan:
        """The plan by which `linear_scan` runs over the graph."""
        return make_plan(self)

    @constant
    def inverse_order(self) -> Tensor:
        """Position in the order of the levels of each node ``[N]``."""
        return _inverse(self.order)

    @constant
    def is_leaf(self) -> Tensor:
        """Which nodes have no incoming edges, in the order of the levels ``[N]``."""
        sizes = [size for level in self.levels for size in (level.size - level.leaves, level.leaves)]
        kind = torch.tensor([False, True], device=self.device).repeat(len(self.levels))
        return kind.repeat_interleave(torch.tensor(sizes, device=self.device))

    @constant
    def scan_order(self) -> Tensor:
        """Nodes in the order in which `scan` computes them: all leaves, then the others level by level ``[N]``."""
        return torch.cat([self.order[self.is_leaf], self.order[~self.is_leaf]])

    @constant
    def scan_place(self) -> Tensor:
        """Position in `scan_order` of each node ``[N]``."""
        return _inverse(self.scan_order)


def _inverse(order: Tensor) -> Tensor:
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(len(order), device=order.device)
    return inverse


def on_device(value: Any, device: torch.device) -> Any:
    """A value with all tensors in it moved to another device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: on_device(part, device) for key, part in value.items()}
    if is_dataclass(value):
        other = copy(value)
        vars(other).update(on_device(vars(value), device))
        return other
    if isinstance(value, list | tuple):
        parts = [on_device(part, device) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value
