"""Many trees as a few long arrays, so that a batch is cut out without a loop over nodes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from torch.utils.data import Dataset

from gnnseq.data.indexing import Index, is_single, positions
from gnnseq.data.sequences import UNLABELLED, IntArray
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.tree import Tree, resolve


class Column(NamedTuple):
    """A value of every node.

    Args:
        ids: ``[N]``; as many as there are values for none.
        vocabulary: the values.
    """

    ids: IntArray
    vocabulary: Vocabulary


@dataclass(frozen=True, eq=False)
class TreeCorpus(Dataset[Tree]):
    """Trees with words and labels as integers; :meth:`from_trees` makes one.

    ``corpus[i]`` is a :class:`Tree`; ``corpus[64:128]``, ``corpus[[3, 1]]`` and
    ``corpus[torch.arange(64)]`` are corpora of some of the trees. A ``DataLoader`` over a corpus
    hands such a corpus to its collate function, :func:`gnnseq.graphs.parse_batch`.

    Args:
        ptr: where each tree begins, and where the last ends ``[B + 1]``.
        parents, slots, places: as in :class:`Tree`, tree after tree ``[N]``; parents are counted
            within the tree.
        symbols: id of every node's word ``[N]``; ``empty`` for none.
        labels: id of every node's label ``[N]``; -100 for none.
        words: the words.
        classes: the labels.
        columns: further values of the nodes, by name, such as "upos".
        comments: lines that stood above each tree ``[B]``; none at all if empty.
    """

    ptr: IntArray
    parents: IntArray
    slots: IntArray
    places: IntArray
    symbols: IntArray
    labels: IntArray
    words: Vocabulary
    classes: Vocabulary
    columns: Mapping[str, Column] = field(default_factory=dict)
    comments: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def from_trees(
        cls,
        trees: Iterable[Tree],
        words: Vocabulary | None = None,
        classes: Vocabulary | None = None,
        columns: Mapping[str, Vocabulary] | None = None,
    ) -> "TreeCorpus":
        """Joins trees.

        Args:
            trees: at least one.
            words: the words, such as those of the training trees; ``None`` for all that occur.
            classes: the labels; ``None`` for all that occur, sorted.
            columns: the values of some of the trees' columns, such as those of the training trees; all that occur,
                sorted, of any other.

        Raises:
            TypeError: if ``trees`` is no list of trees.
            ValueError: if there are no trees, one has a word, label or value that is unknown, or they differ in
                their columns.
        """
        trees = _list_of_trees(trees)
        if not trees:
            raise ValueError("trees is empty, expected at least one tree")
        if words is None:
            words = Vocabulary.from_words([w for w in tree.words if w] for tree in trees)
        if classes is None:
            classes = _values(tree.labels for tree in trees)
        sizes = np.array([len(tree) for tree in trees])
        return cls(
            ptr=np.concatenate([[0], np.cumsum(sizes)]),
            parents=np.concatenate([tree.parents for tree in trees]),
            slots=np.concatenate([tree.slots for tree in trees]),
            places=np.concatenate([tree.places for tree in trees]),
            symbols=_encode([tree.words for tree in trees], words, len(words)),
            labels=_encode([tree.labels for tree in trees], classes, UNLABELLED),
            words=words,
            classes=classes,
            columns=_columns(trees, columns or {}),
            comments=tuple(tree.comments for tree in trees) if any(tree.comments for tree in trees) else (),
        )

    def column(self, name: str) -> Column:
        """A value of every node, by the name that it has in the file; see :meth:`Tree.column`.

        Raises:
            ValueError: for a name that no column has; "head" is no value but what the edges say.
        """
        labels = np.where(self.labels == UNLABELLED, len(self.classes), self.labels)
        own = {"words": Column(self.symbols, self.words), "labels": Column(labels, self.classes)}
        return resolve(name, {**self.columns, **own})

    @property
    def empty(self) -> int:
        """The symbol of a node without a word: the number of words."""
        return len(self.words)

    @property
    def root_labels(self) -> IntArray:
        """The label of every tree's root ``[B]``."""
        return self.labels[self.ptr[1:] - 1]

    def relabel(self, names: Mapping[str, str]) -> "TreeCorpus":
        """The same trees with other labels; nodes whose label is not named have none.

        Args:
            names: new label for old; the new classes stand in the order of this mapping.

        Raises:
            ValueError: if a name is no label.
        """
        known = Vocabulary(self.classes.symbols, separator=" ")  # without a class for all others
        classes = Vocabulary(dict.fromkeys(names.values()), separator=" ")
        table = np.full(len(known) + 1, UNLABELLED)
        table[known.encode(list(names)).numpy()] = classes.encode(list(names.values())).numpy()
        place = np.where(self.labels == UNLABELLED, len(table) - 1, self.labels)
        return replace(self, labels=table[place], classes=classes)

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def __getitem__(self, index: Index) -> "Tree | TreeCorpus":  # type: ignore[override]
        rows = positions(index, len(self))
        return self._tree(int(rows[0])) if is_single(index) else self._select(rows)

    def __getitems__(self, indices: Sequence[int]) -> "TreeCorpus":
        """Some of the trees (called by torch's DataLoader)."""
        return self._select(positions(indices, len(self)))

    def _tree(self, row: int) -> Tree:
        nodes = slice(int(self.ptr[row]), int(self.ptr[row + 1]))
        classes = self.classes.symbols
        return Tree(
            self.parents[nodes],
            self.slots[nodes],
            self.places[nodes],
            _decode(self.symbols[nodes], self.words),
            tuple(classes[label] if label >= 0 else "" for label in self.labels[nodes].tolist()),
            {name: _decode(column.ids[nodes], column.vocabulary) for name, column in self.columns.items()},
            self.comments[row] if self.comments else (),
        )

    def _select(self, rows: IntArray) -> "TreeCorpus":
        sizes = np.diff(self.ptr)[rows]
        ptr = np.concatenate([[0], np.cumsum(sizes)])
        nodes = np.arange(ptr[-1]) + np.repeat(self.ptr[rows] - ptr[:-1], sizes)
        arrays = ("parents", "slots", "places", "symbols", "labels")
        columns = {name: Column(column.ids[nodes], column.vocabulary) for name, column in self.columns.items()}
        comments = tuple(self.comments[row] for row in rows.tolist()) if self.comments else ()
        rest = {name: getattr(self, name)[nodes] for name in arrays}
        return replace(self, ptr=ptr, columns=columns, comments=comments, **rest)


