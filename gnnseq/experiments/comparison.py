"""Models against models on tasks, on the same footing: the same samples, weights, settings and number of tries."""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from gnnseq.data.indexing import check_integer
from gnnseq.experiments.family import Family, check_apart
from gnnseq.experiments.run import run_trial
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.trial import Trial
from gnnseq.experiments.tuning import Tuning, check_grid, check_validation, choose, extended
from gnnseq.runs.runner import run_trials
from gnnseq.runs.store import Record, Store

FIRST_TUNING_SEED = 1_000_000
_LAST = 2**63 - 1  # seed of torch
Pair = tuple[Task, Family]


def run_comparison(
    tasks: Iterable[Task],
    families: Iterable[Family],
    *,
    store: Store,
    seeds: int | Sequence[int] = 3,
    grid: Sequence[float] | None = None,
    tuning_seeds: int | Sequence[int] = 1,
    extensions: int = 3,
    settings: Settings | None = None,
    **runner: Any,
) -> list[Record]:
    """Every family on every task that has its view, over seeds.

    All models see the same samples in the same order for a seed. With a grid, every model first tries every learning
    rate on the same tuning seeds, judged on validation data; the best mean score decides (between equal ones the lower
    loss), and only the final runs use test data. If the best rate is at an end of the grid, the grid is extended
    there by the ratio of its last two rates, until the best is inside, at most ``extensions`` times; the page marks a
    choice that stays at an end. All runs, those of tuning too, are stored; nothing that a store holds is run again.

    Args:
        tasks: the tasks.
        families: the models; see `Family` for your own.
        store: where records are, and go.
        seeds: of the final runs, or their number.
        grid: learning rates that every model tries on every task; None takes each family's own.
        tuning_seeds: of the runs that choose, or their number (they are counted from 1,000,000); none of them may be
            among ``seeds``.
        extensions: how often a grid of two rates or more may grow by one, at either end.
        settings: shared by all runs.
        **runner: further arguments of `run_trials`, such as ``jobs`` and ``progress``.

    Returns:
        The records of the final runs: seeds in the outer loop, then tasks, then families.

    Raises:
        ValueError: for no seeds, a rate that is not positive and finite, seeds used for both purposes, a task without
            validation data where a grid is given, a task without a matching family, or tasks or families that share a
            name.
    """
    settings = Settings() if settings is None else settings
    chosen_seeds = check_seeds(seeds)
    joined = pairs(tasks, families)
    if grid is None:
        rates: list[Tuning | None] = [None] * len(joined)
    else:
        trying = check_seeds(tuning_seeds, "tuning_seeds", FIRST_TUNING_SEED)
        both = sorted(set(chosen_seeds) & set(trying))
        if both:
            raise ValueError(f"tuning_seeds holds {both[0]}, expected no seed of the final runs")
        rates = [*_tune(joined, check_grid(grid), trying, extensions, settings, store, **runner)]
    trials = [
        Trial(task, family, seed, None if rate is None else rate.chosen, settings, tuning=rate)
        for seed in chosen_seeds
        for (task, family), rate in zip(joined, rates, strict=True)
    ]
    records = run_trials(trials, store, **{"run": run_trial, **runner})
    return [_whole(record, trial, store) for record, trial in zip(records, trials, strict=True)]


def _whole(record: Record, trial: Trial, store: Store) -> Record:
    """With how the rate was chosen this time, in the store too; a run that failed is described by its trial."""
    if record["status"] == "failed":
        return record | trial.description
    tuning = None if trial.tuning is None else trial.tuning.plain
    if tuning is not None and record.get("tuning") != tuning:
        store.append(record | {"tuning": tuning})
    return record | {"tuning": tuning}


def pairs(tasks: Iterable[Task], families: Iterable[Family]) -> list[Pair]:
    """Each task with each family that has a matching view; a note for each other family.

    Raises:
        ValueError: for no tasks or families, two tasks of one title, two families of one name, or a task without a
            matching family.
    """
    tasks, families = list(tasks), list(families)
    for name, values in (("tasks", tasks), ("families", families)):
        if not values:
            raise ValueError(f"{name} is empty, expected at least one")
    check_apart("tasks", (task.title for task in tasks))
    check_apart("families", (family.name for family in families))
    joined = [(task, family) for task in tasks for family in families if family.joins(task)]
    for task in tasks:
        absent = [family for family in families if not family.joins(task)]
        if len(absent) == len(families):
            raise ValueError(f"{task.title} offer {', '.join(task.views)}, expected a view that a family reads: "
                             f"{', '.join(sorted({family.view for family in families}))}")  # fmt: skip
        if absent:
            left = ", ".join(f"{family.name} ({family.view})" for family in absent)
            warnings.warn(
                f"{task.title}: left out, since the task has no such view or number of hops: {left}", stacklevel=3
            )
    return joined


def check_seeds(seeds: int | Sequence[int], name: str = "seeds", first: int = 0) -> tuple[int, ...]:
    """For a number so many seeds from the first on, or those given.

    Raises:
        ValueError: for none, one that is given twice, or one that is no integer from 0 to 2^63 - 1.
    """
    if not isinstance(seeds, Sequence):
        return tuple(range(first, first + check_integer(name, seeds, 1)))
    chosen = tuple(check_integer(f"{name}[{place}]", seed, 0, _LAST) for place, seed in enumerate(seeds))
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(f"{name} is {seeds}, expected at least one, and none twice")
    return chosen


def _tune(
    joined: Sequence[Pair],
    grid: tuple[float, ...],
    seeds: tuple[int, ...],
    extensions: int,
    settings: Settings,
    store: Store,
    **runner: Any,
) -> list[Tuning]:
    """For each pair of task and family the learning rate of the grid with the best validation score.

    Raises:
        ValueError: for a task without validation data, or a negative number of extensions.
    """
    if extensions < 0:
        raise ValueError(f"extensions is {extensions}, expected at least 0")
    for task in dict.fromkeys(task for task, _ in joined):
        check_validation(task)
    grids = dict.fromkeys(joined, grid)
    found: dict[Pair, Tuning] = {}
    for _ in range(1 + extensions):
        found |= _tried({pair: grids[pair] for pair in joined if pair not in found or grids[pair] != found[pair].grid},
                        seeds, settings, store, **runner)  # fmt: skip
        grids = {pair: extended(found[pair]) for pair in joined}
        if all(grids[pair] == found[pair].grid for pair in joined):
            break
    return [found[pair] for pair in joined]


def _tried(
    grids: dict[Pair, tuple[float, ...]], seeds: tuple[int, ...], settings: Settings, store: Store, **runner: Any
) -> dict[Pair, Tuning]:
    """The best rate of each grid."""
    tries = {
        pair: [[Trial(*pair, seed, rate, settings, "tuning") for seed in seeds] for rate in grid]
        for pair, grid in grids.items()
    }
    trials = [trial for runs in tries.values() for same_rate in runs for trial in same_rate]
    records = {record["key"]: record for record in run_trials(trials, store, **{"run": run_trial, **runner})}
    return {
        pair: choose(pair[0], grids[pair], seeds, [[records[trial.key] for trial in same] for same in runs])
        for pair, runs in tries.items()
    }
