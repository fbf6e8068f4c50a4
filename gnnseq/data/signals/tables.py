"""Series of sensors from CSV, Parquet and HDF5 files, with their times, as steps at equal distances."""

import re
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shorten
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gnnseq.data.signals.cells import Table, read_cells
from gnnseq.extras import require

_MOST = 1_000  # steps per row of a file; more are a wrong year
_ZONE = re.compile(r"\d[T ]\d\d(?::?\d\d){0,2}(?:[.,]\d+)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)$")  # behind a time of day
Times = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Series:
    """Values of some nodes at steps of equal distance.

    Attributes:
        values: in the units of the file ``[T, N]``, float64; NaN in gaps.
        names: of the nodes.
        times: of the steps ``[T]``, datetime64; None where the file has none.
    """

    values: Tensor
    names: list[str]
    times: Times | None = None


def read_series(
    path: str | Path,
    *,
    time: str | None = None,
    node: str | None = None,
    value: str | None = None,
    frequency: str | None = None,
) -> Series:
    """Reads series from CSV (a first row of names) or, by the end of the name, .parquet or .h5 as pandas writes them.

    A wide table has one column per node, a long one has one row per time, node and value. Steps that are missing
    between two times, and empty cells, are gaps: NaN. Needs pandas where there are times. The index of a frame in
    Parquet or HDF5 is a column too, such as the times of METR-LA; without a name of its own it is called "time".

    Args:
        path: of the file.
        time: column of timestamps, as ISO 8601 (``2012-03-01 00:05``), all with the same offset from UTC or all
            without one; the offset is dropped. None for a wide table whose rows are steps already.
        node: column of node names in a long table; None for a wide one.
        value: column of values in a long table.
        frequency: distance of two steps as pandas writes it, such as "5min" or "W"; None takes the distance of the
            first two times.

    Raises:
        ValueError: for a missing column, a cell that is no number or time, times of several zones, unsorted or
            repeated times, times off the frequency, or a name or value that comes twice; it names file, line and
            column.
        ImportError: where pandas, or pyarrow for Parquet, or tables for HDF5, is not installed.
    """
    table = read_cells(Path(path))
    if (node is None) != (value is None) or (node is not None and time is None):
        raise ValueError(f"time, node and value are {time!r}, {node!r} and {value!r}, expected all three or no node")
    if node is not None and len({time, node, value}) < 3:
        raise ValueError(f"time, node and value are {time!r}, {node!r} and {value!r}, expected three columns")
    if time is None:
        columns = list(range(len(table.names)))
        return Series(table.numbers(columns), _node_names(table, table.names), None)
    at = table.place("time", time)
    found = _times(table, at)
    if node is None or value is None:
        _check_sorted(table, at, found)
        columns = [column for column in range(len(table.names)) if column != at]
        if not columns:
            raise ValueError(f"{path} has no column but {time!r}, expected one per node")
        steps, times = _on_grid(table, at, found, frequency)
        values = torch.full((len(times), len(columns)), torch.nan, dtype=torch.float64)
        values[steps] = table.numbers(columns)
        return Series(values, _node_names(table, [table.names[column] for column in columns]), times)
    return _pivoted(table, at, table.place("node", node), table.place("value", value), found, frequency)


def _pivoted(table: Table, at: int, node: int, value: int, found: Any, frequency: str | None) -> Series:
    """A long table as a wide one."""
    steps, times = _on_grid(table, at, found, frequency)
    labels = [str(row[node]) for row in table.rows]
    names = _node_names(table, list(dict.fromkeys(labels)))
    column = {name: place for place, name in enumerate(names)}
    values = torch.full((len(times), len(names)), torch.nan, dtype=torch.float64)
    seen: dict[tuple[int, str], int] = {}
    for row, (step, name) in enumerate(zip(steps.tolist(), labels, strict=True)):
        first = seen.setdefault((step, name), row)
        if first != row:
            cell = f"{shorten(name)} at {table.rows[row][at]}"
            raise ValueError(
                f"{table.where(row, node)}: {cell} comes twice, first in {table.kind} {table.lines[first]}"
            )
        values[step, column[name]] = table.number(row, value)
    return Series(values, names, times)