def require_corpus(corpus: object) -> None:
    """Refuses what is no corpus, such as a list of trees, and a corpus without trees."""
    if not isinstance(corpus, TreeCorpus):
        what = type(corpus).__name__
        raise TypeError(f"corpus is a {what}, expected a TreeCorpus, such as TreeCorpus.from_trees makes of trees")
    if len(corpus) == 0:
        raise ValueError("corpus is empty, expected at least one tree")


def _list_of_trees(trees: object) -> list[Tree]:
    if isinstance(trees, Tree) or not isinstance(trees, Iterable):
        raise TypeError(f"trees is a {type(trees).__name__}, expected a list of trees")
    found = list(trees)
    for row, tree in enumerate(found):
        if not isinstance(tree, Tree):
            raise TypeError(f"trees[{row}] is a {type(tree).__name__}, expected a Tree, as in bank.trees")
    return found


def _columns(trees: list[Tree], given: Mapping[str, Vocabulary]) -> dict[str, Column]:
    names = list(trees[0].columns)
    for row, tree in enumerate(trees):
        if set(tree.columns) != set(names):
            raise ValueError(f"trees[{row}] has the columns {list(tree.columns)}, expected {names} as trees[0]")
    if set(given) - set(names):
        raise ValueError(f"columns has {sorted(set(given) - set(names))}, expected some of {names}")
    found = {}
    for name in names:
        rows = [tree.columns[name] for tree in trees]
        vocabulary = given[name] if name in given else _values(rows)
        found[name] = Column(_encode(rows, vocabulary, len(vocabulary), f"column {name} of trees"), vocabulary)
    return found


def _values(rows: Iterable[tuple[str, ...]]) -> Vocabulary:
    """All that occur, sorted."""
    return Vocabulary(sorted(set().union(*rows) - {""}) or ["none"], separator=" ")


def _decode(ids: IntArray, vocabulary: Vocabulary) -> tuple[str, ...]:
    symbols = [*vocabulary.symbols, ""]
    return tuple(symbols[number] for number in ids.tolist())


def _encode(rows: list[tuple[str, ...]], vocabulary: Vocabulary, none: int, name: str = "trees") -> IntArray:
    """The ids of symbols, row after row; ``none`` for empty ones."""
    named = np.array([symbol != "" for row in rows for symbol in row])
    ids = np.full(len(named), none)
    ids[named] = vocabulary.encode_rows(name, [[symbol for symbol in row if symbol] for row in rows]).numpy()
    return ids
