"""ListOps as a task: sequences with brackets, or the trees that the brackets mean."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import ClassVar, Self, TypeVar, cast

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.data.streams import Split
from gnnseq.data.synthetic.listops import ListOps, ListOpsTrees
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.experiments.tasks.base import Collate, Level, find_view, sequence_hops, sequence_views
from gnnseq.experiments.tasks.kinds import Classification, Sampled, batches_of
from gnnseq.graphs import parse_batch
from gnnseq.graphs.native import both_ways

L = TypeVar("L", bound=ListOps)
_COUNTED = 10_000  # expressions by which the commonest value is found
_AT_ONCE = 32  # batches grown together: growing takes as long for one


@dataclass(frozen=True)
class ListOpsTask(Sampled, Classification):
    """The value of an expression of nested lists: :class:`gnnseq.data.synthetic.listops.ListOps`.

    Attributes:
        longest: most symbols of an expression, "]" included.
        shortest: least symbols.
        depth: most levels of nodes, digits included.
        arguments: most arguments of a list.
    """

    longest: int = 40
    shortest: int = 6
    depth: int = 20
    arguments: int = 5

    name: ClassVar[str] = "listops"
    level: ClassVar[Level] = "graph"
    num_symbols: ClassVar[int] = len(ListOpsTrees.vocabulary)
    num_features: ClassVar[None] = None
    num_outputs: ClassVar[int] = 10

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"lists of {self.shortest} to {self.longest} symbols"

    @property
    def size(self) -> int:
        """The longest expression."""
        return self.longest

    @property
    def chance(self) -> float:
        """Share of the commonest value among the first 10,000 training expressions of seed 0."""
        return _commonest(self)

    @property
    def views(self) -> Mapping[str, Collate]:
        """All graphs over the symbols, and the expression's tree, child to parent ("tree") or undirected ("graph").

        The tree has neither brackets nor "]": digits are its leaves, operators its inner nodes.
        """
        flat = {name: partial(_flat, collate) for name, collate in sequence_views(self.num_symbols).items()}
        tree = partial(parse_batch, every_node=False)
        native: dict[str, Callable[..., Batch]] = {"tree": tree, "graph": lambda corpus: both_ways(tree(corpus))}
        return cast(Mapping[str, Collate], flat | native)

    def required(self, view: str) -> int | None:
        """Hops from the outermost operator, or in a tree from the deepest digit, of the largest expression.

        For "dilated" the first operator may be at any distance up to the longest.
        """
        find_view(self, view)
        if view in ("tree", "graph"):
            return min(self.depth - 1, (self.longest - 1) // 3)
        if view == "dilated":
            return max(length.bit_count() for length in range(self.shortest - 1, self.longest))
        return sequence_hops(view, self.longest - 1)

    def at(self, length: int) -> Self:
        """The same task on expressions of that many symbols, or up to a fifth less."""
        return replace(self, longest=length, shortest=length - length // 5)

    def dataset(self, seed: int, split: Split) -> ListOpsTrees:
        """The samples; see `Sampled`."""
        return self.expressions(ListOpsTrees, seed, split)

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches, of which some are grown together; see `Task`."""
        collate, dataset, end = find_view(self, view), self.dataset(seed, split), first + num_batches
        for start in range(first, end, _AT_ONCE):
            count = min(_AT_ONCE, end - start)
            corpus = dataset[start * batch_size : (start + count) * batch_size]
            yield from batches_of(cast(TreeCorpus, corpus), collate, batch_size, count)

    def expressions(self, form: type[L], seed: int, split: Split) -> L:
        """The same samples in any form."""
        return form(None, self.depth, self.arguments, (self.shortest, self.longest), seed=seed, split=split)


def flat_expressions(corpus: TreeCorpus) -> tuple[list[Tensor], Tensor]:
    """Expressions as sequences with "]", and their values; as :class:`gnnseq.data.ListOpsSequences` gives them.

    Args:
        corpus: a slice of :class:`gnnseq.data.ListOpsTrees`.
    """
    tree = np.repeat(np.arange(len(corpus)), np.diff(corpus.ptr))
    close = corpus.empty - 1
    lists = np.bincount(tree[corpus.symbols >= len(corpus.classes)], minlength=len(corpus))
    lengths = np.diff(corpus.ptr) + lists
    symbols = np.full(lengths.sum(), close)
    symbols[(np.cumsum(lengths) - lengths)[tree] + corpus.places] = corpus.symbols
    return list(torch.from_numpy(symbols).split(lengths.tolist())), torch.from_numpy(corpus.root_labels)


def _flat(collate: Collate, corpus: TreeCorpus) -> Batch:
    return collate(cast(tuple[Tensor, Tensor], flat_expressions(corpus)))


@cache
def _commonest(task: ListOpsTask) -> float:
    corpus = cast(TreeCorpus, task.dataset(0, "train")[:_COUNTED])
    return float(np.bincount(corpus.root_labels).max() / _COUNTED)
