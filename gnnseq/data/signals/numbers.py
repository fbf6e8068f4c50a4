"""Tables of numbers from CSV files, with or without a row of names."""

import re
from pathlib import Path
from reprlib import repr as shorten

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.files import read_number, read_rows

_GAPS = {"", "-", "na", "n/a", "nan", "none", "null"}
_TIMESTAMP = re.compile(r"\s*\d+[-/:]\d+")


def read_table(path: Path, header: bool) -> tuple[list[str], Tensor]:
    """A table of numbers as CSV: the names in its first row, if it has them, and the numbers, float64.

    Raises:
        ValueError: for a cell that is no number, rows of different lengths, or a name that comes twice; it names the
            file, the line and the column.
    """
    rows = list(read_rows(path))
    names = check_names(path, *rows.pop(0)) if header and rows else []
    if not rows:
        raise ValueError(f"{path} holds no rows of numbers")
    width = len(names) if header else len(rows[0][1])
    table = np.empty((len(rows), width))
    for place, (line, row) in enumerate(rows):
        if len(row) != width:
            raise ValueError(f"{path}, line {line}: {len(row)} cells, expected {width}")
        try:
            table[place] = [read_number(cell) for cell in row]
        except ValueError:
            raise ValueError(_describe(path, line, row, names)) from None
    return names, torch.from_numpy(table)


def check_names(path: Path, line: int, row: list[str]) -> list[str]:
    """The first row of a table, if its cells are names.

    Raises:
        ValueError: for a name that comes twice, or numbers; it names the file, the line and the column.
    """
    twice = [column for column, name in enumerate(row) if name in row[:column]]
    if twice:
        raise ValueError(f"{path}, line {line}, column {twice[0] + 1}: the name {shorten(row[twice[0]])} comes twice")
    if all(re.fullmatch(r"\s*-?\d*[.]?\d*(e[+-]?\d+)?\s*", cell) for cell in row) and any("." in c for c in row):
        raise ValueError(f"{path}, line {line}: numbers, expected a row of names first")
    return row


def _describe(path: Path, line: int, row: list[str], names: list[str]) -> str:
    """Which cell of a row is no number, and what it may be instead."""
    for column, cell in enumerate(row):
        try:
            read_number(cell)
        except ValueError as error:
            where = f"{path}, line {line}, column {column + 1}" + (f" ({names[column][:30]})" if names else "")
            if cell.strip().lower() in _GAPS:
                return f"{where}: {cell!r} is a gap, expected a number; fill gaps first, or use read_series"
            if _TIMESTAMP.match(cell):
                return (
                    f"{where}: {shorten(cell)} looks like a timestamp, expected a number; leave out that column, "
                    "or use read_series"
                )
            more = "" if names else "; expected one row and one column of weights per node, without names"
            return f"{where}: {error}{more}"
    raise AssertionError("every cell is a number")
