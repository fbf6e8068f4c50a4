"""Gradients on their way back through time, and training with and without clipping."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from matplotlib.axes import Axes

from gnnseq.plots.comparison.models import family_look, mark_level
from gnnseq.plots.style import MARKERS, bare, decades, figure, save
from gnnseq.results.curves import moving_mean
from gnnseq.runs.store import Record
from gnnseq.studies.gradients import FlowRecord

_FLOOR = 1e-16  # what single precision adds to weights of size 1 is far above


def plot_gradient_flow(records: Sequence[FlowRecord], path: str | Path) -> Path:
    """Draws the norm of the gradient at every time step, with and without clipping.

    A model has its family's colour; settings of one family differ by line and marker.

    Args:
        records: of `gnnseq.studies.gradients.measure_flow`.
        path: of the PNG.

    Raises:
        ValueError: for no records.
    """
    if not records:
        raise ValueError("records is empty, expected at least one")
    drawn = figure(10.5, 4.6)
    left, right = drawn.subplots(1, 2, sharey=True)
    for number, record in enumerate(records):
        family = record.title.partition(",")[0]
        setting = [other.title.partition(",")[0] for other in records[:number]].count(family)
        look = (family_look(family.lower()).colour, MARKERS[number % len(MARKERS)], ("-", "--", "-.")[setting % 3])
        _flow(left, record, look, clipped=False)
        _flow(right, record, look, clipped=True)
    left.set_title("without clipping (dotted: the upper bound σ$^{T-t}$ of Pascanu et al.)", fontsize=9)
    right.set_title(f"clipped to norm {records[0].max_norm:g}: scaled by one factor", fontsize=9)
    left.set_ylabel("norm of the gradient ‖∂L/∂h$_t$‖")
    left.set_yscale("log")
    values = [v for record in records for own in record.hidden for v in own if v > 0]
    left.set_ylim(max(_FLOOR, 0.3 * min(values)), 5 * max(values))
    decades(left.yaxis)
    for axes in (left, right):
        axes.set_xlabel("time step t (the loss is at the last step)")
        bare(axes)
    right.legend(fontsize=7.5, frameon=False, loc="lower right")
    seeds = len(records[0].hidden)
    runs = f"mean over {seeds} seeds, range shaded" if seeds > 1 else "one seed"
    drawn.suptitle(f"Gradients before training; {runs}", fontsize=11)
    return save(drawn, path)


def plot_clipping(records: Sequence[Record], path: str | Path) -> Path:
    """Draws gradient norm and loss of every training step, with and without clipping, a column for each setting.

    Runs without clipping have their family's colour, clipped runs are black and dashed.

    Args:
        records: of `gnnseq.experiments.run_trial` on families of `gnnseq.studies.gradients.recurrence`.
        path: of the PNG.

    Raises:
        ValueError: for no records.
    """
    if not records:
        raise ValueError("records is empty, expected at least one")
    records = [record for record in records if record.get("curve")]
    if not records:
        raise ValueError("records hold no curves, expected at least one")
    titles = list(dict.fromkeys(record["family"]["title"] for record in records))
    drawn = figure(3.6 * len(titles) + 0.4, 5.4)
    grid = drawn.subplots(2, len(titles), sharex=True, sharey="row", squeeze=False)
    for column, title in enumerate(titles):
        own = [record for record in records if record["family"]["title"] == title]
        for limit in dict.fromkeys(record["trial"]["max_norm"] for record in own):
            runs = [record for record in own if record["trial"]["max_norm"] == limit]
            colour = family_look(title.partition(",")[0].lower()).colour if limit is None else "black"
            _training(grid[0][column], grid[1][column], runs, colour, "-" if limit is None else "--")
        grid[0][column].set_title(title, fontsize=9)
        grid[1][column].set_xlabel("training step")
        for axes in grid[:, column]:
            bare(axes)
    grid[0][0].set_ylabel("gradient norm before clipping")
    grid[1][0].set_ylabel("loss (nats)")
    mark_level(grid[1][-1], math.log(10), "chance")
    grid[0][0].set_yscale("log")
    decades(grid[0][0].yaxis)
    grid[1][0].legend(fontsize=7.5, frameon=False, loc="lower left")
    drawn.suptitle("Training by gradient descent with and without clipping, one line for each seed", fontsize=11)
    return save(drawn, path)


def _flow(axes: Axes, record: FlowRecord, look: tuple[str, str, str], clipped: bool) -> None:
    colour, marker, line = look
    factors = record.clip_factor if clipped else [1.0] * len(record.hidden)
    seeds = [[factor * v for v in own] for factor, own in zip(factors, record.hidden, strict=True)]
    mean = [fmean(values) for values in zip(*seeds, strict=True)]
    steps = range(1, len(mean) + 1)
    label = record.title + (
        f" (scaled by {fmean(record.clip_factor):.2g})" if min(record.clip_factor) < 1 else " (not clipped)"
    )
    every = max(1, len(mean) // 8)
    axes.plot(steps, mean, line, color=colour, lw=1.7, marker=marker, ms=4, markevery=every, label=label)
    low, high = [min(v) for v in zip(*seeds, strict=True)], [max(v) for v in zip(*seeds, strict=True)]
    axes.fill_between(steps, low, high, color=colour, alpha=0.18, lw=0)
    if record.bound is not None and not clipped:
        axes.plot(steps, [b * mean[-1] for b in record.bound], ":", color=colour, lw=1.2)


def _training(above: Axes, below: Axes, runs: list[Record], colour: str, style: str) -> None:
    limit = runs[0]["trial"]["max_norm"]
    label = "not clipped" if limit is None else f"clipped to {limit:g}"
    for number, run in enumerate(runs):
        curve = run["curve"]
        smooth = max(1, len(curve["loss"]) // 20)
        above.plot([v or math.nan for v in curve["grad_norm"]], style, color=colour, lw=0.8, alpha=0.8)
        below.plot(
            moving_mean(curve["loss"], smooth), style, color=colour, lw=1.4, label=label if number == 0 else None
        )
    below.axhline(math.log(10), color="0.3", ls=":", lw=1.2)
