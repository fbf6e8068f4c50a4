"""What a stored record says: its present form, its score, its purpose, and the settings of its trial."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from gnnseq.runs.store import Record

_OLD = {"hops_required", "chance", "title", "learning_rate", "accuracy"}  # fields of records of version 0.1
_OLD_TRIAL = {"length", "family"}
_OF_A_TASK = ("name", "size", "metric", "higher_is_better", "chance", "solved")
_PREPARED = "published forecasts"  # the graph is made for each model, and the digest is of both
_MAY_DIFFER = {"seed", "learning_rate", "purpose"}


def for_tuning(record: Record) -> bool:
    """Whether a run served to choose a learning rate only; it has seen no test data."""
    return record.get("purpose") == "tuning" or (record.get("trial") or {}).get("purpose") == "tuning"


def score(record: Record) -> float | None:
    """The score that counts: chance for a run that diverged, None for one that failed."""
    if record["status"] == "diverged":
        return float(record["task"]["chance"])
    value = record.get("score")
    return float(value) if value is not None and math.isfinite(value) else None


def current(record: Record) -> Record:
    """A record in today's form; those of version 0.1, on palindromes only, are accepted."""
    trial = record.get("trial")
    if "task" in record or not isinstance(trial, dict) or not record.keys() >= _OLD or not trial.keys() >= _OLD_TRIAL:
        return record
    length, chance = record["trial"]["length"], record["chance"]
    task = {"name": "palindromes", "title": f"palindromes of length {length}", "size": length, "level": "graph",
            "metric": "accuracy", "higher_is_better": True, "chance": chance, "solved": 0.95}  # fmt: skip
    family = {"name": record["trial"]["family"], "title": record["title"]}
    trial = record["trial"] | {"learning_rate": record["learning_rate"]}
    return record | {"task": task, "family": family, "trial": trial, "score": record["accuracy"]}


def unlike(records: Sequence[Record]) -> tuple[str, str] | None:
    """A value of their task in which records differ, with its values in words; None where they are of one task."""
    for name in _OF_A_TASK:
        values = [record["task"][name] for record in records]
        if any(not _same(value, values[0]) for value in values):
            return f"task.{name}", " and ".join(sorted(set(map(str, values))))
    trials = [{k: str(v) for k, v in (r["trial"].get("task") or {}).items()} for r in records]
    for name in dict.fromkeys(name for trial in trials for name in trial):
        found = sorted({trial[name] for trial in trials if name in trial})
        if len(found) > 1 and (name != "digest" or records[0]["task"]["name"] != _PREPARED):
            return f"trial.task.{name}", " and ".join(found)
    return None


def _same(a: Any, b: Any) -> bool:
    return math.isclose(a, b, rel_tol=1e-6) if isinstance(a, float) and isinstance(b, float) else bool(a == b)


def settings_that_differ(records: Iterable[Record]) -> list[str]:
    """The settings in which trials that have them differ, but for the seed and a learning rate that was tuned."""
    trials = [record["trial"] for record in records]
    names = dict.fromkeys(name for trial in trials for name in trial if name not in _MAY_DIFFER)
    tuned = all(record.get("tuning") for record in records)
    if not tuned:
        names["learning_rate"] = None
    return [name for name in names if len({str(trial[name]) for trial in trials if name in trial}) > 1]
