"""A tree over the words of a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from gnnseq.data.sequences import IntArray

ALIASES = {"form": "words", "value": "words", "deprel": "labels", "label": "labels"}
Value = TypeVar("Value")


def resolve(name: str, columns: Mapping[str, Value]) -> Value:
    """What a column's name, or another name of it, stands for."""
    found = ALIASES.get(name, name)
    if found not in columns:
        known = ", ".join([*ALIASES, *(column for column in columns if column not in ALIASES.values())])
        raise ValueError(f"there is no column {name!r}, expected one of {known}")
    return columns[found]


def refuse_string(name: str, values: object, each: str = "node") -> None:
    """Raises a ``TypeError`` for a string in place of a list of them."""
    if isinstance(values, str):
        raise TypeError(f"{name} is a str, expected one string per {each}")


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree of n nodes, children before their parents, so the root comes last.

    Args:
        parents: the number of every node's parent ``[n]``, -1 for the root. The tree keeps a copy of its numbers.
        slots: which child of its parent a node is ``[n]``, 0 for the leftmost and for the root.
        places: which word of the sentence a node holds ``[n]``, -1 for none; a pruned tree may have gaps. The
            leaves of a constituency tree hold the words; every node of a dependency tree holds one.
        words: one per node, "" for none.
        labels: one per node, "" for none.
        columns: further values of the nodes, by name, each ``[n]``, such as "lemma" and "upos"; "" for none.
        comments: lines that stood above the tree.

    Raises:
        TypeError: if ``words`` or ``labels`` is a string.
        ValueError: if the lengths differ, there is no node, a parent does not come later, two children of a node share
            a slot, two nodes share a place, or numbers are no integers or out of range.
    """

    parents: IntArray
    slots: IntArray
    places: IntArray
    words: tuple[str, ...]
    labels: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    comments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        size = len(self.parents)
        for name in ("parents", "slots", "places"):
            object.__setattr__(self, name, _integers(name, getattr(self, name)))
        for name in ("slots", "places", "words", "labels"):
            refuse_string(name, getattr(self, name))
            if len(getattr(self, name)) != size:
                found = len(getattr(self, name))
                raise ValueError(f"{name} has {found} entries, expected {size}, one per node")
        for name, values in self.columns.items():
            if name in ALIASES or len(values) != size:
                message = "is the tree's own" if name in ALIASES else f"has {len(values)} entries"
                raise ValueError(f"columns[{name!r}] {message}, expected another name and {size} values, one per node")
        if size == 0 or self.parents[-1] != -1:
            raise ValueError("parents does not end with -1, expected the root last")
        early = np.flatnonzero(self.parents[:-1] <= np.arange(size - 1))
        early = early if len(early) else np.flatnonzero(self.parents >= size)
        if len(early):
            node = int(early[0])
            raise ValueError(f"parents[{node}] is {self.parents[node]}, expected a later node of {size}")
        expected = "another than those of its siblings, and >= 0"
        _check_distinct("slots", list(zip(self.parents.tolist(), self.slots.tolist(), strict=True)), expected)
        # A node without a word is a group of its own.
        places = [(node, 0) if place == -1 else (-1, place) for node, place in enumerate(self.places.tolist())]
        _check_distinct("places", places, "distinct places, or -1 for none")

    def __len__(self) -> int:
        return len(self.parents)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tree) or (self.columns, self.comments) != (other.columns, other.comments):
            return False
        names = ("parents", "slots", "places", "words", "labels")
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        """The tree in brackets: label, word, children; a leaf without a label is its word."""
        children = self.children()
        parts: list[str] = []
        stack: list[int | str] = [len(self) - 1]
        while stack:
            item = stack.pop()
            if isinstance(item, str):
                parts.append(item)
            elif self.labels[item] == "" and self.words[item] and not children[item]:
                parts.append(f" {self.words[item]}")
            else:
                parts.append(" (" + " ".join(filter(None, (self.labels[item], self.words[item]))))
                stack.append(")")
                stack.extend(reversed(children[item]))
        return "".join(parts)[1:]

    @property
    def sentence_id(self) -> str:
        """The value of the comment ``# sent_id = ...``; "" without one."""
        named = (comment.partition("=") for comment in self.comments)
        return next((value.strip() for name, _, value in named if name.strip("# ") == "sent_id"), "")

    def column(self, name: str) -> tuple[str, ...]:
        """A value of every node ``[n]``, by the name that it has in the file.

        Args:
            name: "form" or "value" for the words, "deprel" or "label" for the labels, "head" for the place of each
                node's head, from 1 ("0" for the root), or one of ``columns``.

        Raises:
            ValueError: for another name.
        """
        if name == "head":
            return tuple(str(self.places[parent] + 1 if parent >= 0 else 0) for parent in self.parents)
        return resolve(name, {**self.columns, "words": self.words, "labels": self.labels})

    def children(self) -> list[list[int]]:
        """The children of every node, by slot."""
        children: list[list[int]] = [[] for _ in range(len(self))]
        for node in np.argsort(self.slots, kind="stable").tolist():
            if self.parents[node] >= 0:
                children[self.parents[node]].append(node)
        return children

    def sentence(self) -> list[str]:
        """The words in the order of the sentence."""
        order = np.argsort(self.places, kind="stable")
        return [self.words[node] for node in order.tolist() if self.places[node] >= 0]

    def depths(self) -> IntArray:
        """Edges from every node to the root ``[n]``."""
        depths = [0] * len(self)
        parents = self.parents.tolist()
        for node in range(len(self) - 2, -1, -1):
            depths[node] = depths[parents[node]] + 1
        return np.array(depths, np.int64)


