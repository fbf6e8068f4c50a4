"""ListOps expressions, given level by level, as trees, as binary trees and as sequences."""

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.sequences import UNLABELLED, IntArray
from gnnseq.data.synthetic.expressions import Level, evaluate, first_positions, sums
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.corpus import TreeCorpus

_DIGITS = Vocabulary([str(digit) for digit in range(10)], separator=" ")
SYMBOLS = Vocabulary([*_DIGITS.symbols, "[MIN", "[MAX", "[MED", "[SM", "]"], separator=" ")

_CLOSE = SYMBOLS.symbols.index("]")


def to_corpus(levels: list[Level]) -> TreeCorpus:
    """A node for every digit and list; operators are the symbols of lists, values the labels."""
    sizes = sums(levels, 1)
    ptr = np.concatenate([[0], np.cumsum(sizes[0])])
    first = first_positions(levels, sizes, ptr[:-1], 0)
    nodes = [begin + size - 1 for begin, size in zip(first, sizes, strict=True)]
    rows = _empty_rows(int(ptr[-1]))
    for depth, (level, place, value) in enumerate(zip(levels, _places(levels), evaluate(levels), strict=True)):
        at = nodes[depth]
        rows["slots"][at], rows["places"][at] = level.slot, place
        rows["symbols"][at], rows["labels"][at] = level.symbol, value
        if depth:
            rows["parents"][at] = nodes[depth - 1][levels[depth - 1].lists[level.parent]]
    return _corpus(ptr, rows)


def to_binary_corpus(levels: list[Level]) -> TreeCorpus:
    """A leaf for every digit and operator, and a node for every argument, which joins it to the list so far.

    A list of k arguments has s nodes in all and becomes 2 s - 1: its operator, then each argument followed by the
    node that takes it. The last of these is the list's own.
    """
    sizes = [2 * size for size in sums(levels, 1)]
    ptr = np.concatenate([[0], np.cumsum(sizes[0] - 1)])
    first = first_positions(levels, sizes, ptr[:-1], 1)
    rows = _empty_rows(int(ptr[-1]))
    for depth, (level, place, value) in enumerate(zip(levels, _places(levels), evaluate(levels), strict=True)):
        leaf, top = first[depth], first[depth] + sizes[depth] - 2
        rows["places"][leaf], rows["symbols"][leaf] = place, level.symbol
        rows["labels"][top] = value
        if depth:
            operator = first[depth - 1][levels[depth - 1].lists[level.parent]]
            before = np.where(level.slot == 0, operator, leaf - 1)
            rows["parents"][before] = rows["parents"][top] = top + 1
            rows["slots"][top] = 1
    return _corpus(ptr, rows)


def to_sequences(levels: list[Level]) -> tuple[list[Tensor], list[Tensor]]:
    """Symbols, and the value of what ends at each of them, -100 for nothing."""
    lengths = sums(levels, 2)
    ptr = np.cumsum(lengths[0])
    firsts = first_positions(levels, lengths, ptr - lengths[0], 1)
    total = int(ptr[-1]) if len(ptr) else 0
    symbols, values = np.full(total, _CLOSE), np.full(total, UNLABELLED)
    for level, first, length, value in zip(levels, firsts, lengths, evaluate(levels), strict=True):
        symbols[first] = level.symbol
        values[first + length - 1] = value
    rows = (torch.split(torch.from_numpy(row), lengths[0].tolist()) for row in (symbols, values))
    one, two = (list(row) for row in rows)
    return one, two


def _places(levels: list[Level]) -> list[IntArray]:
    """The position of every node's symbol in its sequence."""
    lengths = sums(levels, 2)
    return first_positions(levels, lengths, np.zeros_like(lengths[0]), 1)


def _empty_rows(size: int) -> dict[str, IntArray]:
    """Nodes that are roots, first children, without a word and a label."""
    none = {"parents": -1, "slots": 0, "places": -1, "symbols": len(SYMBOLS), "labels": UNLABELLED}
    return {name: np.full(size, value) for name, value in none.items()}


def _corpus(ptr: IntArray, rows: dict[str, IntArray]) -> TreeCorpus:
    """Parents in the numbering of all trees become those of each tree."""
    inner = rows["parents"] >= 0
    rows["parents"][inner] -= np.repeat(ptr[:-1], np.diff(ptr))[inner]
    return TreeCorpus(
        ptr,
        rows["parents"],
        rows["slots"],
        rows["places"],
        rows["symbols"],
        rows["labels"],
        words=SYMBOLS,
        classes=_DIGITS,
    )
