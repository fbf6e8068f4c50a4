"""State tracking: every family on every task, in theory and after training, at lengths longer than in training."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from gnnseq.experiments.comparison import check_seeds, run_comparison
from gnnseq.experiments.encoders import LAYERS, along, predictor, two_states
from gnnseq.experiments.families import FAMILIES
from gnnseq.experiments.family import Family, check_apart
from gnnseq.experiments.run import run_trial
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.tasks.automata import LANGUAGES, AutomatonTask
from gnnseq.experiments.tasks.base import Task, find_view
from gnnseq.experiments.tasks.formulas import FORMULAS, FormulaTask
from gnnseq.experiments.trial import Trial
from gnnseq.experiments.tuning import check_grid
from gnnseq.layers import MinGRU
from gnnseq.models.modes import evaluating
from gnnseq.results.joined import TWINS
from gnnseq.runs.runner import run_trials
from gnnseq.runs.store import Record, Store
from gnnseq.studies.compute.predict import can_compute

LENGTHS = (40, 80, 160, 256)  # the first is the longest that is trained on
_SYMBOLS = 8_000  # of a batch in a test
SAMPLES = 50  # test samples of each length and kind
GRID = (1e-3, 3e-3, 1e-2)
SETTINGS = Settings(steps=600, batch_size=32, stop_at=1.0, test_samples=500)
_TUNED_ON = ("s3", "sum-modulo-5")
TASKS: tuple[Task, ...] = (*map(AutomatonTask, LANGUAGES), *map(FormulaTask, FORMULAS))
MIN_GRU_SIGNED = Family(
    "min-gru-signed", "path", predictor(along(partial(MinGRU, num_layers=LAYERS, signed=True))),
    f"MinGRU, signed, {LAYERS} layers", state_size=two_states,
)  # fmt: skip
STUDIED = (*(family for family in FAMILIES if family.name not in TWINS), MIN_GRU_SIGNED)


def run_study(
    store: Store,
    tasks: Sequence[Task] = TASKS,
    families: Sequence[Family] = STUDIED,
    *,
    seeds: int | Sequence[int] = 5,
    grid: Sequence[float] | None = GRID,
    settings: Settings = SETTINGS,
    lengths: Sequence[int] = LENGTHS,
    **runner: Any,
) -> list[Record]:
    """Runs every family on every task that has its view; finished runs in the store are not repeated.

    Each family first tries the rates on one of the tasks (words of S3, or sums modulo 5 on trees, or the first that it
    reads), judged on validation data of another seed, and keeps the best for all of them.

    Args:
        store: of the records.
        tasks: with ``at(length)``.
        families: the models.
        seeds: of the runs, or their number; all tasks of a seed are run before the next seed.
        grid: learning rates to try; None takes each family's own.
        settings: of all runs.
        lengths: of test samples.
        **runner: further arguments of `gnnseq.runs.run_trials`.

    Returns:
        The records: seeds in the outer loop, then tasks, then families.

    Raises:
        ValueError: for a length under 1, no seeds, a task without a matching family, or a store that holds one of the
            runs at other lengths.
    """
    check_lengths(lengths)
    runner = {"run": partial(run_compute, lengths=tuple(lengths)), **runner}
    joined = readers(tasks, families)
    chosen = check_seeds(seeds)
    rates = {} if grid is None else _rates(joined, store, chosen[:1], check_grid(grid), settings, **runner)
    trials = [Trial(*pair, seed, rates.get(pair[1].name), settings) for seed in chosen for pair in joined]
    _check_measured(trials, store, lengths)
    return run_trials(trials, store, **runner)


def readers(tasks: Sequence[Task], families: Sequence[Family]) -> list[tuple[Task, Family]]:
    """Each task with each family that has a matching view.

    Raises:
        ValueError: for a task without a matching family, no tasks, or one that is given twice, like a family.
    """
    check_apart("tasks", (task.title for task in tasks))
    check_apart("families", (family.name for family in families))
    joined = [(task, family) for task in tasks for family in families if family.joins(task)]
    unread = [task.title for task in tasks if task not in dict(joined)]
    if unread or not joined:
        raise ValueError(
            f"families holds none with a view of {', '.join(unread) or 'a task'}, expected one for each task"
        )
    return joined


def check_lengths(lengths: Sequence[int]) -> None:
    """Refuses no lengths, and lengths that are not positive.

    Raises:
        ValueError: if so.
    """
    if not lengths or min(lengths) < 1:
        raise ValueError(f"lengths is {list(lengths)}, expected positive lengths")


def _check_measured(trials: Sequence[Trial], store: Store, lengths: Sequence[int]) -> None:
    records, wanted = store.read(), set(map(str, lengths))
    for record in (records[trial.key] for trial in trials if trial.key in records):
        found = record.get("by_length") or {}
        if record["status"] == "done" and found.keys() != wanted:
            raise ValueError(
                f"lengths is {list(lengths)}, but {store.path} holds {record['label']} at lengths "
                f"{', '.join(found) or 'none'}; expected the same lengths, or another file"
            )


def _rates(
    joined: Sequence[tuple[Task, Family]],
    store: Store,
    seeds: Sequence[int],
    grid: Sequence[float],
    settings: Settings,
    **runner: Any,
) -> dict[str, float]:
    """The best rate of each family on the task that it is tuned on; one rate needs no tuning."""
    if len(grid) == 1:
        return {family.name: grid[0] for _, family in joined}
    rates = {}
    for family in dict.fromkeys(family for _, family in joined):
        own = [task for task, other in joined if other == family]
        task = min(own, key=lambda task: _TUNED_ON.index(task.name) if task.name in _TUNED_ON else len(_TUNED_ON))
        found = run_comparison(
            [task], [family], store=store, seeds=seeds, grid=grid, extensions=0, settings=settings, **runner
        )
        rates[family.name] = float(found[0]["tuning"]["chosen"])
    return rates


def run_compute(trial: Trial, lengths: Sequence[int] = LENGTHS, samples: int = SAMPLES) -> Record:
    """`gnnseq.experiments.run_trial`, with the prediction of theory and right answers by length.

    The record has ``computes`` ("can", "cannot" or "not known"), ``because``, and ``by_length`` and
    ``hard_by_length``: for each length the right answers and their number, on random samples, and on the hard
    samples of the theorems (periodic words, deep formulas). A run that selects a learning rate has none of them.
    """
    if trial.purpose == "tuning":
        return run_trial(trial)
    return run_trial(trial, before=predicted, after=partial(_tested, lengths=lengths, samples=samples))


def predicted(model: nn.Module, trial: Trial) -> Record:
    """The prediction of theory for a trial's family and task, as a probe of `gnnseq.experiments.run_trial`.

    Nothing for tasks of another kind, and no random number is drawn.
    """
    if not isinstance(trial.task, AutomatonTask | FormulaTask):
        return {}
    with torch.random.fork_rng(devices=[]):
        answer = can_compute(trial.family, trial.task)
    return {"computes": answer.word, "because": answer.reason}


def _tested(model: nn.Module, trial: Trial, lengths: Sequence[int], samples: int) -> Record:
    measure = partial(by_length, model, trial.task, trial.family.view, lengths, samples, trial.seed)
    hard = hasattr(trial.task, "hard")
    return {"by_length": measure(), **({"hard_by_length": measure(hard=True)} if hard else {})}


@torch.no_grad()
def by_length(
    model: Callable[..., Any],
    task: Any,
    view: str,
    lengths: Sequence[int],
    samples: int = SAMPLES,
    seed: int = 0,
    hard: bool = False,
) -> dict[str, list[int]]:
    """Right answers and their number on test samples of each length.

    Args:
        model: for batches of the view.
        task: with ``at(length)``: automata, formulas, lists, copies, recalls and other tasks over sequences.
        view: graph of a sample that is the model's input.
        lengths: of the samples.
        samples: of each length.
        seed: of the samples.
        hard: whether to take the hard samples of the theory: ``task.hard(seed)``.

    Raises:
        TypeError: for a task without ``at``.
        ValueError: for a length that the task cannot have.
    """
    check_lengths(lengths)
    if not hasattr(task, "at"):
        raise TypeError(f"task is {task!r}, expected one with at(length)")
    collate = find_view(task, view)
    found = {}
    with evaluating(model):
        for length in lengths:
            own, size = task.at(length), max(1, _SYMBOLS // length)
            data = own.hard(seed) if hard else own.dataset(seed, "test")
            counts = []
            for start in range(0, samples, size):
                batch = collate(data[start : min(start + size, samples)])
                counts.append(own.metric(model(batch), batch.y))
            found[str(length)] = [int(sum(part)) for part in zip(*counts, strict=True)]
    return found
