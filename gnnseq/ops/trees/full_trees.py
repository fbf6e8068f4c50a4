"""Trees whose inner nodes have all their children, in an order in which siblings stand together."""

from typing import Any, NamedTuple, Self

import numpy as np
from torch import Tensor

from gnnseq.ops.carry import Ints
from gnnseq.ops.levels import Levels
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.transforms import constant, outside_transforms


class Block(NamedTuple):
    """One level with inner nodes.

    Attributes:
        inner: number of its inner nodes.
        first: the first row of the level before it, which holds their children, by parent and then by place.
    """

    inner: int
    first: int


class FullTrees:
    """An order of the nodes of full trees in which the states of all children are a view ``[M, A H]``.

    Rows are sorted by level, then by parent, then by place. Levels are aligned at the roots, so the level before
    another holds the children of its inner nodes and nothing else. Rows ``A m`` to ``A m + A - 1`` are the children of
    the inner node m.

    Attributes:
        schedule: the order of the nodes level by level.
        edge_slot: place of each edge's source at its target ``[E]``.
        arity: children of an inner node, A.
        blocks: the levels that have inner nodes.
        num_roots: rows of the last level, the last ones.
        order: node at each row ``[N]``.
        place: row of each node ``[N]``.
        leaves: rows of the leaves ``[L]``.
        inner: rows of the inner nodes ``[M]``.
    """

    def __init__(self, schedule: Schedule, edge_slot: Tensor, children: list[Ints], arity: int) -> None:
        levels = schedule.arrays
        self.schedule = schedule
        self.edge_slot = edge_slot
        self.arity = arity
        self.num_roots = levels.levels[-1].size
        self.blocks: list[Block] = []
        first = before = 0
        for level in levels.levels:
            inner = level.size - len(level.leaf)
            if inner:
                self.blocks.append(Block(inner, before))
            before, first = first, first + level.size
        rows, is_leaf = _rows(levels, children)
        order = levels.order[rows]
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        self.order, self.place, self.leaves, self.inner = schedule.to_tensors(
            [order, place, np.flatnonzero(is_leaf), np.flatnonzero(~is_leaf)]
        )

    @classmethod
    def of(cls, schedule: Schedule, edge_slot: Tensor, arity: int) -> Self | None:
        """The full trees of a schedule, or None for other graphs.

        Args:
            schedule: of any graphs.
            edge_slot: place of each edge's source at its target ``[E]``, below ``arity`` and no place taken twice.
            arity: children that an inner node must have.
        """
        levels = schedule.arrays
        if not schedule.is_forest or len(edge_slot) != arity * sum(x.size - len(x.leaf) for x in levels.levels):
            return None
        with outside_transforms():
            slot = edge_slot.cpu().numpy()[levels.edge_order]
        edges = np.arange(len(slot))  # the edges of a node stand together
        child = np.concatenate([level.child for level in levels.levels])
        child[edges - edges % arity + slot] = child.copy()
        ends = np.cumsum([len(level.child) for level in levels.levels])
        return cls(schedule, edge_slot, [part.reshape(-1, arity) for part in np.split(child, ends[:-1])], arity)

    @constant
    def leaf_nodes(self) -> Tensor:
        """Nodes that are leaves ``[L]``, in the order of the rows."""
        return self.order[self.leaves]

    @constant
    def inner_nodes(self) -> Tensor:
        """Nodes that are not ``[M]``."""
        return self.order[self.inner]

    @property
    def sizes(self) -> list[int]:
        """Inner nodes of each block."""
        return [block.inner for block in self.blocks]

    def split(self, values: Tensor | None) -> tuple[Any, ...]:
        """Of values of all inner nodes ``[M, ...]`` those of each block, as views; None for each without values."""
        if values is None or not self.blocks:
            return (None,) * len(self.blocks)
        return tuple(values.split(self.sizes))

    def children(self, states: Tensor) -> tuple[Tensor, ...]:
        """Of states ``[N, H]`` in the order of the rows, those of each block's children ``[m, A, H]``, as views."""
        below = states[: len(states) - self.num_roots]
        return tuple(below.view(-1, self.arity, states.size(1)).split(self.sizes)) if self.blocks else ()


def _rows(levels: Levels, children: list[Ints]) -> tuple[Ints, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """For each row the place in the levels' own order, and whether a leaf stands there; from the roots down."""
    local = np.arange(levels.levels[-1].size)
    rows, is_leaf = [], []
    first = len(levels.order)
    for level, child in zip(reversed(levels.levels), reversed(children), strict=True):
        first -= level.size
        has_children = local < level.size - len(level.leaf)
        rows.append(local + first)
        is_leaf.append(~has_children)
        local = child[local[has_children]].reshape(-1)
    return np.concatenate(rows[::-1]), np.concatenate(is_leaf[::-1])