def _integers(name: str, values: object) -> IntArray:
    """A copy in int64."""
    found = np.asarray(values)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise ValueError(f"{name} is {found.dtype} {list(found.shape)}, expected integers [n]")
    return found.astype(np.int64)


def _check_distinct(name: str, pairs: list[tuple[int, int]], expected: str) -> None:
    """Refuses a negative value, and one that comes twice in a group; each pair is a group and a value."""
    if len(set(pairs)) == len(pairs) and min(value for _, value in pairs) >= 0:
        return
    seen: set[tuple[int, int]] = set()
    for node, pair in enumerate(pairs):
        if pair[1] < 0 or pair in seen:
            raise ValueError(f"{name}[{node}] is {pair[1]}, expected {expected}")
        seen.add(pair)


def binarize(tree: Tree) -> Tree:
    """The tree with at most two children per node, as NLTK's ``chomsky_normal_form`` makes it.

    A node with children a, b, c, d becomes (a (b (c d))). New nodes have neither word nor label nor
    anything in another column; nodes with one child stay.
    """
    children = tree.children()
    new_nodes = np.array([max(len(below) - 2, 0) for below in children])
    place = np.arange(len(tree)) + np.cumsum(new_nodes)
    size = int(place[-1]) + 1
    parents, slots, places = np.full(size, -1), np.zeros(size, np.int64), np.full(size, -1)
    places[place] = tree.places
    for node, at in enumerate(place.tolist()):
        for slot, child in enumerate(children[node]):
            last = slot > 0 and slot == len(children[node]) - 1
            holder = at - slot + last  # at, then the new nodes, which stand before it
            parents[place[child]], slots[place[child]] = holder, int(last)
            if slot > 0 and not last:
                parents[holder], slots[holder] = holder + 1, 1
    source = dict(zip(place.tolist(), range(len(tree)), strict=True))

    def spread(values: Sequence[str]) -> tuple[str, ...]:
        return tuple(values[source[node]] if node in source else "" for node in range(size))

    columns = {name: spread(values) for name, values in tree.columns.items()}
    return Tree(parents, slots, places, spread(tree.words), spread(tree.labels), columns, tree.comments)