def _node_names(table: Table, names: list[str]) -> list[str]:
    if not all(name.strip() for name in names):
        raise ValueError(f"{table.path}: a node has no name among {shorten(names)}, expected a name for each")
    return names


def _times(table: Table, at: int) -> Any:
    """The column of times as a pandas index, without an offset."""
    pandas = require("pandas", "experiments")
    cells = [str(row[at]).strip() for row in table.rows]
    zones = [match.group(1) if (match := _ZONE.search(cell)) else None for cell in cells]
    for row, zone in enumerate(zones):
        if zone != zones[0]:
            here, first = (zone or "no zone", zones[0] or "no zone")
            raise ValueError(f"{table.where(row, at)}: time zone {here}, expected {first} as in the first row")
    bare = [cell[: -len(zone)].rstrip() if zone else cell for cell, zone in zip(cells, zones, strict=True)]
    try:
        found = pandas.to_datetime(pandas.Series(bare), format="ISO8601", errors="coerce", utc=False)
        bad = found.isna().to_numpy() | (found.dt.tz is not None)  # an offset that is written otherwise, such as +1
    except ValueError:  # the same in some rows alone, such as 00-1:50
        bad = np.array([_is_no_time(pandas, cell) for cell in bare])
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"{table.where(row, at)}: {shorten(cells[row])} is no time, expected ISO 8601: 2012-03-01 00:05"
        )
    return pandas.DatetimeIndex(found)


def _is_no_time(pandas: Any, cell: str) -> bool:
    """Whether a cell without its offset is no time, or has another offset."""
    found = pandas.to_datetime(cell, format="ISO8601", errors="coerce")
    return bool(pandas.isna(found)) or found.tzinfo is not None


def _check_sorted(table: Table, at: int, times: Any) -> None:
    late = times[1:] <= times[:-1]
    if late.any():
        row = int(late.argmax()) + 1
        what = "repeats the time of" if times[row] == times[row - 1] else "is before"
        raise ValueError(
            f"{table.where(row, at)}: {table.rows[row][at]} {what} the row before, expected ascending times"
        )


def _on_grid(table: Table, at: int, times: Any, frequency: str | None) -> tuple[Tensor, Times]:
    """The step of every row, and the times of the steps."""
    pandas = require("pandas", "experiments")
    distinct = times.unique().sort_values()
    step = frequency
    if step is None:
        step = distinct[1] - distinct[0] if len(distinct) > 1 else pandas.Timedelta("1D")
    try:
        offset = pandas.tseries.frequencies.to_offset(step)
        if offset.n <= 0:
            raise ValueError("it is not positive")
    except (TypeError, ValueError) as error:
        raise ValueError(f"frequency is {frequency!r}, expected one of pandas, such as '5min': {error}") from None
    ticks = isinstance(offset, pandas.tseries.offsets.Tick)  # else a day or more, such as weeks
    seconds = offset.nanos / 1e9 if ticks else 86_400.0
    span = (distinct[-1] - distinct[0]).total_seconds() / seconds
    if not 0 <= span <= _MOST * len(table.rows):
        raise ValueError(
            f"{table.path}: times from {distinct[0]} to {distinct[-1]} are {span:.0f} steps for {len(table.rows)} "
            f"rows, expected at most {_MOST} a row; give their distance as frequency"
        )
    grid = pandas.date_range(distinct[0], distinct[-1], freq=offset)
    steps = grid.get_indexer(times)
    if (steps < 0).any():
        row = int((steps < 0).argmax())
        begin = grid[0] if len(grid) else distinct[0]
        advice = (
            "give their distance as frequency"
            if frequency is None
            else "give another frequency; weeks of 'W' end on Sundays, months of 'ME' on their last day: "
            "'W-MON', '7D' and 'MS' are others"
        )
        raise ValueError(
            f"{table.where(row, at)}: {table.rows[row][at]} is off the steps from {begin} on, {step} apart; {advice}"
        )
    return torch.from_numpy(steps.astype(np.int64)), grid.to_numpy()
