"""Pairs of trees with a label or a score: logical inference, and the sentences of SICK."""

from collections.abc import Callable
from pathlib import Path
from reprlib import repr as shorten
from typing import NamedTuple

from gnnseq.data.files import read_number, read_text
from gnnseq.data.trees.binary import parse_binary
from gnnseq.data.trees.tree import Tree

LOGIC_RELATIONS = ("#", "<", "=", ">", "^", "v", "|")
SICK_RELATIONS = ("NEUTRAL", "ENTAILMENT", "CONTRADICTION")
_HEADERS = {"entailment": ("entailment_judgment", "entailment_label"), "score": ("relatedness_score",)}


class TreePairs(NamedTuple):
    """Pairs of trees.

    Args:
        left: the first tree of each pair.
        right: the second.
        labels: relation of each pair.
        scores: relatedness of each pair, from 1 to 5; none at all if empty.
    """

    left: list[Tree]
    right: list[Tree]
    labels: list[str]
    scores: list[float]


def read_logic(path: str | Path) -> TreePairs:
    """Reads formulas and the relation between them, as Bowman et al. 2015 made them (https://arxiv.org/abs/1506.04834).

    A line is one of seven relations, a tab, a formula, a tab and a formula, both in brackets.

    Args:
        path: of a UTF-8 file.

    Raises:
        ValueError: for another number of columns, another relation, or malformed brackets; it names file and line.
    """
    pairs = TreePairs([], [], [], [])
    for where, fields in _rows(path):
        if len(fields) != 3 or fields[0] not in LOGIC_RELATIONS:
            expected = f"one of {' '.join(LOGIC_RELATIONS)} and two formulas, with tabs between them"
            raise ValueError(f"{where}: expected {expected}, got {shorten(fields)}")
        for trees, text in zip(pairs[:2], fields[1:], strict=True):
            trees.append(_parsed(where, text, parse_binary))
        pairs.labels.append(fields[0])
    return pairs


def read_sick(path: str | Path, parse: Callable[[str], Tree]) -> TreePairs:
    """Reads the SICK sentences of SemEval 2014, task 1 (Marelli et al. 2014).

    The first line names the columns: ``sentence_A``, ``sentence_B``, ``relatedness_score`` and ``entailment_judgment``
    (or ``entailment_label``); others are passed over.

    Args:
        path: of a UTF-8 file with tabs between the columns.
        parse: a sentence to a tree. Where there is no parser, a tree that ignores the grammar, such as
            ``lambda text: balanced_tree(text.split())``.

    Raises:
        ValueError: if a column is missing, a line has another number of columns than the first, a relation is unknown,
            a score is no number from 1 to 5, or there is no pair. The message names the file and the line.
    """
    rows = _rows(path)
    where, names = rows[0]
    columns = [_place(where, names, wanted) for wanted in (("sentence_A",), ("sentence_B",), *_HEADERS.values())]
    if len(rows) == 1:
        raise ValueError(f"{path} has headings alone, expected at least one pair")
    pairs = TreePairs([], [], [], [])
    for where, fields in rows[1:]:
        if len(fields) != len(names):
            raise ValueError(f"{where}: expected {len(names)} columns as in line 1, got {len(fields)}")
        left, right, label, score = (fields[place] for place in columns)
        if label not in SICK_RELATIONS:
            raise ValueError(f"{where}: expected one of {', '.join(SICK_RELATIONS)}, got {shorten(label)}")
        pairs.left.append(_parsed(where, left, parse))
        pairs.right.append(_parsed(where, right, parse))
        pairs.labels.append(label)
        pairs.scores.append(_score(where, score))
    return pairs


def _rows(path: str | Path) -> list[tuple[str, list[str]]]:
    lines = read_text(path).split("\n")
    rows = [(f"{path}, line {number}", line.split("\t")) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise ValueError(f"{path} is empty, expected at least one pair")
    return rows


def _place(where: str, names: list[str], wanted: tuple[str, ...]) -> int:
    for name in wanted:
        if name in names:
            return names.index(name)
    raise ValueError(f"{where}: expected a column {' or '.join(wanted)}, got {shorten(names)}")


def _score(where: str, text: str) -> float:
    try:
        score = read_number(text)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if not 1 <= score <= 5:
        raise ValueError(f"{where}: expected a score from 1 to 5, got {shorten(text)}")
    return score


def _parsed(where: str, text: str, parse: Callable[[str], Tree]) -> Tree:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
