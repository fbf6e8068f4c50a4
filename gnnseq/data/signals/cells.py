"""Tables of cells from CSV, Parquet and HDF5 files; errors name the file, the row and the column of a cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shorten
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gnnseq.data.files import read_number, read_rows
from gnnseq.data.signals.numbers import check_names
from gnnseq.extras import require

GAPS = {"", "-", "na", "n/a", "nan", "nat", "none", "null", "<na>"}
_FRAMES = {
    ".parquet": ("Parquet", "read_parquet", "pyarrow"),
    **dict.fromkeys((".h5", ".hdf5"), ("HDF5", "read_hdf", "tables")),
}


@dataclass(frozen=True)
class Table:
    """Rows of cells; row i stands at ``lines[i]`` of the file, which ``kind`` calls "line" (CSV) or "row"."""

    path: Path
    names: list[str]
    rows: list[Sequence[Any]]
    lines: Sequence[int]
    kind: str

    def where(self, row: int, column: int) -> str:
        """The place of a cell, for a message."""
        return f"{self.path}, {self.kind} {self.lines[row]}, column {column + 1} ({self.names[column][:30]})"

    def place(self, argument: str, name: str) -> int:
        """The number of the column that an argument names."""
        if name not in self.names:
            raise ValueError(f"{argument} is {name!r}, expected a column of {self.path}: {shorten(self.names)}")
        return self.names.index(name)

    def number(self, row: int, column: int) -> float:
        """The number in a cell; NaN for a gap."""
        cell = str(self.rows[row][column])
        if cell.strip().lower() in GAPS:
            return float("nan")
        try:
            return read_number(cell)
        except ValueError as error:
            raise ValueError(f"{self.where(row, column)}: {error}, or nothing for a gap") from None

    def numbers(self, columns: list[int]) -> Tensor:
        """The numbers of some columns ``[rows, columns]``, float64."""
        found = np.empty((len(self.rows), len(columns)))
        for row, cells in enumerate(self.rows):
            picked = [cells[column] for column in columns]
            plain = _plain_numbers(picked) if self.kind == "line" else None
            found[row] = [self.number(row, column) for column in columns] if plain is None else plain
        return torch.from_numpy(found)


def read_cells(path: Path) -> Table:
    """Reads a file with a row of names; its suffix tells the format, CSV by default."""
    if path.suffix in _FRAMES:
        return _read_frame(path, *_FRAMES[path.suffix])
    rows = list(read_rows(path))
    if len(rows) < 2:
        raise ValueError(f"{path} holds no rows below a row of names")
    line, names = rows.pop(0)
    check_names(path, line, names)
    for line, row in rows:
        if len(row) != len(names):
            raise ValueError(f"{path}, line {line}: {len(row)} cells, expected {len(names)}")
    return Table(path, names, [row for _, row in rows], [line for line, _ in rows], "line")


def _read_frame(path: Path, kind: str, reader: str, package: str) -> Table:
    """A file that pandas reads as one frame."""
    pandas = require("pandas", "experiments")
    with path.open("rb"):  # raises where there is no such file
        pass
    try:
        frame = getattr(pandas, reader)(path)
        frame.columns, frame.index.names  # noqa: B018  of a series, which HDF5 may hold too, there are none
    except ImportError:
        raise ImportError(f"{path}: {kind} needs {package}; it comes with: pip install {package}") from None
    except Exception as error:
        raise ValueError(f"{path} is no {kind} file of one table: {error}") from None
    if frame.index.names == [None] and isinstance(frame.index, pandas.DatetimeIndex):
        frame.index.name = "time"
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()  # an index with a name is a column, such as the times
    names = [str(name) for name in frame.columns]
    if not len(frame):
        raise ValueError(f"{path} holds no rows")
    check_names(path, 0, names)
    return Table(path, names, list(frame.itertuples(index=False, name=None)), range(len(frame)), "row")


def _plain_numbers(cells: list[str]) -> npt.NDArray[np.float64] | None:
    """A row without gaps and errors at once, by the rules of `read_number`; None for any other row."""
    if "_" in "".join(cells):
        return None
    try:
        found = np.array(list(map(float, cells)))
    except ValueError:
        return None
    return found if (np.abs(found) <= torch.finfo(torch.float32).max).all() else None
