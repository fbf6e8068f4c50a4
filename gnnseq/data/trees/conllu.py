"""Rows of CoNLL-U sentences (https://universaldependencies.org/format.html)."""

import re
from collections.abc import Iterable, Iterator
from reprlib import repr as shorten
from typing import NamedTuple, TypeAlias

from gnnseq.data.trees.heads import HeadError, dependency_tree
from gnnseq.data.trees.tree import Tree

Block: TypeAlias = tuple[int, list[str]]  # number of the first line, lines

COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
KEPT = ("lemma", "upos", "xpos", "feats", "deps", "misc")  # by name; the others are a tree's words, labels and parents

_RANGE = re.compile(r"[0-9]+-[0-9]+")
_EMPTY = re.compile(r"[0-9]+\.[0-9]+")
_NUMBER = re.compile(r"[0-9]{1,9}")


class Row(NamedTuple):
    """A line of a sentence: its number in the file and its ten columns, as they stand."""

    line: int
    columns: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether it is an empty node such as ``5.1``, which only enhanced dependencies have."""
        return _EMPTY.fullmatch(self.columns[0]) is not None

    def __getattr__(self, name: str) -> str:
        """A column, by its name."""
        if name not in COLUMNS:
            raise AttributeError(name)
        return self.columns[COLUMNS.index(name)]


def sentence_blocks(lines: Iterable[str]) -> Iterator[list[Block]]:
    """Runs of lines without an empty one, if they hold more than comments."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append(line)
            continue
        if any(not entry.startswith("#") for entry in block):
            yield [(number - len(block), block)]
        block = []


def parse_rows(first: int, lines: list[str]) -> tuple[list[Row], tuple[str, ...]]:
    """The words and empty nodes of a sentence, and its comments; ranges such as ``4-5`` are left out.

    Raises:
        ValueError: for another number of columns, a word, empty node or range out of order, a head that is no number,
            or an empty form or relation. The message names the line.
    """
    rows: list[Row] = []
    number_of_words = empty_nodes = covered = 0  # covered: the last word of the ranges so far
    for number, line in enumerate(lines, first):
        if line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != 10:
            message = f"expected 10 columns with tabs between them, got {len(columns)}"
            raise ValueError(f"line {number}: {message}")
        row = Row(number, tuple(columns))
        if _RANGE.fullmatch(columns[0]):
            covered = _last_of_range(row, max(number_of_words, covered) + 1)
            continue
        if row.is_empty:
            empty_nodes += 1
            _check_id(row, "empty node", f"{number_of_words}.{empty_nodes}")
        else:
            number_of_words, empty_nodes = number_of_words + 1, 0
            _check_word(row, number_of_words)
        rows.append(row)
    if number_of_words < max(covered, 1):
        what = f"word {number_of_words + 1}, which a range has" if number_of_words else "at least one word"
        raise ValueError(f"line {first + len(lines) - 1}: expected {what}")
    return rows, tuple(line for line in lines if line.startswith("#"))


def _last_of_range(row: Row, start: int) -> int:
    """The last word of a range, which begins with word ``start``."""
    begin, end = row.columns[0].split("-")
    if begin != str(start) or not _NUMBER.fullmatch(end) or int(end) < start:
        raise ValueError(f"line {row.line}: expected a range from word {start} on, got {shorten(row.columns[0])}")
    return int(end)


def _check_id(row: Row, what: str, expected: str) -> None:
    if row.columns[0] != expected:
        raise ValueError(f"line {row.line}: expected {what} {expected}, got {shorten(row.columns[0])}")


def _check_word(row: Row, expected: int) -> None:
    _check_id(row, "word", str(expected))
    where, form, label = f"line {row.line}", row.form, row.deprel
    if not _NUMBER.fullmatch(row.head):
        raise ValueError(f"{where}: expected a number as head, got {shorten(row.head)}")
    if not (form.strip() and label.strip()):
        what = "form in column 2" if not form.strip() else "relation in column 8"
        raise ValueError(f"{where}: expected a {what}, got {shorten(label if form.strip() else form)}")


def parse_tree(first: int, lines: list[str]) -> list[Tree]:
    """The basic dependencies of a sentence as one tree."""
    rows, comments = parse_rows(first, lines)
    words = [row for row in rows if not row.is_empty]
    columns = {name: [getattr(row, name) for row in words] for name in KEPT}
    heads = [int(row.head) - 1 for row in words]
    try:
        tree = dependency_tree([row.form for row in words], heads, [row.deprel for row in words], columns, comments)
    except HeadError as error:
        raise ValueError(f"line {words[error.word].line}: {error}") from None
    return [tree]
