"""What the figures of a page show, as plain values without anything that JSON lacks."""

import math
from collections.abc import Sequence
from typing import Any

from gnnseq.results.colours import named, slots
from gnnseq.results.curves import curves, joined
from gnnseq.results.joined import Result, by_task
from gnnseq.results.ranking import ranking
from gnnseq.results.table import spread
from gnnseq.results.verdict import Comparison, diagnosis

_POINTS = 120  # of a learning curve
_COSTS = ("ms_per_step", "weights", "peak_memory_mb", "samples_to_threshold", "steps", "influence")

Plain = dict[str, Any]


def figure_data(results: Sequence[Result], comparisons: Sequence[Comparison]) -> list[Plain]:
    """For each task its models, with scores, costs and curves, and the verdict of every pair."""
    looks = {model: slot._asdict() for model, slot in slots(named(results)).items()}
    tasks = []
    for title, group in by_task(results).items():
        own = [comparison for comparison in comparisons if comparison.task == title]
        task = group[0].task
        tasks.append({
            "title": title, "name": task["name"], "size": task["size"], "metric": task["metric"],
            "percent": group[0].percent, "higher": task["higher_is_better"], "chance": task["chance"],
            "solved": task["solved"], "ranking": ranking(own) if own else "",
            "reference": own[0].a if own else group[0].model,
            "results": [_result(result) | {"look": looks[result.model]} for result in group],
            "pairs": [_pair(comparison) for comparison in own],
        })  # fmt: skip
    return tasks


def _result(result: Result) -> Plain:
    summary = result.summary
    mean = finite(summary.mean)
    return {
        "model": result.model,
        "mean": mean,
        "low": mean if summary.low is None else summary.low,
        "high": mean if summary.high is None else summary.high,
        "scores": list(result.scores.values()),
        "text": spread(summary, result.percent),
        "solved": f"{result.solved} of {summary.count} seeds",
        "diagnosis": diagnosis(result),
        "required": finite(result.first("hops_required")),
        "reach": finite(result.first("hops_reach")),
        "values": {name: finite(result.middle(name)) for name in _COSTS},
        "curve": _curve(result),
    }


def _curve(result: Result) -> Plain | None:
    lines = curves(result)
    if not lines:
        return None
    scale = 100 if result.percent else 1
    steps, *rest = joined(lines, _POINTS)
    mean, low, high = ([round(value / scale, 4) for value in line] for line in rest)
    return {"x": steps, "y": mean, "low": low, "high": high}


def _pair(comparison: Comparison) -> Plain:
    return {"a": comparison.a, "b": comparison.b, "better": comparison.better, "equal": comparison.equal,
            "p": finite(comparison.corrected), "seeds": comparison.seeds}  # fmt: skip


def finite(value: float | None) -> float | None:
    """A number for JSON; None for NaN and infinity."""
    return value if value is not None and math.isfinite(value) else None
