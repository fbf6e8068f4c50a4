"""What happened in training, step by step, and its files."""

import csv
import io
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

from gnnseq.files import read_json, write_json, write_text

COLUMNS = ("loss", "accuracy", "grad_norm", "learning_rate")


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
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    grad_norm: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: float = 0.0
    stopped: str | None = None
    diverged: bool = False

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

    def to_csv(self, path: str | Path) -> None:
        """Writes a line for each step: its number, loss, accuracy, gradient norm and learning rate."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("step", *COLUMNS))
        columns = (getattr(self, name) for name in COLUMNS)
        writer.writerows((step, *row) for step, row in enumerate(zip(*columns, strict=True), start=1))
        write_text(path, text.getvalue())

    def to_json(self, path: str | Path) -> None:
        """Writes all of it with a checksum; `from_json` reads it."""
        write_json(path, asdict(self))

    @classmethod
    def from_json(cls, path: str | Path) -> "History":
        """What `to_json` wrote.

        Raises:
            ValueError: for another file, or one that was damaged.
        """
        try:
            found = cls(**read_json(path))
            found._check()
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path} is no history of a training: {error}") from error
        return found

    def _check(self) -> None:
        columns = {name: getattr(self, name) for name in COLUMNS}
        for name, column in columns.items():
            if not isinstance(column, list) or not all(type(value) in (int, float) for value in column):
                raise ValueError(f"{name} is no list of numbers")
        if len({len(column) for column in columns.values()}) > 1:
            raise ValueError(", ".join(f"{name} has {len(column)} steps" for name, column in columns.items()))
        kinds: dict[str, tuple[type, ...]] = {
            "seconds": (int, float),
            "stopped": (str, type(None)),
            "diverged": (bool,),
        }
        for name, kind in kinds.items():
            if type(getattr(self, name)) not in kind:
                raise ValueError(f"{name} is {getattr(self, name)!r}")


@dataclass(frozen=True)
class Evaluation:
    """Loss and accuracy (0 to 1), or the mean of another metric, over ``count`` targets."""

    loss: float
    accuracy: float
    count: int
