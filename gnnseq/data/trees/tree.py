"""A tree over the words of a sentence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import index
from typing import Any, TypeVar

import numpy as np

from gnnseq.data.sequences import IntArray

_NAMED = 10  # nodes of a cycle that a message names


ALIASES = {"form": "words", "value": "words", "deprel": "labels", "label": "labels"}
Value = TypeVar("Value")


def resolve(name: str, columns: Mapping[str, Value]) -> Value:
    """What a column's name, or another name of it, stands for."""
    found = ALIASES.get(name, name)
    if found not in columns:
        known = ", ".join([*ALIASES, *(column for column in columns if column not in ALIASES.values())])
        raise ValueError(f"there is no column {name!r}, expected one of {known}")
    return columns[found]


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree of n nodes, children before their parents, so the root comes last.

    Args:
        parents: the number of every node's parent ``[n]``, -1 for the root.
        slots: which child of its parent a node is ``[n]``, 0 for the leftmost and for the root.
        places: which word of the sentence a node holds ``[n]``, -1 for none. The leaves of a
            constituency tree hold the words; every node of a dependency tree holds one.
        words: one per node, "" for none.
        labels: one per node, "" for none.
        columns: further values of the nodes, by name, each ``[n]``, such as "lemma" and "upos"; "" for none.
        comments: lines that stood above the tree.

    Raises:
        ValueError: if the lengths differ, there is no node, or a parent does not come later.
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
        for name in ("slots", "places", "words", "labels"):
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


def dependency_tree(
    words: Sequence[str],
    heads: Sequence[int],
    labels: Sequence[str],
    columns: Mapping[str, Sequence[str]] | None = None,
    comments: Iterable[str] = (),
) -> Tree:
    """A tree whose nodes are words, dependents before their head.

    Dependents of a head are its children from left to right, on either side of it.

    Args:
        words: of the sentence ``[n]``.
        heads: place of every word's head ``[n]``, from 0; -1 for the root.
        labels: relation of every word to its head ``[n]``.
        columns: further values of the words, by name, each ``[n]``.
        comments: lines that belong to the sentence.

    Raises:
        HeadError: if a head is out of range, there is no root or a second one, or a cycle.
        ValueError: if there is no word, the lengths differ, a word is empty or a head is no integer.
    """
    columns = columns or {}
    heads = _check_words(words, heads, labels, columns)
    children = _dependents(heads)
    order: list[int] = []
    stack = [heads.index(-1)]
    while stack:
        order.append(stack.pop())
        stack.extend(children[order[-1]])
    if len(order) < len(heads):
        _raise_cycle(heads, min(set(range(len(heads))) - set(order)))
    order.reverse()
    rank = {word: node for node, word in enumerate(order)} | {-1: -1}
    slots = {word: slot for below in children for slot, word in enumerate(below)}
    return Tree(
        np.array([rank[heads[word]] for word in order]),
        np.array([slots.get(word, 0) for word in order]),
        np.array(order),
        tuple(words[word] for word in order),
        tuple(labels[word] for word in order),
        {name: tuple(values[word] for word in order) for name, values in columns.items()},
        tuple(comments),
    )


def _check_words(
    words: Sequence[str], heads: Sequence[int], labels: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> list[int]:
    named = {f"columns[{name!r}]": values for name, values in columns.items()}
    for name, values in {"heads": heads, "labels": labels, **named}.items():
        if len(values) != len(words):
            raise ValueError(f"{name} has {len(values)} entries, expected {len(words)}, one per word")
    if len(words) == 0:
        raise ValueError("words is empty, expected at least one word")
    if "" in words:
        raise ValueError(f"words[{list(words).index('')}] is empty, expected a word")
    return _whole(heads)


class HeadError(ValueError):
    """A word whose head makes no tree; ``word`` is its place, from 0."""

    def __init__(self, word: int, message: str) -> None:
        super().__init__(message)
        self.word = word


def _dependents(heads: Sequence[int]) -> list[list[int]]:
    children: list[list[int]] = [[] for _ in heads]
    roots = [word for word, head in enumerate(heads) if head == -1]
    for word, head in enumerate(heads):
        if not -1 <= head < len(heads):
            message = f"word {word + 1} has head {head + 1} of {len(heads)} words"
            raise HeadError(word, f"{message}, expected a word or 0 for the root")
        if head >= 0:
            children[head].append(word)
    if not roots:
        raise HeadError(0, "no word is the root, expected one head 0")
    if len(roots) > 1:
        message = f"words {roots[0] + 1} and {roots[1] + 1} are both the root, expected one head 0"
        raise HeadError(roots[1], message)
    return children


def _whole(heads: Iterable[Any]) -> list[int]:
    """Heads as Python's integers."""
    whole: list[int] = []
    for word, head in enumerate(heads):
        try:
            whole.append(index(head))
        except TypeError as error:
            raise HeadError(word, f"heads[{word}] is {head!r}, expected an integer") from error
    return whole


def _raise_cycle(heads: Sequence[int], word: int) -> None:
    seen: dict[int, int] = {}
    while word not in seen:
        seen[word] = len(seen)
        word = heads[word]
    named = name_cycle([at + 1 for at in list(seen)[seen[word] :]])
    raise HeadError(word, f"words {named} form a cycle, expected a tree")


def name_cycle(nodes: Sequence[object]) -> str:
    """A cycle for a message: ``2 -> 3 -> 2``; of a long one its first and last nodes and their number."""
    if len(nodes) <= _NAMED:
        return " -> ".join(map(str, [*nodes, nodes[0]]))
    some = [*map(str, nodes[: _NAMED - 3]), "...", *map(str, nodes[-2:]), str(nodes[0])]
    return f"{' -> '.join(some)} ({len(nodes)} of them)"
