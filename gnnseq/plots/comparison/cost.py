"""Score against cost: time, weights, memory and samples."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from gnnseq.plots.comparison.models import (
    BESIDE,
    Look,
    drawable,
    ends,
    headline,
    legend_beside,
    looks,
    mark_chance,
    score_axis,
    score_label,
    shown,
)
from gnnseq.plots.style import figure, save
from gnnseq.results.joined import Naming, Result, by_name, family_title
from gnnseq.runs.store import Record

COSTS = {
    "ms_per_step": "milliseconds per training step",
    "weights": "weights",
    "peak_memory_mb": "peak memory (MB)",
    "samples_to_threshold": "samples to the threshold",
}


def plot_cost(records: Sequence[Record], path: str | Path, naming: Naming = family_title) -> Path:
    """Draws a row for each task at its largest size, and in it the score against each cost, on a logarithmic axis.

    A cost is the median over the seeds, a score their mean with its interval. A model without a cost, such as one that
    never reached the threshold, has an empty marker at the right edge. Weights are left out where all models of a task
    have about the same number.

    Raises:
        ValueError: if no record is done.
    """
    results = drawable(records, naming)
    largest = [_largest(group) for group in by_name(results).values()]
    look = looks(results)
    costs = [key for key in COSTS if any(_known(group, key) for group in largest)]
    if len(costs) > 1 and all(_equal(_known(group, "weights")) for group in largest):
        costs = [key for key in costs if key != "weights"]
    if not costs:
        raise ValueError(f"records hold no cost, expected at least one of {', '.join(COSTS)}")
    drawn = figure(2.9 * len(costs) + BESIDE, 2.7 * len(largest) + 0.7)
    grid = drawn.subplots(len(largest), len(costs), squeeze=False, sharey="row")
    for row, group in zip(grid, largest, strict=True):
        for axes, key in zip(row, costs, strict=True):
            _panel(axes, group, key, look)
        row[0].set_ylabel(f"{group[0].task['title']}\n{score_label(group[0])}", fontsize=8)
    for axes, key in zip(grid[-1], costs, strict=True):
        axes.set_xlabel(COSTS[key])
    legend_beside(drawn, grid[:, 0])
    empty = [_missing(key) for key in costs if any(len(_known(group, key)) < len(group) for group in largest)]
    note = f" (empty: {' or '.join(dict.fromkeys(empty))})" if empty else ""
    headline(drawn, f"Score against cost: mean score and 95 % interval, median cost{note}", BESIDE)
    return save(drawn, path)


def _known(group: Sequence[Result], key: str) -> list[float]:
    return [cost for result in group if (cost := result.middle(key)) is not None]


def _equal(costs: Sequence[float]) -> bool:
    return not costs or max(costs) < 1.2 * min(costs)


def _missing(key: str) -> str:
    return "threshold not reached" if key == "samples_to_threshold" else "not measured"


def _largest(group: Sequence[Result]) -> list[Result]:
    size = max(result.task["size"] for result in group)
    return [result for result in group if result.task["size"] == size]


def _panel(axes: Axes, group: Sequence[Result], key: str, look: dict[str, Look]) -> None:
    costs = _known(group, key)
    word = _missing(key).removeprefix("threshold ").replace(" ", "\n")
    edge = _scale(axes, costs, word if len(costs) < len(group) else None)
    for result in group:
        colour, marker, _ = look[result.model]
        cost = result.middle(key)
        place, face = (edge, "none") if cost is None else (cost, colour)
        low, high = (shown(result, end) for end in ends(result))
        axes.vlines(place, low, high, color=colour, lw=1.2, zorder=2)
        axes.plot(place, shown(result, result.summary.mean), marker, color=colour, mfc=face, ms=7, ls="",
                  mec="white" if cost is not None else colour, mew=0.6 if cost is not None else 1.2,
                  label=result.model, zorder=3)  # fmt: skip
    mark_chance(axes, shown(group[0], group[0].task["chance"]))
    score_axis(axes, group[0])


def _scale(axes: Axes, costs: Sequence[float], without: str | None) -> float:
    """A logarithmic axis over a factor of two at least; the place of models without a cost, named by ``without``."""
    low, high = (min(costs), max(costs)) if costs and min(costs) > 0 else (1.0, 1.0)
    wide = max(1.15, (2 / (high / low)) ** 0.5)
    low, high = low / wide, high * wide
    edge = float(high * (high / low) ** 0.15)
    axes.set_xscale("log")
    axes.set_xlim(low, high if without is None else high * (high / low) ** 0.3)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = [(1, 2, 5) if high < 10 * low else (1, 3), (1, 2, 3, 4, 5, 6, 8)]
    found = [[s * 10.0**power for power in powers for s in few if low <= s * 10.0**power <= high] for few in steps]
    ticks = found[0] if len(found[0]) > 1 else found[1]
    ticks = (ticks or [(low * high) ** 0.5]) if costs else []
    names = [f"{tick:,.3g}" if tick < 1000 else f"{tick:,.0f}" for tick in ticks]
    axes.set_xticks([*ticks, edge] if without else ticks, [*names, without] if without else names)
    axes.set_xticks([], minor=True)
    axes.tick_params(axis="x", labelsize=8)
    return edge
