"""What happened in training, step by step, and its files."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gnnseq.files import read_json, write_json, write_text

_COLUMNS = ("loss", "accuracy", "grad_norm", "learning_rate")
_TYPES: dict[str, Any] = dict.fromkeys(_COLUMNS, list) | {
    "seconds": float | int,
    "stopped": str | None,
    "diverged": bool,
    "skipped": int,
}


@dataclass
class History:
    """What happened in each training step.

    Attributes:
        loss: of each step's samples.
        accuracy: of each step's samples, before the step; from 0 to 1, or the mean of another metric.
        grad_norm: of all gradients together, before clipping.
        learning_rate: of each step, of the optimizer's first group.
        seconds: wall-clock time of the whole loop.
        stopped: why training ended before its last step; None where it did not.
        diverged: whether a loss or gradient that was not finite ended it.
        skipped: batches without targets, which took no step.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    grad_norm: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: float = 0.0
    stopped: str | None = None
    diverged: bool = False
    skipped: int = 0

    @property
    def steps(self) -> int:
        """Number of steps taken."""
        return len(self.loss)

    def diverges(self, name: str, value: float) -> bool:
        """Whether a value is not finite, which is then recorded."""
        if math.isfinite(value):
            return False
        self.stopped, self.diverged = f"{name} is {value} at step {self.steps + 1}", True
        return True

    def add(self, loss: float, accuracy: float, grad_norm: float, learning_rate: float) -> None:
        """Records a step, as Python's own numbers whatever a metric gave."""
        for name, value in zip(_COLUMNS, (loss, accuracy, grad_norm, learning_rate), strict=True):
            getattr(self, name).append(float(value))

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "History":
        """A history from its attributes by name, as ``dataclasses.asdict`` gives them.

        Raises:
            ValueError: for other names or types, or curves of different lengths.
        """
        history = cls(**values)
        for name, expected in _TYPES.items():
            value = getattr(history, name)
            if not isinstance(value, expected):
                raise ValueError(f"{name} is {value!r}, expected {expected}")
        for name in _COLUMNS:
            curve = getattr(history, name)
            if len(curve) != history.steps or not all(isinstance(value, float | int) for value in curve):
                raise ValueError(f"{name} has {len(curve)} entries, expected {history.steps} numbers")
        return history

    def to_csv(self, path: str | Path) -> None:
        """Writes a line for each step: its number, loss, accuracy, gradient norm and learning rate."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("step", *_COLUMNS))
        columns = (getattr(self, name) for name in _COLUMNS)
        writer.writerows((step, *row) for step, row in enumerate(zip(*columns, strict=True), start=1))
        write_text(path, text.getvalue())

    def to_json(self, path: str | Path) -> None:
        """Writes the history with a checksum; `from_json` loads it."""
        write_json(path, asdict(self))

    @classmethod
    def from_json(cls, path: str | Path) -> "History":
        """What `to_json` wrote.

        Raises:
            ValueError: for another file, or one that was damaged.
        """
        try:
            return cls.from_plain(read_json(path))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path} is no history of a training: {error}") from error


@dataclass(frozen=True)
class Evaluation:
    """Loss and accuracy (0 to 1), or the mean of another metric, over ``count`` targets.

    ``skipped`` batches had no target.
    """

    loss: float
    accuracy: float
    count: int
    skipped: int = 0
