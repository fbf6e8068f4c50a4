"""ListOps expressions from a file, as Nangia and Bowman 2018 published them."""

from pathlib import Path
from reprlib import repr as shorten
from typing import NamedTuple

import numpy as np

from gnnseq.data.files import read_text
from gnnseq.data.synthetic.expressions import Level, evaluate, starts
from gnnseq.data.synthetic.listops_forms import SYMBOLS

_CLOSE = len(SYMBOLS) - 1


class Expression(NamedTuple):
    """A digit, or a list.

    Args:
        symbol: the digit, or 10 to 13 for the operators MIN, MAX, MED and SM.
        arguments: of a list; none for a digit.
    """

    symbol: int
    arguments: tuple["Expression", ...] = ()


def read_listops(path: str | Path) -> list[Expression]:
    """Reads nested lists and checks their values (https://arxiv.org/abs/1804.06028), such as ``test_d20s.tsv``.

    A line is a value, a tab and an expression. Round brackets, which say in which order the published trees join the
    symbols, are passed over.

    Args:
        path: of a UTF-8 file.

    Raises:
        ValueError: if a line has not two columns, an expression is malformed, or the value is not what the expression
            comes to. The message names the file and the line.
    """
    lines = [(number, line) for number, line in enumerate(read_text(path).split("\n"), 1) if line.strip()]
    if not lines:
        raise ValueError(f"{path} is empty, expected at least one expression")
    expressions, values = [], []
    for number, line in lines:
        value, tab, text = line.partition("\t")
        try:
            if not tab or value not in SYMBOLS.symbols[:10]:
                raise ValueError(f"expected a digit, a tab and an expression, got {shorten(line)}")
            expressions.append(_parse([token for token in text.split() if token not in "()"]))
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
        values.append(int(value))
    found = evaluate(levels_of(expressions))[0]
    wrong = np.flatnonzero(found != values)
    if len(wrong):
        row = int(wrong[0])
        raise ValueError(f"{path}, line {lines[row][0]}: expected the value {found[row]}, got {values[row]}")
    return expressions


def levels_of(expressions: list[Expression]) -> list[Level]:
    """Expressions level by level, as `grow` makes them at random."""
    levels: list[Level] = []
    nodes, parent = expressions, np.zeros(len(expressions), np.int64)
    slot = parent
    while nodes or not levels:
        lists = np.array([place for place, node in enumerate(nodes) if node.arguments], np.int64)
        counts = np.array([len(nodes[place].arguments) for place in lists], np.int64)
        levels.append(Level(parent, slot, lists, counts, np.array([node.symbol for node in nodes], np.int64)))
        nodes = [argument for node in nodes for argument in node.arguments]
        parent = np.repeat(np.arange(len(lists)), counts)
        slot = np.arange(len(parent)) - starts(counts)[parent]
    return levels


def _parse(tokens: list[str]) -> Expression:
    stack: list[tuple[int, list[Expression]]] = []  # open lists
    for place, token in enumerate(tokens, 1):
        if token not in SYMBOLS:
            raise ValueError(f"symbol {place} is {shorten(token)}, expected one of {' '.join(SYMBOLS.symbols)}")
        symbol = SYMBOLS.symbols.index(token)
        if 10 <= symbol < _CLOSE:
            stack.append((symbol, []))
            continue
        if symbol == _CLOSE and not (stack and stack[-1][1]):
            raise ValueError(f"symbol {place} is ']', expected an operator and an argument before it")
        done = Expression(symbol)
        if symbol == _CLOSE:
            operator, arguments = stack.pop()
            done = Expression(operator, tuple(arguments))
        if stack:
            stack[-1][1].append(done)
        elif place == len(tokens):
            return done
        else:
            raise ValueError(f"the expression ends with symbol {place} of {len(tokens)}, expected one expression")
    raise ValueError(f"{len(stack)} lists are open at the end, expected one whole expression")
