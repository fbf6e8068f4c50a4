"""ListOps expressions level by level: every step is one operation over all of them."""

from typing import NamedTuple

import numpy as np

from gnnseq.data.counters import Words, below, derive
from gnnseq.data.sequences import IntArray

OPERATORS = 4
DIGITS = 10

_NESTED = 4  # one argument in so many is a list


class Level(NamedTuple):
    """The nodes of all expressions at one depth; siblings are adjacent.

    Args:
        parent: place of the parent among the lists of the level above ``[n]``.
        slot: which argument of its parent a node is ``[n]``.
        lists: places of the nodes that are lists ``[m]``.
        counts: their numbers of arguments ``[m]``.
        symbol: the digit, or 10 to 13 for the operators MIN, MAX, MED and SM ``[n]``.
    """

    parent: IntArray
    slot: IntArray
    lists: IntArray
    counts: IntArray
    symbol: IntArray


def grow(keys: Words, depth: int, arguments: int) -> list[Level]:
    """Expressions from their keys ``[B]``: the nodes of every level, from the roots down.

    A node's key is its random word and the source of its arguments' keys, so an expression depends
    on its own key only.

    Args:
        keys: random words.
        depth: most levels.
        arguments: most arguments of a list.
    """
    levels: list[Level] = []
    parent = slot = np.zeros(len(keys), np.int64)
    while len(keys) or not levels:
        operator, digit, count = np.unravel_index(
            below(keys >> np.uint64(8), OPERATORS * DIGITS * (arguments - 1)),
            (OPERATORS, DIGITS, arguments - 1),
        )
        nested = below(keys, _NESTED) == 0 if levels else np.ones(len(keys), np.bool_)
        lists = np.flatnonzero(nested & (len(levels) < depth - 1))
        counts = 2 + count[lists]
        digit[lists] = DIGITS + operator[lists]
        levels.append(Level(parent, slot, lists, counts, digit))
        parent = np.repeat(np.arange(len(lists)), counts)
        slot = np.arange(len(parent)) - starts(counts)[parent]
        keys = derive(keys[lists[parent]], slot)
    return levels


def sums(levels: list[Level], own: int) -> list[IntArray]:
    """Nodes (``own`` is 1) or symbols (2: an operator and "]") of every subtree; 1 for a digit."""
    totals: list[IntArray] = []
    for level in reversed(levels):
        total = np.ones(len(level.symbol), np.int64)
        if len(level.lists):
            total[level.lists] = own + np.add.reduceat(totals[-1], starts(level.counts))
        totals.append(total)
    return totals[::-1]


def first_positions(levels: list[Level], sizes: list[IntArray], roots: IntArray, own: int) -> list[IntArray]:
    """Where every subtree begins, if ``own`` symbols of a list stand before its arguments."""
    first = [roots]
    for above, level, size in zip(levels, levels[1:], sizes[1:], strict=False):
        before = starts(size)
        before -= before[starts(above.counts)][level.parent]
        first.append(first[-1][above.lists[level.parent]] + own + before)
    return first


def evaluate(levels: list[Level]) -> list[IntArray]:
    """The value of every subtree."""
    values: list[IntArray] = []
    for level in reversed(levels):
        value = level.symbol.copy()
        if len(level.lists):
            value[level.lists] = _apply(value[level.lists] - DIGITS, values[-1], level.counts)
        values.append(value)
    return values[::-1]


def starts(counts: IntArray) -> IntArray:
    """First positions of consecutive groups of the given sizes."""
    return np.cumsum(counts) - counts


def _apply(operators: IntArray, arguments: IntArray, counts: IntArray) -> IntArray:
    """The values of lists, from the values of their arguments."""
    begin = starts(counts)
    ranked = arguments[np.lexsort((arguments, np.repeat(begin, counts)))]
    middle = (ranked[begin + (counts - 1) // 2] + ranked[begin + counts // 2]) // 2
    total = np.add.reduceat(arguments, begin) % 10
    results = np.stack([ranked[begin], ranked[begin + counts - 1], middle, total])
    chosen: IntArray = results[operators, np.arange(len(operators))]
    return chosen
