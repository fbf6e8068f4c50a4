"""One model, one task, one seed: plain data in, a plain record out."""

import hashlib
import json
import math
import statistics
import time
from dataclasses import asdict, dataclass, field, is_dataclass
from importlib.metadata import version
from typing import Any, Literal

import torch
from torch import nn

import gnnseq
from gnnseq.data.streams import Split
from gnnseq.experiments.budget import Size, num_weights, solve_width
from gnnseq.experiments.family import Family
from gnnseq.experiments.measures import GRAPHS, Memory, kept_bytes, memory_mb, relative_influence
from gnnseq.experiments.settings import RECENT, Settings, first_reached
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.tuning import Tuning
from gnnseq.runs.store import Record
from gnnseq.training import History, best_k, evaluate, fit

TEST_BATCH = 250
Purpose = Literal["test", "tuning"]


@dataclass(frozen=True)
class Trial:
    """Everything that decides a run; the same trial gives the same record, but for times.

    Attributes:
        task: what the model is asked to do.
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
        if not self.rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}, expected a positive number")
        self.family.collate(self.task)  # raises for a view that the task does not have

    @property
    def rate(self) -> float:
        """The learning rate."""
        return self.family.learning_rate if self.learning_rate is None else self.learning_rate

    @property
    def plain(self) -> dict[str, Any]:
        """All values as JSON knows them."""
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
        """A hash of all the values, by which a store finds the record again."""
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
    if not is_dataclass(task) or isinstance(task, type):
        raise TypeError(f"task is {task!r}, expected a frozen dataclass of plain values")
    return asdict(task)


def run_trial(trial: Trial) -> Record:
    """Trains and judges one model.

    Returns:
        A record of plain values: `Trial.description`, ``status`` ("done" or "diverged"), the model's size, the
        influence of the answer before training, score and loss on fresh data, the curves of training and what it cost.

    Raises:
        ValueError: for a budget too small for the model, or outputs that do not fit the task.
    """
    task, family, settings = trial.task, trial.family, trial.settings
    model, size = build(trial)
    seen, memory = before_training(trial, model)
    optimizer = settings.optimizer(model.parameters(), trial.rate)
    batches = task.batches(family.view, trial.seed, "train", settings.batch_size, settings.steps)
    history = fit(
        model,
        batches,
        optimizer,
        max_norm=settings.max_norm,
        loss=task.loss,
        metric=task.metric,
        after_step=settings.stop_rule(task),
    )
    return {
        **trial.description,
        "status": "diverged" if history.diverged else "done",
        "stopped": history.stopped,
        "width": size.width,
        "embedding": size.embedding,
        "weights": size.weights,
        "state_size": family.state_size(task, size.width),
        "budget_note": size.note,
        "influence": seen,
        "peak_memory_mb": memory(optimizer),
        **_judged(model, trial),
        **_training(history, trial),
        "versions": {name: version(name) for name in ("torch", "torch-geometric")} | {"gnnseq": gnnseq.__version__},
        "threads": torch.get_num_threads(),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def build(trial: Trial) -> tuple[nn.Module, Size]:
    """The model before its first step, and its size; seeds torch's random numbers."""
    torch.manual_seed(trial.seed)
    size = solve_size(trial)
    model = trial.family.build(trial.task, size.width, size.embedding)
    trial.family.initialise(model, trial.task)
    return model, size


def before_training(trial: Trial, model: nn.Module) -> tuple[float | None, Memory]:
    """The influence of the answer, and the memory of training once there is an optimiser; changes nothing.

    Raises:
        ValueError: for outputs that do not fit the task.
    """
    task, family, settings = trial.task, trial.family, trial.settings
    with torch.random.fork_rng(devices=[]):
        few, batch = (
            next(task.batches(family.view, trial.seed, "train", size, 1)) for size in (GRAPHS, settings.batch_size)
        )
        kept = kept_bytes(model, batch, task, family.name)
        return relative_influence(model, few, task, family.view), memory_mb(model, kept)


def solve_size(trial: Trial) -> Size:
    """The size that the trial's budget allows, without moving torch's random state.

    Raises:
        ValueError: for a budget too small for the model.
    """
    task, family, settings = trial.task, trial.family, trial.settings
    with torch.random.fork_rng(devices=[]):
        if settings.width is not None:
            model = family.build(task, settings.width, settings.embedding)
            return Size(settings.width, settings.embedding, num_weights(model))
        return solve_width(
            lambda width, embedding: family.build(task, width, embedding), settings.budget, settings.embedding
        )


def _judged(model: nn.Module, trial: Trial) -> Record:
    """The score on data that no choice has seen; on validation data where this is a run that a choice looks at."""
    split: Split = "validation" if trial.purpose == "tuning" else "test"
    count = math.ceil(trial.settings.test_samples / TEST_BATCH)
    task = trial.task
    batches = task.batches(trial.family.view, trial.seed, split, TEST_BATCH, count)
    result = evaluate(model, batches, loss=task.loss, metric=task.metric)
    tuning = trial.purpose == "tuning"
    return {
        "score": None if tuning else result.accuracy,
        "validation_score": result.accuracy if tuning else None,
        "loss": result.loss,
        "test_samples": result.count,
    }


def _training(history: History, trial: Trial) -> Record:
    task, recent = trial.task, history.accuracy[-RECENT:]
    reached = first_reached(history.accuracy, task.solved, task.higher_is_better)
    return {
        "steps": history.steps,
        "best_50": best_k(history.accuracy) if history.accuracy and task.higher_is_better else None,
        "train_score": statistics.fmean(recent) if recent else None,
        "steps_to_threshold": reached,
        "samples_to_threshold": None if reached is None else reached * trial.settings.batch_size,
        "ms_per_step": 1e3 * history.seconds / max(history.steps, 1),
        "seconds": history.seconds,
        "curve": {
            "loss": [round(v, 5) for v in history.loss],
            "accuracy": [round(v, 4) for v in history.accuracy],
            "grad_norm": [round(v, 5) for v in history.grad_norm],
        },
    }
