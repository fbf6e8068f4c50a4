"""Optimisers compared on one model, each with its best learning rate of the same grid."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gnnseq.experiments.families import find_family
from gnnseq.experiments.family import DEFAULT, check_apart
from gnnseq.experiments.optimizers import Optimizer, find_optimizer
from gnnseq.experiments.run import run_trial
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.tasks.palindromes import PalindromeTask
from gnnseq.experiments.trial import Trial
from gnnseq.experiments.tuning import check_grid
from gnnseq.results.joined import grouped
from gnnseq.results.ranking import ranking
from gnnseq.results.records import score as score_of
from gnnseq.results.statistics import Summary, summarise
from gnnseq.results.table import markdown_table, spread
from gnnseq.results.verdict import Comparison, compare
from gnnseq.runs.runner import run_trials
from gnnseq.runs.store import Record, Store

FIRST_TUNING_SEED = 1_000
_RUN = ("optimizer", "learning_rate", "seed")  # names a run in a race
GRID = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
SETTINGS = Settings(width=32, steps=300, test_samples=500, validate_every=5)


def base_trial(family: str = "rnn", length: int = 6, settings: Settings = SETTINGS) -> Trial:
    """A model of `gnnseq.experiments.FAMILIES` with torch's initialisation on palindromes; what a race varies."""
    return Trial(PalindromeTask(length), replace(find_family(family), initialise=DEFAULT), settings=settings)


def optimizer_title(record: Record) -> str:
    """The name under which a record's optimiser is compared."""
    return find_optimizer(record["trial"]["optimizer"]).title


@dataclass(frozen=True)
class Race:
    """The records and chosen rates of a comparison.

    Attributes:
        tuning: records of the runs that chose the learning rates.
        final: records of the runs with the chosen ones.
        chosen: learning rate of each optimiser, by its name.
        grid: the rates that all optimisers tried.

    Raises:
        ValueError: for two records of one optimiser, rate and seed: runs of several races.
    """

    tuning: list[Record]
    final: list[Record]
    chosen: dict[str, float]
    grid: tuple[float, ...]

    def __post_init__(self) -> None:
        for name, records in (("tuning", self.tuning), ("final", self.final)):
            runs = Counter(tuple(record["trial"][key] for key in _RUN) for record in records)
            if repeated := [run for run, count in runs.items() if count > 1]:
                raise ValueError(
                    f"{name} has more than one record of {repeated[0]} ({', '.join(_RUN)}), expected one of each"
                )


def run_race(
    optimizers: Sequence[Optimizer],
    store: Store,
    *,
    grid: Sequence[float] = GRID,
    seeds: int = 10,
    tuning_seeds: int = 3,
    base: Trial | None = None,
    **runner: Any,
) -> Race:
    """Tries every learning rate of the grid with every optimiser, and runs each with its best over all seeds.

    The best rate needs the fewest steps to the threshold on validation data, on average over the tuning seeds, which
    are not seeds of the final runs; a run that does not reach it counts with all its steps. Ties go to the smaller
    validation loss. All runs are stored, and stored runs are not repeated.

    Args:
        optimizers: at least one.
        store: of the records.
        grid: learning rates.
        seeds: number of final runs of each.
        tuning_seeds: number of runs for each rate.
        base: task, model and all other settings, with ``validate_every``; `base_trial` by default.
        **runner: further arguments of `run_trials`.

    Raises:
        ValueError: for no optimisers, seeds or rates, an optimiser that is given twice, a rate that is not positive, or
            a base that has no ``validate_every``.
    """
    for name, value in (("optimizers", len(optimizers)), ("seeds", seeds), ("tuning_seeds", tuning_seeds),
                        ("grid", len(grid))):  # fmt: skip
        if value < 1:
            raise ValueError(f"{name} is {value}, expected at least 1")
    check_apart("optimizers", (method.name for method in optimizers))
    base = base_trial() if base is None else base
    if base.settings.validate_every is None:
        raise ValueError("base has validate_every None, expected the steps between two looks at validation data")
    rates = check_grid(grid)
    bases = {method.name: replace(base, settings=replace(base.settings, optimizer=method)) for method in optimizers}
    tries = [
        replace(own, learning_rate=rate, seed=FIRST_TUNING_SEED + seed, purpose="tuning")
        for seed in range(tuning_seeds)
        for rate in rates
        for own in bases.values()
    ]
    tuning = run_trials(tries, store, run=run_trial, **runner)
    chosen = {name: choose_rate([r for r in tuning if r["trial"]["optimizer"] == name]) for name in bases}
    finals = [
        replace(own, learning_rate=chosen[name], seed=seed, purpose="test")
        for seed in range(seeds)
        for name, own in bases.items()
    ]
    final = run_trials(finals, store, run=run_trial, **runner)
    return Race(tuning, final, chosen, rates)


