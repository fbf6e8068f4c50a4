"""Score against the size of a task, a panel for each model."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from gnnseq.plots.comparison.models import (
    drawable,
    ends,
    headline,
    looks,
    mark_chance,
    of_one_task,
    score_axis,
    score_label,
    shown,
    size_label,
)
from gnnseq.plots.style import panels, save
from gnnseq.results.joined import Naming, Result, family_title
from gnnseq.results.verdict import cannot_see
from gnnseq.runs.store import Record


def plot_accuracy(records: Sequence[Record], path: str | Path, naming: Naming = family_title) -> Path:
    """Draws a panel for each model: every seed, the mean with its interval, chance, and sizes out of the model's reach.

    Args:
        records: of a store, of one task in any number of sizes.
        path: of the PNG.
        naming: gives a record's model its name.

    Returns:
        The path.

    Raises:
        ValueError: if no record is done, or the records are of several tasks.
    """
    results = drawable(records, naming)
    of_one_task(results)
    look = looks(results)
    drawn, grid = panels(len(look), 3.6, 2.5)
    sizes = sorted({result.task["size"] for result in results})
    for axes, (model, own) in zip(grid, look.items(), strict=True):
        _panel(axes, model, results, own.colour)
        axes.set_xticks(sizes if len(sizes) < 9 else sizes[:: len(sizes) // 6])
    drawn.supxlabel(size_label(results), fontsize=10)
    drawn.supylabel(score_label(results[0]), fontsize=10)
    headline(drawn, _title(results))
    return save(drawn, path)


def _title(results: Sequence[Result]) -> str:
    weights = [w for result in results if (w := result.first("weights")) is not None]
    seeds = max(result.summary.count for result in results)
    budget = f"{min(weights):,} to {max(weights):,} weights; " if weights else ""
    many = f"{seeds} seeds (dots), mean and 95\u00a0% bootstrap interval (line)"
    runs = many if seeds > 1 else "one seed (dots)"
    name = str(results[0].task["name"])
    return (
        f"{name[:1].upper()}{name[1:]}, {results[0].task['metric']} of each model: {budget}{runs}, other models (grey)"
    )


def _panel(axes: Axes, model: str, results: Sequence[Result], colour: str) -> None:
    own = [result for result in results if result.model == model]
    for other in dict.fromkeys(result.model for result in results):
        line = [result for result in results if result.model == other]
        axes.plot(_sizes(line), _means(line), color="0.85", lw=1, zorder=1)
    _shade_blind(axes, own)
    mark_chance(axes, shown(own[0], own[0].task["chance"]))
    axes.plot(_sizes(own), _means(own), color=colour, lw=2, zorder=3)
    low, high = zip(*([shown(result, end) for end in ends(result)] for result in own), strict=True)
    axes.fill_between(_sizes(own), low, high, color=colour, alpha=0.2, lw=0, zorder=2)
    axes.vlines(_sizes(own), low, high, color=colour, lw=1.5, zorder=3)
    for result in own:
        values = [shown(result, value) for value in result.scores.values()]
        axes.plot([result.task["size"]] * len(values), values, "o", color=colour, ms=4, mec="white", mew=0.6, zorder=4)
    axes.set_title(model, fontsize=9)
    score_axis(axes, own[0])


def _shade_blind(axes: Axes, own: Sequence[Result]) -> None:
    """Greys the sizes at which the answer lies beyond the model's reach."""
    sizes = sorted(_sizes(own))
    blind = [result.task["size"] for result in own if cannot_see(result)]
    for size in blind:
        before = [other for other in sizes if other < size]
        after = [other for other in sizes if other > size]
        start = (before[-1] + size) / 2 if before else size - 0.5
        stop = (size + after[0]) / 2 if after else size + max(0.5, 0.04 * (size - sizes[0]))
        axes.axvspan(start, stop, color="0.93", lw=0, zorder=0)
    if blind:
        place = (max(blind), 0.55)
        axes.annotate(
            "out of\nreach", place, xycoords=("data", "axes fraction"), fontsize=8, color="0.35",
            ha="right" if max(blind) == sizes[-1] and len(sizes) > 1 else "center", va="center",
        )  # fmt: skip


def _sizes(line: Sequence[Result]) -> list[float]:
    return [result.task["size"] for result in line]


def _means(line: Sequence[Result]) -> list[float]:
    return [shown(result, result.summary.mean) for result in line]
