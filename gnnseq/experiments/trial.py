"""One model, one task, one seed: everything that decides a run, as plain data."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, Literal

from gnnseq.experiments.family import Family
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.tasks.base import HasPlain, Task
from gnnseq.experiments.tuning import Tuning
from gnnseq.runs.store import Record

Purpose = Literal["test", "tuning"]


@dataclass(frozen=True)
class Trial:
    """Everything that decides a run; the same trial gives the same record, but for times.

    Attributes:
        task: the task.
        family: the model.
        seed: of weights and samples.
        learning_rate: step size; the family's own by default.
        settings: shared by all trials of a comparison.
        purpose: a "test" run is judged on fresh test data, a "tuning" run on validation data only.
        tuning: how the learning rate was chosen; noted in the record, no part of the key.
    """

    task: Task
    family: Family
    seed: int = 0
    learning_rate: float | None = None
    settings: Settings = field(default_factory=Settings)
    purpose: Purpose = "test"
    tuning: Tuning | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        _values(self.task)  # raises for what is no plain data
        object.__setattr__(self, "learning_rate", self.rate)
        if not 0 < self.rate < math.inf:
            raise ValueError(f"learning_rate is {self.learning_rate}, expected a positive, finite number")
        self.family.collate(self.task)  # raises for a view that the task does not have

    @property
    def rate(self) -> float:
        """The learning rate."""
        return self.family.learning_rate if self.learning_rate is None else self.learning_rate

    @property
    def plain(self) -> dict[str, Any]:
        """All values, for JSON."""
        return {
            "task": {"name": self.task.name} | _values(self.task),
            "family": self.family.name,
            "view": self.family.view,
            "initialisation": self.family.initialise.name,
            "seed": self.seed,
            "learning_rate": self.rate,
            "purpose": self.purpose,
            **self.settings.plain,
        }

    @property
    def key(self) -> str:
        """A hash of all the values, the key of its record in a store."""
        return hashlib.sha256(json.dumps(self.plain, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """The trial in a few words."""
        kind = ", tuning" if self.purpose == "tuning" else ""
        task = f"{self.task.name} {self.task.size}"
        return f"{self.family.name}, {task}, lr {self.rate:g}, seed {self.seed}{kind}"

    @property
    def description(self) -> Record:
        """What of the record is known before the run."""
        task, family = self.task, self.family
        sight = family.sight(task)
        return {
            "key": self.key,
            "label": self.label,
            "trial": self.plain,
            "purpose": self.purpose,
            "task": {
                "name": task.name,
                "title": task.title,
                "size": task.size,
                "level": task.level,
                "metric": task.metric_name,
                "higher_is_better": task.higher_is_better,
                "chance": task.chance,
                "solved": task.solved,
                "view": family.view,
            },
            "family": {"name": family.name, "title": family.title, "order_free": family.order_free},
            "initialisation": family.initialise.name,
            "hops_required": sight.required,
            "hops_reach": sight.reach,
            "tuning": None if self.tuning is None else self.tuning.plain,
        }


def _values(task: Any) -> dict[str, Any]:
    if isinstance(task, HasPlain):
        return task.plain
    if not is_dataclass(task) or isinstance(task, type):
        raise TypeError(f"task is {task!r}, expected a frozen dataclass of plain values")
    return asdict(task)
