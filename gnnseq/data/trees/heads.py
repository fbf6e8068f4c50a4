"""Dependency trees from the head of every word."""

from collections.abc import Iterable, Mapping, Sequence
from operator import index
from typing import Any

import numpy as np

from gnnseq.data.trees.tree import Tree, refuse_string

_NAMED = 10  # nodes of a cycle that a message names


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
        TypeError: if words, labels or a column are one string.
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
    named = {"labels": labels} | {f"columns[{name!r}]": values for name, values in columns.items()}
    for name, values in {"words": words, **named}.items():
        refuse_string(name, values, "word")
    for name, entries in {"heads": heads, **named}.items():
        if len(entries) != len(words):
            raise ValueError(f"{name} has {len(entries)} entries, expected {len(words)}, one per word")
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
