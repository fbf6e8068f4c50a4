"""A learning rate chosen from a grid, on validation data only."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gnnseq.experiments.tasks.base import Task
from gnnseq.runs.store import Record


@dataclass(frozen=True)
class Tuning:
    """How a learning rate was chosen.

    Attributes:
        grid: the rates that were tried.
        scores: mean validation score of each; None where a run failed or diverged.
        chosen: the rate that was taken.
        seeds: of the tuning runs.
    """

    grid: tuple[float, ...]
    scores: tuple[float | None, ...]
    chosen: float
    seeds: tuple[int, ...]

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON."""
        named = {f"{rate:g}": score for rate, score in zip(self.grid, self.scores, strict=True)}
        return {"grid": list(self.grid), "chosen": self.chosen, "scores": named, "seeds": list(self.seeds)}


def check_grid(grid: Sequence[float]) -> tuple[float, ...]:
    """The learning rates of a grid, ascending.

    Raises:
        ValueError: for none, or one that is not positive and finite.
    """
    rates = tuple(sorted(set(grid)))
    wrong = [rate for rate in rates if not 0 < rate < math.inf]
    if wrong or not rates:
        raise ValueError(
            f"grid is {list(grid)}, expected positive learning rates" + (f", not {wrong[0]}" if wrong else "")
        )
    return rates


def check_validation(task: Task) -> None:
    """Whether a task has validation data.

    Raises:
        ValueError: if not.
    """
    try:
        next(iter(task.batches(next(iter(task.views)), 0, "validation", 1, 1)))
    except (ValueError, StopIteration) as error:
        raise ValueError(
            f"{task.title} have no validation data, expected some to choose a learning rate on: {error}"
        ) from error


def extended(tuning: Tuning) -> tuple[float, ...]:
    """The grid, extended by one rate if the chosen one is at an end, by the ratio of the two rates there.

    Nothing is added where the rate beside it scores the same, nor where no rate could be chosen.
    """
    grid, scores = tuning.grid, tuning.scores
    if len(grid) < 2 or all(score is None for score in scores):
        return grid
    if tuning.chosen == grid[-1] and scores[-1] != scores[-2]:
        return (*grid, float(f"{grid[-1] * grid[-1] / grid[-2]:.2g}"))
    if tuning.chosen == grid[0] and scores[0] != scores[1]:
        return (float(f"{grid[0] * grid[0] / grid[1]:.2g}"), *grid)
    return grid


def choose(task: Task, grid: tuple[float, ...], seeds: tuple[int, ...], runs: Sequence[Sequence[Record]]) -> Tuning:
    """The best rate by mean validation score, then by loss; a rate with a run that was not done cannot win.

    Where no rate has only runs that were done, the smallest is taken.

    Args:
        task: defines which scores are better.
        grid: the rates.
        seeds: of the runs.
        runs: for each rate the records of all seeds.
    """
    sign = 1.0 if task.higher_is_better else -1.0
    scores: list[float | None] = []
    ranks: list[tuple[float, float, float]] = []
    for rate, records in zip(grid, runs, strict=True):
        if any(record["status"] != "done" for record in records):
            scores.append(None)
            continue
        scores.append(statistics.fmean(record["validation_score"] for record in records))
        loss = statistics.fmean(record["loss"] for record in records)
        ranks.append((-sign * (scores[-1] or 0.0), loss, rate))
    return Tuning(grid, tuple(scores), min(ranks)[2] if ranks else grid[0], seeds)
