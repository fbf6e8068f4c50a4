"""One trial in, one plain record out: a model is built, measured, trained and judged."""

import math
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version

import torch
from torch import nn

import gnnseq
from gnnseq.data.streams import Split
from gnnseq.experiments.budget import Size, num_weights, solve_width
from gnnseq.experiments.measures import GRAPHS, Memory, kept_bytes, memory_mb, relative_influence
from gnnseq.experiments.settings import RECENT, first_reached
from gnnseq.experiments.trial import Trial
from gnnseq.runs.store import Record
from gnnseq.training import Evaluation, History, Step, best_k, evaluate, fit

TEST_BATCH = 250
Probe = Callable[[nn.Module, Trial], Record]


def run_trial(trial: Trial, *, before: Probe | None = None, after: Probe | None = None) -> Record:
    """Trains and judges one model.

    Args:
        trial: what to run.
        before: more values of the record, plain and by name, measured on the model before its first step.
        after: the same, measured after training; not where the run diverged.

    Returns:
        A record of plain values: `Trial.description`, ``status`` ("done" or "diverged"), the model's size, the
        influence of the answer before training, score and loss on fresh data, the curves of training and what it cost.

    Raises:
        ValueError: for a budget too small for the model, or outputs that do not fit the task.
    """
    task, family, settings = trial.task, trial.family, trial.settings
    model, size = build(trial)
    seen, memory = before_training(trial, model)
    probed = {} if before is None else before(model, trial)
    looks = Looks(model, trial)
    optimizer = settings.optimizer(model.parameters(), trial.rate)
    batches = task.batches(family.view, trial.seed, "train", settings.batch_size, settings.steps)
    history = fit(
        model,
        batches,
        optimizer,
        step=Step(task.loss, task.metric, settings.max_norm),
        callbacks=[settings.stop_rule(task) if settings.validate_every is None else looks],
    )
    if after is not None and not history.diverged:
        probed |= after(model, trial)
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
        **_training(history, trial, looks),
        **probed,
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


class Looks:
    """Looks at validation data every ``validate_every`` steps; training may end where one reaches the threshold.

    Attributes:
        reached: the step of that look; None before it.
    """

    def __init__(self, model: nn.Module, trial: Trial) -> None:
        self.model, self.trial = model, trial
        self.reached: int | None = None

    def __call__(self, history: History) -> bool:
        """Whether training may end, asked after every step."""
        if history.steps % (self.trial.settings.validate_every or 1) == 0:
            task = self.trial.task
            found = judged(self.model, self.trial, "validation").accuracy
            if found >= task.solved if task.higher_is_better else found <= task.solved:
                self.reached = history.steps
        return self.reached is not None


def judged(model: nn.Module, trial: Trial, split: Split) -> Evaluation:
    """Score and loss on as many fresh samples of a split as the settings ask for."""
    task, count = trial.task, math.ceil(trial.settings.test_samples / TEST_BATCH)
    batches = task.batches(trial.family.view, trial.seed, split, TEST_BATCH, count)
    return evaluate(model, batches, loss=task.loss, metric=task.metric)


def _judged(model: nn.Module, trial: Trial) -> Record:
    """The score on data that no choice has seen; on validation data where this is a run that a choice looks at."""
    tuning = trial.purpose == "tuning"
    result = judged(model, trial, "validation" if tuning else "test")
    return {
        "score": None if tuning else result.accuracy,
        "validation_score": result.accuracy if tuning else None,
        "loss": result.loss,
        "test_samples": result.count,
    }


def _training(history: History, trial: Trial, looks: Looks) -> Record:
    task, recent = trial.task, history.accuracy[-RECENT:]
    reached = looks.reached
    if trial.settings.validate_every is None:
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
