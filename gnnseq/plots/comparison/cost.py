"""Cost against score: what a model's answers take in time, weights, memory and samples."""

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
    score_axis,
    score_label,
    shown,
)
from gnnseq.plots.style import figure, save
from gnnseq.results.joined import Naming, Result, by_name, family_title
from gnnseq.runs.store import Record

COSTS = {
    "ms_per_step": "milliseconds a training step",
    "weights": "weights",
    "peak_memory_mb": "peak memory (MB)",
    "samples_to_threshold": "samples to the threshold",
}


def plot_cost(records: Sequence[Record], path: str | Path, naming: Naming = family_title) -> Path:
    """Draws a row for each task at its largest size, and in it the score against each cost, on a logarithmic axis.

    A cost is the median over the seeds, a score their mean with its interval. A model that never reached the threshold
    has no point against samples; its name is written there instead.

    Raises:
        ValueError: if no record is done.
    """
    results = drawable(records, naming)
    largest = [_largest(group) for group in by_name(results).values()]
    look = looks(results)
    costs = [key for key in COSTS if any(result.middle(key) is not None for group in largest for result in group)]
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
    headline(drawn, "What does a score cost?", BESIDE)
    return save(drawn, path)


def _largest(group: Sequence[Result]) -> list[Result]:
    size = max(result.task["size"] for result in group)
    return [result for result in group if result.task["size"] == size]


def _panel(axes: Axes, group: Sequence[Result], key: str, look: dict[str, Look]) -> None:
    missing = []
    for result in group:
        colour, marker, _ = look[result.model]
        cost = result.middle(key)
        if cost is None:
            missing.append(result.model)
            axes.plot([], [], marker, color=colour, label=result.model)
            continue
        low, high = (shown(result, end) for end in ends(result))
        axes.vlines(cost, low, high, color=colour, lw=1.2, zorder=2)
        axes.plot(cost, shown(result, result.summary.mean), marker, color=colour, ms=7, mec="white", mew=0.6, ls="",
                  label=result.model, zorder=3)  # fmt: skip
    if missing:
        names = "\n".join(name if len(name) < 26 else name[:24] + "…" for name in missing)
        word = "never reached:" if key == "samples_to_threshold" else "not measured:"
        axes.text(0.03, 0.03, f"{word}\n{names}", transform=axes.transAxes, fontsize=6.5, color="0.35", va="bottom")
    axes.axhline(shown(group[0], group[0].task["chance"]), color="0.3", ls=":", lw=1.2, zorder=1)
    if len(missing) < len(group):
        _scale(axes, [cost for result in group if (cost := result.middle(key)) is not None])
    else:
        axes.set_xticks([])
    score_axis(axes, group[0])


def _scale(axes: Axes, costs: Sequence[float]) -> None:
    """A logarithmic axis that is not narrower than a factor of two, so that small differences look small."""
    low, high = min(costs), max(costs)
    if low <= 0:
        return
    wide = max(1.15, (2 / (high / low)) ** 0.5)
    axes.set_xscale("log")
    axes.set_xlim(low / wide, high * wide)
    ticks = [low, high] if high > 1.2 * low else [(low * high) ** 0.5]
    axes.set_xticks(ticks, [f"{tick:,.3g}" if tick < 1000 else f"{tick:,.0f}" for tick in ticks])
    axes.set_xticks([], minor=True)
