"""Reading the indices of a dataset: one sample, a slice, or a row of integers."""

import operator
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from torch import Tensor

from gnnseq.data.sequences import IntArray

Rows: TypeAlias = Sequence[int] | npt.NDArray[np.int64] | Tensor
Index: TypeAlias = int | slice | Rows


def is_single(index: Index) -> bool:
    """Whether an index is of one sample, not of a batch."""
    if isinstance(index, Tensor | np.ndarray):
        return index.ndim == 0
    return not isinstance(index, slice | Sequence)


def positions(index: Index, num_samples: int | None) -> IntArray:
    """The samples ``[B]`` that an index names, counted from the start.

    Args:
        index: an integer, a slice or a row of integers; negative ones count from the end.
        num_samples: size of the dataset; ``None`` for one without end.

    Raises:
        IndexError: if the index is out of range or of another kind.
    """
    if isinstance(index, slice):
        return _from_slice(index, num_samples)
    if isinstance(index, range):
        rows = np.arange(index.start, index.stop, index.step)
    elif is_single(index):
        rows = np.array([operator.index(index)])  # type: ignore[arg-type]
    else:
        rows = np.asarray(index)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise IndexError(f"index has shape {list(rows.shape)} and dtype {rows.dtype}, expected one row of integers")
    return _within(rows.astype(np.int64), num_samples)


def check_integer(name: str, value: object, low: int, high: int | None = None) -> int:
    """The value as an ``int``.

    Raises:
        ValueError: if it is no integer from ``low`` to ``high``.
    """
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        number = int(value)
        if low <= number and (high is None or number <= high):
            return number
    bounds = f">= {low}" if high is None else f"from {low} to {high}"
    raise ValueError(f"{name} is {value!r}, expected an integer {bounds}")


def _from_slice(index: slice, num_samples: int | None) -> IntArray:
    if num_samples is not None:
        return np.arange(*index.indices(num_samples))
    start, stop = index.start or 0, index.stop
    step = 1 if index.step is None else index.step
    if stop is None or min(start, stop) < 0 or step < 1:
        raise IndexError(
            f"{index} has no meaning for a dataset without end (num_samples is None), "
            "expected 0 <= start, a stop and a step >= 1"
        )
    return np.arange(start, stop, step)


def _within(rows: IntArray, size: int | None) -> IntArray:
    """Counts negative indices from the end and refuses those out of range."""
    outside = rows < (0 if size is None else -size)
    if size is not None:
        outside |= rows >= size
    if outside.any():
        kind = "without end" if size is None else f"of {size} samples"
        raise IndexError(f"index {rows[outside][0]} is out of range for a dataset {kind}")
    return rows if size is None else np.where(rows < 0, rows + size, rows)
