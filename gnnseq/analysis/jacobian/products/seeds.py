"""Which inputs share one product with the Jacobian: only inputs that cannot reach the same output."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gnnseq.analysis.reach import local_index


@dataclass(frozen=True)
class Layout:
    """Seeds and what is read, by graph.

    Attributes:
        seed_graph: graph of each seed ``[S]``, ascending.
        read_graph: graph of each row that is read ``[R]``.
    """

    seed_graph: Tensor
    read_graph: Tensor

    @cached_property
    def _local(self) -> tuple[Tensor, int]:
        return local_index(self.seed_graph)

    @property
    def position(self) -> Tensor:
        """Position of each seed in its graph ``[S]``."""
        return self._local[0]

    @property
    def num_positions(self) -> int:
        """Seeds of the largest graph, n."""
        return self._local[1]

    @cached_property
    def num_graphs(self) -> int:
        """Number of graphs, G."""
        return 1 + max(int(self.seed_graph.max()), int(self.read_graph.max()))

    @cached_property
    def count(self) -> Tensor:
        """Number of seeds of each graph ``[G]``."""
        return torch.bincount(self.seed_graph, minlength=self.num_graphs)

    @cached_property
    def first(self) -> Tensor:
        """First seed of the graph of each row that is read ``[R]``."""
        return (self.count.cumsum(0) - self.count)[self.read_graph]

    @cached_property
    def exists(self) -> Tensor:
        """Whether the graph of a row has a seed at a position ``[n, R]``."""
        return torch.arange(self.num_positions).unsqueeze(1) < self.count[self.read_graph]

    def whole(self) -> "Layout":
        """The same as one graph, for models whose graphs influence each other."""
        return Layout(torch.zeros_like(self.seed_graph), torch.zeros_like(self.read_graph))


def ends_and_middles(layout: Layout) -> Tensor:
    """The first, the middle and the last seed of each graph ``[3, S]``."""
    last = layout.count[layout.seed_graph] - 1
    return torch.stack([layout.position == place for place in (0 * last, last // 2, last)])


def halves(layout: Layout) -> tuple[Tensor, Tensor]:
    """Seeds, and rows, of the graphs whose number has a certain bit, or not; one set differs for any two graphs."""
    bits = torch.arange((layout.num_graphs - 1).bit_length()).view(-1, 1)
    sides = [(graph >> bits) & 1 == 1 for graph in (layout.seed_graph, layout.read_graph)]
    seeds, reads = (torch.cat([side, ~side]) for side in sides)
    return seeds, reads


@dataclass(frozen=True)
class Colouring:
    """Seeds of one colour share a product.

    Attributes:
        colour: of each seed ``[S]``.
        owner: position of the seed that row r shows in the product of colour c ``[K, R]``; -1 for none.
    """

    colour: Tensor
    owner: Tensor

    @property
    def num_colours(self) -> int:
        """Number of colours, K."""
        return self.owner.size(0)


def by_hops(hops: Tensor, layout: Layout, reach: int) -> Colouring:
    """Colours such that no two seeds of one colour come within ``reach + 1`` hops of the same row.

    A row within reach of a seed shows that seed. A row one hop further must be zero, which detects a model that reaches
    further than assumed.

    Args:
        hops: hops ``[n, R]`` from the seed at each position to each row; -1 where there is no way.
        layout: seeds and rows.
        reach: number of hops.
    """
    near = (hops >= 0) & (hops <= reach + 1)
    colour = _banded(near, layout)
    if colour is None:
        colour = _independent_sets(near, layout)
    position, row = ((hops >= 0) & (hops <= reach)).nonzero().unbind(1)
    owner = torch.full((int(colour.max()) + 1, hops.size(1)), -1, dtype=torch.long)
    owner[colour[layout.first[row] + position], row] = position
    return Colouring(colour, owner)


def _banded(near: Tensor, layout: Layout) -> Tensor | None:
    """Positions modulo the widest span of any row, where that is the best possible: on paths."""
    some = near.any(0)
    if not bool(some.any()):
        return torch.zeros_like(layout.seed_graph)
    low = near.byte().argmax(0)
    high = near.size(0) - 1 - near.flip(0).byte().argmax(0)
    span, most = int((high - low)[some].max()) + 1, int(near.sum(0).max())
    return layout.position % span if span == most else None


def _independent_sets(near: Tensor, layout: Layout) -> Tensor:
    """Colours one after the other, each taken by as many seeds as possible (Luby's rounds)."""
    position, row = near.nonzero().unbind(1)
    seed = layout.first[row] + position
    count = len(layout.seed_graph)
    priority = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    colour = torch.full((count,), -1, dtype=torch.long)
    number = 0
    while bool((colour < 0).any()):
        free = colour < 0
        while bool(free.any()):
            open_pairs = free[seed]
            s, r = seed[open_pairs], row[open_pairs]
            best = torch.full((near.size(1),), -1).scatter_reduce(0, r, priority[s], "amax")
            loses = torch.zeros(count, dtype=torch.bool)
            loses[s[priority[s] != best[r]]] = True
            winner = free & ~loses
            colour[winner] = number
            taken = torch.zeros(near.size(1), dtype=torch.bool)
            taken[r[winner[s]]] = True
            blocked = torch.zeros(count, dtype=torch.bool)
            blocked[s[taken[r]]] = True
            free = free & ~winner & ~blocked
        number += 1
    return colour
