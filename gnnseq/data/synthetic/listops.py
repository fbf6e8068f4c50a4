"""ListOps: nested lists of digits and their values, as trees and as sequences."""

from collections.abc import Sequence
from typing import ClassVar, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from gnnseq.data.counters import derive
from gnnseq.data.indexing import Index, check_integer, is_single, positions
from gnnseq.data.sequences import IntArray
from gnnseq.data.streams import Seeded, Split
from gnnseq.data.synthetic.expressions import Level, grow, sums
from gnnseq.data.synthetic.listops_file import Expression, levels_of
from gnnseq.data.synthetic.listops_forms import SYMBOLS, to_binary_corpus, to_corpus, to_sequences
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.data.trees.tree import Tree

Lengths: TypeAlias = tuple[int, int | None]

_SHORTEST = 4  # symbols: an operator, two digits, "]"
_MOST_TRIES = 10_000  # expressions grown until one has a length that fits


class ListOps(Seeded):
    """Random expressions of nested lists (Nangia and Bowman 2018, arXiv:1804.06028).

    ``[MAX 2 9 [MIN 4 7 ] 0 ]`` has the value 9. A list has an operator, MIN, MAX, MED (the median,
    rounded down) or SM (the sum modulo 10), and two or more arguments; an argument is a digit, or
    with probability 1/4 a list. The task is to name the value, a digit.

    Expression ``i`` depends only on the constructor's arguments and ``i``, and is the same for
    :class:`ListOpsTrees`, :class:`ListOpsBinaryTrees` and :class:`ListOpsSequences`, the datasets.

    Args:
        num_samples: size of the dataset; ``None`` for one without end, which has no ``len``.
        depth: most levels of nodes, digits included, at least 2.
        arguments: most arguments of a list, 2 to 9.
        lengths: least and most symbols of an expression, "]" included; others are drawn again. The
            default leaves out lists of two or three digits: there are so few that they would come
            again and again. ``None`` for no upper bound.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.

    Raises:
        ValueError: if an argument is out of range, or expressions of these lengths are so rare that
            none was found.
        IndexError: if an index is out of range.
    """

    vocabulary: ClassVar[Vocabulary] = SYMBOLS

    def __init__(
        self,
        num_samples: int | None = None,
        depth: int = 20,
        arguments: int = 5,
        lengths: Lengths = (6, None),
        seed: int = 0,
        split: Split = "train",
    ) -> None:
        super().__init__(num_samples, seed, split)
        self.depth = check_integer("depth", depth, 2)
        self.arguments = check_integer("arguments", arguments, 2, 9)
        self.lengths = _check_lengths(lengths, self.depth, self.arguments)
        self.given: list[Expression] | None = None

    @classmethod
    def from_expressions(cls, expressions: Sequence[Expression]) -> Self:
        """Given expressions in place of random ones, such as :func:`gnnseq.data.read_listops` reads from a file."""
        dataset = cls(len(expressions))
        dataset.given = list(expressions)
        return dataset

    def _expressions(self, index: Index) -> list[Level]:
        if self.given is not None:
            return levels_of([self.given[row] for row in positions(index, len(self.given))])
        keys = self._keys(index)
        attempt = np.zeros(len(keys), np.int64)
        pending = np.arange(len(keys))
        while len(pending):
            grown = grow(derive(keys[pending], attempt[pending]), self.depth, self.arguments)
            pending = pending[~self._fits(sums(grown, 2)[0])]
            attempt[pending] += 1
            if (attempt > _MOST_TRIES).any():
                raise ValueError(f"lengths is {self.lengths}, expected a range that is not so rare")
        return grow(derive(keys, attempt), self.depth, self.arguments)

    def _fits(self, lengths: IntArray) -> npt.NDArray[np.bool_]:
        low, high = self.lengths
        return (lengths >= low) & (lengths <= (lengths if high is None else high))


class ListOpsTrees(ListOps, Dataset[Tree]):
    """ListOps as trees: digits are leaves, operators inner nodes, values the labels of all nodes.

    ``trees[i]`` is a :class:`Tree`, a slice or row of indices gives a :class:`TreeCorpus`. Arguments
    as for :class:`ListOps`.
    """

    def __getitem__(self, index: Index) -> Tree | TreeCorpus:  # type: ignore[override]
        corpus = self._corpus(index)
        return corpus[0] if is_single(index) else corpus

    def __getitems__(self, indices: Sequence[int]) -> TreeCorpus:
        """The trees of a batch (called by torch's DataLoader)."""
        return self._corpus(indices)

    def _corpus(self, index: Index) -> TreeCorpus:
        return to_corpus(self._expressions(index))


class ListOpsBinaryTrees(ListOpsTrees):
    """ListOps as binary trees that take one argument at a time, as for the paper's Tree-LSTM.

    ``[MAX 2 9 0 ]`` is ``((([MAX 2) 9) 0)``: operators and digits are leaves, and an inner node joins
    an operator with the arguments so far (slot 0) and one more argument (slot 1). The node of the last
    argument has the list's value as its label; those before it have none, nor have operators. Otherwise
    as :class:`ListOpsTrees`, and the same samples.
    """

    def _corpus(self, index: Index) -> TreeCorpus:
        return to_binary_corpus(self._expressions(index))


class ListOpsSequences(ListOps, Dataset[tuple[Tensor, Tensor]]):
    """ListOps as flat sequences: symbols ``[T]`` of ``vocabulary`` and the value.

    ``sequences[i]`` is a pair of tensors ``[T]`` and ``[]``; a slice or row of indices gives a list
    of sequences and the values ``[B]``. Arguments as for :class:`ListOps`.
    """

    def __getitem__(  # type: ignore[override]
        self, index: Index
    ) -> tuple[Tensor, Tensor] | tuple[list[Tensor], Tensor]:
        sequences, values = self.with_values(index)
        roots = torch.stack([row[-1] for row in values]) if values else torch.zeros(0, dtype=torch.long)
        return (sequences[0], roots[0]) if is_single(index) else (sequences, roots)

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
        """The samples of a batch as pairs (called by torch's DataLoader)."""
        sequences, values = self.with_values(indices)
        return [(sequence, row[-1]) for sequence, row in zip(sequences, values, strict=True)]

    def with_values(self, index: Index) -> tuple[list[Tensor], list[Tensor]]:
        """Sequences, and at each of their symbols the value of what ends there, each ``[T]``.

        These are the labels of :class:`ListOpsTrees`: a digit ends with itself, a list with "]", and an
        operator ends nothing, so it has -100.
        """
        return to_sequences(self._expressions(index))


def _check_lengths(lengths: Lengths, depth: int, arguments: int) -> Lengths:
    low, high = lengths
    longest = 1
    for _ in range(depth - 1):
        longest = 2 + arguments * longest
    if not _SHORTEST <= low <= min(longest, longest if high is None else high):
        raise ValueError(
            f"lengths is {lengths}, expected a least length from {_SHORTEST} to {longest} "
            "and then a greater one or None"
        )
    return low, high
