"""Two ways to score one training: on test data when it ends, and by its best training batches."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from matplotlib.axes import Axes

from gnnseq.plots.comparison.models import (
    drawable,
    headline,
    legend_beside,
    looks,
    mark_chance,
    of_one_task,
    size_label,
)
from gnnseq.plots.style import bare, figure, save
from gnnseq.results.joined import Naming, Result, family_title
from gnnseq.runs.store import Record

_BESIDE = 2.2


def plot_metrics(records: Sequence[Record], path: str | Path, naming: Naming = family_title) -> Path:
    """Draws, against the size of a task, accuracy on test data and the mean of the 50 best training batches.

    A panel for each model; a mark for each run, and lines through the means. Test data in the model's colour, training
    batches in grey.

    Args:
        records: of a store, of one task in any number of sizes, with ``best_50``.
        path: of the PNG.
        naming: gives a record's model its name.

    Returns:
        The path.

    Raises:
        ValueError: if no record is done, the records are of several tasks, or none has ``best_50``.
    """
    results = drawable(records, naming)
    of_one_task(results)
    if all(result.first("best_50") is None for result in results):
        raise ValueError("records hold no best_50, expected it in at least one")
    look = looks(results)
    models = list(look)
    drawn = figure(4.2 * len(models) + _BESIDE, 3.6)
    grid = drawn.subplots(1, len(models), sharey=True, squeeze=False)[0]
    for axes, model in zip(grid, models, strict=True):
        _panel(axes, model, [result for result in results if result.model == model], look[model].colour)
    grid[0].set_ylabel("accuracy (%)")
    legend_beside(drawn, grid)
    seeds = sorted({result.summary.count for result in results})
    most = "one seed" if seeds[-1] == 1 else f"{seeds[-1]} seeds"
    count = most if len(seeds) == 1 else f"{seeds[0]} to {most}"
    headline(drawn, f"Two scores of the same runs on {results[0].task['name']}: {count}, lines through the means",
             _BESIDE)  # fmt: skip
    return save(drawn, path)


def _panel(axes: Axes, model: str, results: Sequence[Result], colour: str) -> None:
    fresh = {result.task["size"]: list(result.scores.values()) for result in results}
    best = {r.task["size"]: [rec["best_50"] for rec in r.records if rec.get("best_50") is not None] for r in results}
    _line(axes, fresh, colour, "o", "-", f"{model}: test data\nat the end of training")
    _line(axes, best, "0.45", "^", "--", "mean of the 50 best\ntraining batches")
    mark_chance(axes, 100 * results[0].task["chance"])
    axes.set_xticks(list(fresh) if len(fresh) < 9 else list(fresh)[1::2])
    axes.set_ylim(-3, 104)
    axes.set_xlabel(size_label(results))
    axes.set_title(model, fontsize=10)
    bare(axes)


def _line(axes: Axes, values: dict[int, list[float]], colour: str, marker: str, style: str, label: str) -> None:
    sizes = [size for size, own in values.items() if own]
    axes.plot(sizes, [100 * fmean(values[size]) for size in sizes], style, color=colour, lw=1.8, label=label)
    for size in sizes:
        axes.plot([size] * len(values[size]), [100 * v for v in values[size]], marker, color=colour, ms=5, mec="white",
                  mew=0.6)  # fmt: skip
