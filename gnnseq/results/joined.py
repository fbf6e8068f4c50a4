"""Stored records, joined over seeds into one result for each task and model."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from gnnseq.results.records import current, for_tuning, score, settings_that_differ, unlike
from gnnseq.results.statistics import Summary, summarise
from gnnseq.runs.store import Record

T = TypeVar("T")
K = TypeVar("K")
Naming = Callable[[Record], str]
TWINS = {"tree-lstm": "lstm"}  # one model under two names: the child-sum Tree-LSTM on a path is the LSTM


def family_title(record: Record) -> str:
    """The name under which a record's model is compared: its family's title."""
    return str(record["family"]["title"])


@dataclass(frozen=True)
class Result:
    """One model on one task, over its seeds.

    Attributes:
        model: its name in tables and figures.
        task: name, title, size, metric, higher_is_better, chance and solved, as records hold them.
        scores: by seed, on fresh data; a run that diverged counts as chance. Empty where every run failed.
        records: that ended, by seed; where every run failed, those.
        diverged: how many of them diverged.
        failed: runs that ended in an error and left no score.
    """

    model: str
    task: dict[str, Any]
    scores: dict[int, float]
    records: tuple[Record, ...]
    diverged: int = 0
    failed: int = 0

    @cached_property
    def summary(self) -> Summary:
        """Mean, spread and interval of the scores; a mean of NaN where every run failed."""
        if not self.scores:
            return Summary(0, math.nan, None, None, None)
        return summarise(list(self.scores.values()))

    @property
    def percent(self) -> bool:
        """Whether scores are shares, which are shown in per cent."""
        return bool(self.task["metric"] == "accuracy")

    @property
    def solved(self) -> int:
        """Seeds whose score reaches the task's threshold."""
        return sum(self.gain(score) >= 1 for score in self.scores.values())

    def gain(self, score: float | None = None) -> float:
        """How far a score (the mean by default) lies on the way from chance, 0, to the task's threshold, 1."""
        chance, threshold = self.task["chance"], self.task["solved"]
        value = self.summary.mean if score is None else score
        return float((value - chance) / (threshold - chance))

    def first(self, key: str) -> Any:
        """A value that does not depend on the seed; None where no record has it."""
        return next((record[key] for record in self.records if record.get(key) is not None), None)

    def mean(self, key: str) -> float | None:
        """The mean over the seeds; None where no record has the value."""
        values = [record[key] for record in self.records if record.get(key) is not None]
        return statistics.fmean(values) if values else None

    def middle(self, key: str) -> float | None:
        """The median over the seeds; None where no record has the value."""
        values = [record[key] for record in self.records if record.get(key) is not None]
        return statistics.median(values) if values else None

    @property
    def gradient(self) -> tuple[float, float] | None:
        """Median over the seeds of a run's median and largest gradient norm; None where no curve was kept."""
        curves = [c for r in self.records if (c := (r.get("curve") or {}).get("grad_norm"))]
        if not curves:
            return None
        return statistics.median(map(statistics.median, curves)), statistics.median(map(max, curves))

    @property
    def setting(self) -> str:
        """Initialisation and learning rate, and other values where seeds differ."""
        rates = sorted({record["trial"].get("learning_rate") for record in self.records} - {None})
        rates = rates or sorted({record.get("learning_rate") for record in self.records} - {None})
        shown = " or ".join(f"{rate:g}" for rate in rates)
        kind = self.first("initialisation")
        return ", ".join(part for part in (kind, f"lr {shown}" if shown else "") if part)


def collect(records: Iterable[Record], naming: Naming = family_title) -> list[Result]:
    """One result for each task and model, in the order of first appearance, sizes ascending.

    Args:
        records: of a store; those without a score count as failed, those that chose a learning rate are left out. A
            model whose runs all failed has a result without scores.
        naming: gives a record's model its name; records of one name and task must differ in their seed.

    Raises:
        ValueError: if two records of a model have the same task and seed, since it is undefined which counts, or if its
            runs differ in a setting other than the seed and a learning rate that was chosen, or if different tasks have
            one title.
    """
    final = [record for record in map(current, records) if "task" in record and not for_tuning(record)]
    _check_one_task(final)
    groups = grouped(final, lambda record: (record["task"]["title"], naming(record)))
    names = list(dict.fromkeys(group[0]["task"]["name"] for group in groups.values()))
    ordered = sorted(groups.items(), key=lambda item: _place(item[1][0], names))
    return [_result(model, group) for (_, model), group in ordered]


