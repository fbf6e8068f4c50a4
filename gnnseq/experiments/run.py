"""One trial in, one plain record out: a model is built, measured, trained and judged."""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch_geometric.data import Batch

import gnnseq
from gnnseq.experiments.budget import Size, num_weights, solve_width
from gnnseq.experiments.family import Family
from gnnseq.experiments.looks import Looks, judged
from gnnseq.experiments.measures import GRAPHS, Memory, kept_bytes, memory_mb, relative_influence
from gnnseq.experiments.settings import RECENT, Settings, first_reached
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.trial import Trial
from gnnseq.runs.provenance import now
from gnnseq.runs.runner import run_trials
from gnnseq.runs.store import Record, Store
from gnnseq.training import Callback, History, Step, best_k, fit
from gnnseq.training.checkpoints.checkpoint import PassingCheckpoint

_SAVED_EVERY = 100  # steps, where no look says otherwise
Probe = Callable[[nn.Module, Trial], Record]


def run_trial(
    trial: Trial,
    *,
    folder: Path | None = None,
    device: str = "cpu",
    before: Probe | None = None,
    after: Probe | None = None,
    callbacks: Sequence[Callback] = (),
) -> Record:
    """Trains and judges one model.

    Args:
        trial: what to run.
        folder: of checkpoints: interrupted training resumes exactly from ``<key>.pt`` in it, which is written at
            every look at validation data, or every 100 steps. `run_resumable` removes it.
        device: of torch, on which the model trains; it is built and judged on the CPU.
        before: more values of the record, plain and by name, measured on the model before its first step.
        after: the same, measured after training; not where the run diverged.
        callbacks: called after every step, as in `gnnseq.training.fit`.

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
    looks = Looks(model.to(device), trial)
    optimizer = settings.optimizer.of(model, trial.rate)
    history = fit(
        model,
        partial(_batches, trial),
        optimizer,
        step=Step(task.loss, task.metric, settings.max_norm),
        scheduler=None if settings.schedule is None else settings.schedule.of(optimizer, settings.steps),
        callbacks=[settings.stop_rule(task) if settings.validate_every is None else looks, *callbacks],
        checkpoint=_checkpoint(trial, folder),
    )
    if settings.keep_best:
        looks.load_best()
    model.cpu()
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
        "device": torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else device,
        "finished": now(),
    }


def run_resumable(
    trials: Sequence[Trial],
    store: Store,
    *,
    run: Callable[..., Record] = run_trial,
    device: str = "cpu",
    **runner: Any,
) -> list[Record]:
    """`gnnseq.runs.run_trials` for long trials, which go on within a training that was stopped.

    Args:
        trials: what to run.
        store: where records are; checkpoints lie beside its file, and are removed once all records are stored.
        run: of a trial, ``folder`` and ``device``, as `run_trial`.
        device: of torch, on which the models train.
        **runner: further arguments of `gnnseq.runs.run_trials`.
    """
    folder = store.path.parent
    records = run_trials(trials, store, run=partial(run, folder=folder, device=device), **runner)
    for trial in trials:
        for name in (f"{trial.key}.pt", f"{trial.key}.best.pt"):
            (folder / name).unlink(missing_ok=True)
    return records


def _batches(trial: Trial, first: int) -> Iterator[Batch]:
    """The training batches from a number on."""
    settings = trial.settings
    left = settings.steps - first
    return trial.task.batches(trial.family.view, trial.seed, "train", settings.batch_size, left, first)


def _checkpoint(trial: Trial, folder: Path | None) -> PassingCheckpoint | None:
    if folder is None:
        return None
    every = trial.settings.validate_every or _SAVED_EVERY
    return PassingCheckpoint(folder / f"{trial.key}.pt", every=every, settings={"key": trial.key})


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
        kept = kept_bytes(model, batch, task, family)
        return relative_influence(model, few, task, family.view), memory_mb(model, kept)


def over_seeds(
    task: Task, families: Iterable[Family], seeds: int, learning_rate: float | None, settings: Settings
) -> list[Trial]:
    """The trials of every family with seeds 0, 1, ..., once each family is known to have a size under the budget.

    Raises:
        ValueError: for a budget too small for a family.
    """
    trials = []
    for family in families:
        own = [Trial(task, family, seed, learning_rate, settings) for seed in range(seeds)]
        solve_size(own[0])
        trials += own
    return trials


def solve_size(trial: Trial) -> Size:
    """The size that the trial's budget allows, without moving torch's random state.

    Raises:
        ValueError: for a budget too small for the model.
    """
    task, family, settings = trial.task, trial.family, trial.settings
    with torch.random.fork_rng(devices=[]):
        if settings.width is not None:
            model = family.build(task, settings.width, settings.embedding)
            return Size(settings.width, settings.embedding, num_weights(family.counted(model)))
        return solve_width(
            lambda width, embedding: family.counted(family.build(task, width, embedding)),
            settings.budget,
            settings.embedding,
            multiple=family.width_multiple,
        )


def _judged(model: nn.Module, trial: Trial) -> Record:
    """The score on test data; on validation data for a tuning run."""
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
        **({"looks": looks.values} if looks.values else {}),
        "curve": {
            name: [float(f"{value:.5g}") for value in getattr(history, name)]
            for name in ("loss", "accuracy", "grad_norm")
        },
    }
