"""Random binary trees of operations, with the value of the subtree at each node."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset

from gnnseq.data.counters import Words, below, derive
from gnnseq.data.indexing import Index, check_integer, is_single
from gnnseq.data.sequences import IntArray
from gnnseq.data.streams import Seeded, Split, draw
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.data.trees.tree import Tree

_SIZE, _SHAPE, _SYMBOL = range(3)  # what random words are for
_LAST = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class Algebra:
    """Finitely many values, and operations of two of them in any order. Symbol v is the value v; operators follow.

    Attributes:
        name: for messages and tables.
        tables: for each operator the values ``[left][right]``, symmetric.
        operators: their names.
    """

    name: str
    tables: tuple[tuple[tuple[int, ...], ...], ...]
    operators: tuple[str, ...]

    @property
    def num_values(self) -> int:
        """Number of values V."""
        return len(self.tables[0])

    @property
    def num_symbols(self) -> int:
        """Values and operators."""
        return self.num_values + len(self.tables)

    @cached_property
    def table(self) -> IntArray:
        """Operators ``[O, V, V]``."""
        return np.array(self.tables)

    @cached_property
    def vocabularies(self) -> tuple[Vocabulary, Vocabulary]:
        """Of symbols and of values."""
        values = [str(value) for value in range(self.num_values)]
        return Vocabulary([*values, *self.operators], separator=" "), Vocabulary(values, separator=" ")


def boolean() -> Algebra:
    """Truth values with AND, OR and XOR."""
    return Algebra("Boolean formulas", (((0, 0), (0, 1)), ((0, 1), (1, 1)), ((0, 1), (1, 0))), ("AND", "OR", "XOR"))


def modular_sums(modulus: int) -> Algebra:
    """Numbers below a modulus with their sum."""
    modulus = check_integer("modulus", modulus, 2)
    table = tuple(tuple((a + b) % modulus for b in range(modulus)) for a in range(modulus))
    return Algebra(f"sums modulo {modulus}", (table,), ("SUM",))


class FormulaTrees(Seeded, Dataset[Tree]):
    """Random binary trees: values at the leaves, operators at inner nodes, and at each node its value as the label.

    All shapes of one size are equally likely, so depth grows as the square root of the size. Nodes are in postfix
    order: children before their parent, the left one first. ``trees[i]`` is a :class:`Tree`, a slice or row of indices
    a :class:`TreeCorpus`.

    Args:
        algebra: values and operators.
        longest: most nodes of a tree; it has an odd number of nodes.
        shortest: least nodes; numbers of leaves in between are equally likely.
        num_samples: size of the dataset; ``None`` for one without end, which has no ``len``.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.
        deep: whether operators are drawn among those that pass the value of the deeper child on, where there are some.
            Then the root has the value of its deepest leaf, and a model that reaches only the upper levels must guess.

    Raises:
        ValueError: if an argument is out of range.
        IndexError: if an index is.
    """

    def __init__(
        self,
        algebra: Algebra,
        longest: int,
        shortest: int = 1,
        num_samples: int | None = None,
        seed: int = 0,
        split: Split = "train",
        deep: bool = False,
    ) -> None:
        self.algebra, self.deep = algebra, deep
        self.longest = check_integer("longest", longest, 1)
        self.shortest = check_integer("shortest", shortest, 1, self.longest)
        super().__init__(num_samples, seed, split)

    def __getitem__(self, index: Index) -> Tree | TreeCorpus:  # type: ignore[override]
        corpus = self._corpus(index)
        return corpus[0] if is_single(index) else corpus

    def __getitems__(self, indices: Sequence[int]) -> TreeCorpus:
        """The trees of a batch (called by torch's DataLoader)."""
        return self._corpus(indices)

    def _corpus(self, index: Index) -> TreeCorpus:
        keys = self._keys(index)
        most, least = (self.longest + 1) // 2, (self.shortest + 1) // 2
        leaves = least + below(derive(keys, np.array([_SIZE])), most - least + 1)
        shapes = _shapes(draw(keys, _SHAPE, 2 * most - 1), leaves)
        rows = self._evaluated(shapes, draw(keys, _SYMBOL, 2 * most - 1))
        sizes = 2 * leaves - 1
        keep = np.arange(2 * most - 1) < sizes[:, None]
        places = np.broadcast_to(np.arange(2 * most - 1), keep.shape)
        parents, slots, symbols, values, places = (part[keep] for part in (*rows, places))
        words, classes = self.algebra.vocabularies
        ptr = np.concatenate([[0], np.cumsum(sizes)])
        return TreeCorpus(ptr, parents, slots, places, symbols, values, words=words, classes=classes)

    def _evaluated(self, is_leaf: npt.NDArray[np.bool_], words: Words) -> tuple[IntArray, ...]:
        """Parents, slots, symbols and values ``[B, T]`` of trees in postfix order, decoded with one stack for each."""
        size, steps = is_leaf.shape
        rows, V = np.arange(size), self.algebra.num_values
        parents, slots, values = np.full((size, steps), -1), np.zeros((size, steps), np.int64), below(words, V)
        symbols, height = values.copy(), np.zeros((size, steps), np.int64)
        stack, top = np.zeros((size, steps + 1), np.int64), np.zeros(size, np.int64)
        for step in range(steps):
            inner = rows[~is_leaf[:, step]]
            left, right = (stack[inner, top[inner] - back] for back in (1, 0))
            a, b = (values[inner, child] for child in (left, right))
            low = height[inner, left] >= height[inner, right]
            chosen = self._operators(words[inner, step], np.where(low, b, a))
            symbols[inner, step], values[inner, step] = V + chosen, self.algebra.table[chosen, a, b]
            height[inner, step] = 1 + np.maximum(height[inner, left], height[inner, right])
            parents[inner, left] = parents[inner, right] = step
            slots[inner, right] = 1
            top += np.where(is_leaf[:, step], 1, -1)
            stack[rows, top] = step
        return parents, slots, symbols, values

    def _operators(self, words: Words, light: IntArray) -> IntArray:
        """An operator for each word; for deep trees, one that keeps the other child's value."""
        if not self.deep:
            return below(words, len(self.algebra.tables))
        passes = (self.algebra.table == np.arange(self.algebra.num_values)[:, None]).all(axis=1)[:, light].T  # [B, O]
        passes |= ~passes.any(axis=1, keepdims=True)
        order = np.argsort(~passes, axis=1, kind="stable")
        return order[np.arange(len(words)), below(words, passes.sum(axis=1))]


def _shapes(words: Words, leaves: IntArray) -> npt.NDArray[np.bool_]:
    """Which nodes are leaves ``[B, T]``, in postfix order, all binary trees of a size equally likely.

    n leaves and n - 1 inner nodes in any order have exactly one rotation in which every node finds its children (the
    cycle lemma). Beyond a tree's nodes all are leaves.
    """
    steps = np.arange(words.shape[1])
    inside = steps < (2 * leaves - 1)[:, None]
    order = np.argsort(np.where(inside, words >> np.uint64(1), _LAST), axis=1, kind="stable")
    is_leaf = np.empty(words.shape, np.bool_)
    np.put_along_axis(is_leaf, order, steps < leaves[:, None], axis=1)
    height = np.cumsum(np.where(inside, np.where(is_leaf, 1, -1), 1), axis=1)
    least = np.where(inside, height, words.shape[1]).min(axis=1, keepdims=True)
    last = words.shape[1] - 1 - np.argmax(((height == least) & inside)[:, ::-1], axis=1)
    start = np.where(least[:, 0] >= 1, 0, last + 1)
    size = 2 * leaves - 1
    turned = np.take_along_axis(is_leaf, (start[:, None] + steps) % size[:, None], axis=1)
    return turned | ~inside
