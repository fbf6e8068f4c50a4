"""Conditions of the runs of a comparison, and failures, from their records."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from gnnseq.results.joined import Result, by_task, family_title
from gnnseq.results.records import current, for_tuning
from gnnseq.runs.store import Record

_APART = ("seed", "family", "view", "initialisation", "learning_rate", "length", "size", "purpose")  # shown elsewhere
MANY = 12  # values that are listed at most


def conditions(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Every setting with its values, in words: of the trials, then seeds, versions, threads and dates."""
    seen: dict[str, dict[str, None]] = {}
    for record in records:
        if for_tuning(record):
            continue
        for name, value in _flat(record.get("trial") or {}):
            if name not in _APART and not name.startswith("task "):
                seen.setdefault(name.replace("_", " "), {})[_text(value)] = None
        if (kind := (record.get("host") or {}).get("capability")) is not None:
            seen.setdefault("processor", {})[str(kind)] = None
        for name, value in (record.get("versions") or {}).items():
            seen.setdefault(f"version of {name}", {})[str(value)] = None
        if record.get("threads") is not None:
            seen.setdefault("threads of a run", {})[str(record["threads"])] = None
        if record.get("budget_note"):
            seen.setdefault("budget missed", {})[str(record["budget_note"])] = None
    lines = [(name, _listed(list(values))) for name, values in seen.items()]
    seeds = sorted({r["trial"]["seed"] for r in records if "seed" in (r.get("trial") or {}) and not for_tuning(r)})
    finished = sorted(record["finished"] for record in records if record.get("finished"))
    tuning = sum(map(for_tuning, records))
    lines.insert(
        0, ("runs", f"{len(records)}, {tuning} of them to choose learning rates" if tuning else f"{len(records)}")
    )
    lines.insert(1, ("seeds", _listed([str(seed) for seed in seeds])))
    if finished:
        lines.append(("finished", finished[0] if finished[0] == finished[-1] else f"{finished[0]} to {finished[-1]}"))
    return lines


def cautions(results: Sequence[Result]) -> list[str]:
    """Cautions about the means: models without some seeds of their task, and runs on different processors.

    Another processor adds up in another order, so the same trial may end elsewhere.
    """
    found = []
    for title, group in by_task(results).items():
        seeds = set().union(*(result.scores for result in group))
        for result in group:
            missing = sorted(seeds - set(result.scores))
            if missing:
                listed = _listed([str(seed) for seed in missing])
                found.append(f"{title}: {result.model} has no score at seed {listed}.")
    kinds = Counter(
        str(kind) for result in results for r in result.records if (kind := (r.get("host") or {}).get("capability"))
    )
    if len(kinds) > 1:
        parts = ", ".join(f"{count} on {kind}" for kind, count in sorted(kinds.items()))
        found.append(f"Runs on unlike processors are averaged: {parts}.")
    return found


def learning_rates(records: Iterable[Record]) -> list[tuple[str, str, str, str, str]]:
    """Task, model, grid and choice of every tuning, with a note where the choice is at an end of the grid.

    Beyond that end a better rate may lie, so the grid should be made longer.
    """
    lines: dict[tuple[str, str, str, str, str], None] = {}
    for record in map(current, records):
        tuning = record.get("tuning")
        if not tuning or "task" not in record:
            continue
        grid = sorted(tuning["grid"])
        note = "at the end of the grid" if tuning["chosen"] in (grid[0], grid[-1]) and len(grid) > 1 else ""
        shown = ", ".join(f"{rate:g}" for rate in grid)
        lines[record["task"]["title"], family_title(record), shown, f"{tuning['chosen']:g}", note] = None
    return list(lines)


def failures(records: Iterable[Record]) -> list[tuple[str, str, str]]:
    """Label, status and reason of every final run that failed or diverged; in a grid some rates always do."""
    return [
        (str(record.get("label") or record["key"]), record["status"], str(record.get("stopped") or ""))
        for record in records
        if record["status"] != "done" and not for_tuning(record)
    ]


def _flat(values: dict[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name} ")
        else:
            yield before + name, value


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _listed(values: list[str]) -> str:
    rest = f" and {len(values) - MANY} more" if len(values) > MANY else ""
    return "; ".join(values[:MANY]) + rest