def twins(values: Mapping[str, Any]) -> dict[str, str]:
    """Families that have a second name, with the same values under both: that second name.

    Args:
        values: of each family, by its name.
    """
    return {other: name for name, other in TWINS.items() if name in values and values[name] == values.get(other)}


def both_names(model: str, twin: str) -> str:
    """The name of two models that are drawn as one."""
    return f"{model}\n(equal: {twin})"


def without_twins(results: Sequence[Result]) -> list[Result]:
    """The results with models that are one model drawn once, under both names, where their scores are the same."""
    names = {str((r.first("family") or {}).get("name", r.model)): r.model for r in results}
    scores = {name: {r.task["title"]: r.scores for r in results if r.model == model} for name, model in names.items()}
    same = {names[name]: names[twin] for name, twin in twins(scores).items()}
    kept = [result for result in results if result.model not in same.values()]
    return [replace(r, model=both_names(r.model, same[r.model])) if r.model in same else r for r in kept]


def telling_apart(records: Iterable[Record]) -> Naming:
    """A naming by title, and by the settings of the trials in which runs of one title, task and seed differ.

    So optimisers on one model, or runs with and without clipping, are separate models. For two such runs with the same
    settings, or runs of different seeds with other settings, `collect` raises an error.
    """
    final = (record for record in map(current, records) if "task" in record and not for_tuning(record))
    same = grouped(final, lambda record: (record["task"]["title"], family_title(record), record["trial"]["seed"]))
    groups = [[record["trial"] for record in own] for own in same.values()]
    differing = [
        name
        for name in ("optimizer", "initialisation", "learning_rate", "max_norm", "budget", "width", "steps")
        if any(len({str(trial.get(name)) for trial in trials}) > 1 for trials in groups)
    ]
    for count in range(len(differing) + 1):
        names = differing[:count]
        if all(len({tuple(str(t.get(n)) for n in names) for t in trials}) == len(trials) for trials in groups):
            break
    return lambda record: ", ".join([family_title(record), *(f"{n} {record['trial'].get(n)}" for n in names)])


def by_task(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Results by the title of their task."""
    return grouped(results, lambda result: str(result.task["title"]))


def by_name(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Results by the name of their task, all its sizes together."""
    return grouped(results, lambda result: str(result.task["name"]))


def grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Items grouped by a function of them, in the order of first appearance."""
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def _place(record: Record, names: Sequence[str]) -> tuple[int, float]:
    return names.index(record["task"]["name"]), record["task"]["size"]


def _result(model: str, group: list[Record]) -> Result:
    scores: dict[int, float] = {}
    kept = []
    for record in group:
        value = score(record)
        if value is None:
            continue
        seed = record["trial"]["seed"]
        if seed in scores:
            raise ValueError(
                f"records hold two runs of {model} on {record['task']['title']} with seed {seed}, expected one; "
                "name them apart, or give a file that holds one setting"
            )
        scores[seed] = value
        kept.append(record)
    _check_one_setting(model, kept)
    failed = len(group) - len(kept)
    kept = kept or group
    kept.sort(key=lambda record: record["trial"]["seed"])
    diverged = sum(record["status"] == "diverged" for record in kept)
    in_order = {seed: scores[seed] for seed in sorted(scores)}
    return Result(model, kept[0]["task"], in_order, tuple(kept), diverged, failed)


def _check_one_task(records: Iterable[Record]) -> None:
    for title, group in grouped(records, lambda record: str(record["task"]["title"])).items():
        if (differing := unlike(group)) is not None:
            raise ValueError(
                f"{differing[0]} is {differing[1]} in records of {title}, expected one value; name the tasks apart, or "
                "give a file that holds one"
            )


def _check_one_setting(model: str, records: Sequence[Record]) -> None:
    for name in settings_that_differ(records):
        values = sorted({str(r["trial"][name]) for r in records if name in r["trial"]})
        raise ValueError(
            f"trial.{name} is {' and '.join(values)} in runs of {model} on {records[0]['task']['title']}, expected one "
            "value; name them apart, or give a file that holds one setting"
        )
