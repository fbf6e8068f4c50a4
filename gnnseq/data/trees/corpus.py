"""Many trees as a few long arrays, so that a batch is cut out without a loop over nodes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch.utils.data import Dataset

from gnnseq.data.indexing import Index, is_single, positions
from gnnseq.data.sequences import UNLABELLED, IntArray
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.tree import Tree


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
    """

    ptr: IntArray
    parents: IntArray
    slots: IntArray
    places: IntArray
    symbols: IntArray
    labels: IntArray
    words: Vocabulary
    classes: Vocabulary

    @classmethod
    def from_trees(
        cls,
        trees: Iterable[Tree],
        words: Vocabulary | None = None,
        classes: Vocabulary | None = None,
    ) -> "TreeCorpus":
        """Joins trees.

        Args:
            trees: at least one.
            words: the words, such as those of the training trees; ``None`` for all that occur.
            classes: the labels; ``None`` for all that occur, sorted.

        Raises:
            TypeError: if ``trees`` is no list of trees.
            ValueError: if there are no trees, or one has a word or label that is unknown.
        """
        trees = _list_of_trees(trees)
        if not trees:
            raise ValueError("trees is empty, expected at least one tree")
        if words is None:
            words = Vocabulary.from_words([w for w in tree.words if w] for tree in trees)
        if classes is None:
            found = set().union(*(tree.labels for tree in trees)) - {""}
            classes = Vocabulary(sorted(found) or ["none"], separator=" ")
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
        )

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
        self.classes.encode(list(names))
        classes = Vocabulary(dict.fromkeys(names.values()), separator=" ")
        table = np.full(len(self.classes) + 1, UNLABELLED)
        for old, new in names.items():
            table[self.classes.symbols.index(old)] = classes.symbols.index(new)
        place = np.where(self.labels == UNLABELLED, len(table) - 1, self.labels)
        return replace(self, labels=table[place], classes=classes)

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def __getitem__(self, index: Index) -> "Tree | TreeCorpus":  # type: ignore[override]
        rows = positions(index, len(self))
        return self._tree(int(rows[0])) if is_single(index) else self._select(rows)

    def __getitems__(self, indices: Sequence[int]) -> "TreeCorpus":
        """Some of the trees (torch's DataLoader asks for these)."""
        return self._select(positions(indices, len(self)))

    def _tree(self, row: int) -> Tree:
        nodes = slice(int(self.ptr[row]), int(self.ptr[row + 1]))
        words = [*self.words.symbols, ""]
        classes = self.classes.symbols
        return Tree(
            self.parents[nodes],
            self.slots[nodes],
            self.places[nodes],
            tuple(words[symbol] for symbol in self.symbols[nodes].tolist()),
            tuple(classes[label] if label >= 0 else "" for label in self.labels[nodes].tolist()),
        )

    def _select(self, rows: IntArray) -> "TreeCorpus":
        sizes = np.diff(self.ptr)[rows]
        ptr = np.concatenate([[0], np.cumsum(sizes)])
        nodes = np.arange(ptr[-1]) + np.repeat(self.ptr[rows] - ptr[:-1], sizes)
        arrays = ("parents", "slots", "places", "symbols", "labels")
        return replace(self, ptr=ptr, **{name: getattr(self, name)[nodes] for name in arrays})


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


def _encode(rows: list[tuple[str, ...]], vocabulary: Vocabulary, none: int) -> IntArray:
    """The ids of symbols, row after row; ``none`` for empty ones."""
    named = np.array([symbol != "" for row in rows for symbol in row])
    ids = np.full(len(named), none)
    ids[named] = vocabulary.encode_rows("trees", [[symbol for symbol in row if symbol] for row in rows]).numpy()
    return ids
