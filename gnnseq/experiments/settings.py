"""What all trials of a comparison share."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from gnnseq.data.indexing import check_integer
from gnnseq.experiments.optimizers import ADAM, Optimizer, Schedule
from gnnseq.experiments.tasks.base import Task
from gnnseq.training import History

_OR_NONE = ("width", "validate_every", "validation_samples")
RECENT = 20  # training batches over which learning is judged


@dataclass(frozen=True)
class Settings:
    """The same for every model: how large it is, how long and how it is trained, and on how much it is judged.

    Attributes:
        budget: number of weights.
        width: features of a state; None solves it for the budget.
        embedding: features of a symbol; adjusted slightly to meet the budget.
        steps: training steps at most.
        batch_size: samples in a training batch.
        optimizer: one of `gnnseq.experiments.optimizers`, or one's own.
        max_norm: gradients are clipped to this norm; None never clips.
        stop_at: training ends where the mean accuracy of the last 20 batches reaches this, or their mean error
            1 - ``stop_at`` of the best blind guess's; None never stops early.
        test_samples: fresh samples on which a model is judged.
        validate_every: steps between two looks at validation data. A run then counts as having reached the task's
            threshold when a validation reaches it, and stops there unless ``stop_at`` is None; None judges by training
            batches.
        validation_samples: fresh samples of a look; None for as many as ``test_samples``.
        keep_best: whether the weights of the best look are judged, not those of the last step.
        schedule: how the learning rate changes in training; None leaves it.
    """

    budget: int = 10_000
    width: int | None = None
    embedding: int = 16
    steps: int = 400
    batch_size: int = 64
    optimizer: Optimizer = ADAM
    max_norm: float | None = 10.0
    stop_at: float | None = 0.995
    test_samples: int = 2_000
    validate_every: int | None = None
    validation_samples: int | None = None
    keep_best: bool = False
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        for name in ("budget", "embedding", "steps", "batch_size", "test_samples", *_OR_NONE):
            value = getattr(self, name)
            if value is not None or name not in _OR_NONE:
                object.__setattr__(self, name, check_integer(name, value, 1))
        if self.keep_best and self.validate_every is None:
            raise ValueError("keep_best is True and validate_every None, expected the steps between two looks")
        if self.stop_at is not None and not 0 < self.stop_at <= 1:
            raise ValueError(f"stop_at is {self.stop_at}, expected a number above 0, up to 1, or None")
        if self.max_norm is not None and not self.max_norm > 0:
            raise ValueError(f"max_norm is {self.max_norm}, expected a positive number or None")

    @property
    def plain(self) -> dict[str, Any]:
        """The values for JSON; settings added later only if they are used, so that keys do not change."""
        values = {f.name: getattr(self, f.name) for f in fields(self)} | {"optimizer": self.optimizer.name}
        later = {name: values.pop(name) for name in ("validate_every", "validation_samples", "keep_best", "schedule")}
        later["schedule"] = later["schedule"] and later["schedule"].name
        return values | {name: value for name, value in later.items() if value}

    def stop_rule(self, task: Task) -> Callable[[History], bool]:
        """Whether training may stop, checked after every step."""
        if self.stop_at is None or getattr(task, "to_the_end", False):
            return lambda history: False
        bound = self.stop_at if task.higher_is_better else (1 - self.stop_at) * task.chance
        return lambda history: _reaches(history.accuracy[-RECENT:], bound, task.higher_is_better)


def first_reached(values: Sequence[float], bound: float, higher_is_better: bool) -> int | None:
    """The first step after which the mean of the last 20 batches' metric is at the bound or better; None for never."""
    steps = range(RECENT, len(values) + 1)
    return next((step for step in steps if _reaches(values[step - RECENT : step], bound, higher_is_better)), None)


def _reaches(recent: Sequence[float], bound: float, higher_is_better: bool) -> bool:
    if len(recent) < RECENT:
        return False
    mean = statistics.fmean(recent)
    return mean >= bound if higher_is_better else mean <= bound