def choose_rate(records: Sequence[Record]) -> float:
    """The learning rate with the fewest steps to the threshold, then the smallest loss, by the mean over its runs."""
    by_rate = grouped(records, lambda record: float(record["trial"]["learning_rate"]))

    def rank(rate: float) -> tuple[float, float, float]:
        own = by_rate[rate]
        if any(record["status"] != "done" for record in own):
            return (float("inf"), float("inf"), rate)
        return statistics.fmean(map(steps_taken, own)), statistics.fmean(record["loss"] for record in own), rate

    return min(by_rate, key=rank)


def steps_taken(record: Record) -> float:
    """Steps to the threshold; all allowed steps, a lower bound, if it was not reached."""
    reached = record.get("steps_to_threshold")
    return float(record["trial"]["steps"] if reached is None else reached)


def race_verdicts(race: Race) -> list[Comparison]:
    """Every pair of optimisers, by their steps to the threshold on the same seeds."""
    values: dict[str, dict[int, float]] = {}
    for record in race.final:
        if record["status"] != "failed":
            values.setdefault(optimizer_title(record), {})[record["trial"]["seed"]] = steps_taken(record)
    return compare(values, task="steps to the threshold", higher_is_better=False)


def race_table(race: Race) -> str:
    """Markdown: for each optimiser its rate, steps to the threshold, how many seeds reached it, and fresh accuracy."""
    lines = []
    for name, rate in race.chosen.items():
        own = [r for r in race.final if r["trial"]["optimizer"] == name and r["status"] != "failed"]
        edge = " (end of the grid)" if len(race.grid) > 1 and rate in (race.grid[0], race.grid[-1]) else ""
        learn = f"{rates_that_learn(race, name)} of {len(race.grid)}"
        if not own:
            lines.append((find_optimizer(name).title, f"{rate:g}{edge}", "failed", "0 of 0", "", learn))
            continue
        steps = summarise([steps_taken(record) for record in own])
        score = summarise([value for record in own if (value := score_of(record)) is not None])
        reached = sum(record["steps_to_threshold"] is not None for record in own)
        lines.append((
            find_optimizer(name).title, f"{rate:g}{edge}", _steps(steps, reached),
            f"{reached} of {len(own)}", spread(score, percent=True),
            learn,
        ))  # fmt: skip
    header = ("optimizer", "learning rate", "steps to threshold", "seeds that reach it", "accuracy when it ends",
              "rates that learn")  # fmt: skip
    text = markdown_table(header, lines)
    return f"{text}\n{ranking(found)}\n" if (found := race_verdicts(race)) else text


def _steps(steps: Summary, reached: int) -> str:
    """Steps to the threshold; a lower bound without a spread if some runs did not reach it."""
    return spread(steps, percent=False) if reached == steps.count else f"more than {steps.mean:.3g}"


def rates_that_learn(race: Race, optimizer: str) -> int:
    """Learning rates of the grid with which every tuning run reached the threshold."""
    own = [record for record in race.tuning if record["trial"]["optimizer"] == optimizer]
    missed = {r["trial"]["learning_rate"] for r in own if r.get("steps_to_threshold") is None}
    return len({record["trial"]["learning_rate"] for record in own} - missed)
