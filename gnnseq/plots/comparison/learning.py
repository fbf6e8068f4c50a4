"""Learning curves, a panel for each size of a task."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from gnnseq.plots.comparison.models import (
    BESIDE,
    Look,
    drawable,
    headline,
    legend_beside,
    looks,
    mark_chance,
    of_one_task,
    score_axis,
    score_label,
    shown,
)
from gnnseq.plots.style import panels, save
from gnnseq.results.curves import curves, joined
from gnnseq.results.joined import Naming, Result, by_task, family_title
from gnnseq.runs.store import Record

_ONE, _MANY = (5.6, 3.6), (3.8, 2.7)  # inches of a panel that stands alone, and of one among others


def plot_learning(records: Sequence[Record], path: str | Path, naming: Naming = family_title) -> Path:
    """Draws the metric of training batches against steps: mean over the seeds (line), smallest to largest (band).

    Each seed is first smoothed by the mean of its last 20 batches. A run that stopped early keeps its last value, so
    that the mean is always over the same seeds; the line ends where the last run ended. Batches are fresh samples.
    Marks along a line tell apart families of one colour.

    Raises:
        ValueError: if no record has a curve, or the records are of several tasks.
    """
    results = [result for result in drawable(records, naming) if curves(result)]
    if not results:
        raise ValueError("records hold no curve, expected at least one; stored records may have been made smaller")
    of_one_task(results)
    look, tasks = looks(results), by_task(results)
    drawn, grid = panels(len(tasks), *(_ONE if len(tasks) == 1 else _MANY))
    for axes, (title, group) in zip(grid, tasks.items(), strict=True):
        _panel(axes, group, look)
        axes.set_title(title, fontsize=9)
    drawn.supxlabel("training steps", fontsize=10)
    drawn.supylabel(score_label(results[0], "of training batches"), fontsize=10)
    legend_beside(drawn, grid)
    seeds = max(result.summary.count for result in results)
    drawn.set_figwidth(drawn.get_figwidth() + BESIDE)
    runs = "one seed" if seeds == 1 else f"mean (line) and range (band) of {seeds} seeds"
    headline(drawn, f"Learning curves, moving mean over 20 batches: {runs}", BESIDE)
    return save(drawn, path)


def _panel(axes: Axes, group: Sequence[Result], look: dict[str, Look]) -> None:
    for number, result in enumerate(group):
        colour, marker, line = look[result.model]
        steps, mean, low, high = joined(curves(result))
        axes.fill_between(steps, low, high, color=colour, alpha=0.12, lw=0)
        every = max(1, len(steps) // 8)
        axes.plot(steps, mean, color=colour, ls=line, lw=1.6, marker=marker, ms=5, label=result.model,
                  markevery=(every * number // len(group), every))  # fmt: skip
    mark_chance(axes, shown(group[0], group[0].task["chance"]))
    score_axis(axes, group[0])
