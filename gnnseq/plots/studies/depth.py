"""Influence on the output of a stack of convolutions, against its depth."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from gnnseq.plots.comparison.models import family_look
from gnnseq.plots.style import MARKERS, bare, decades, figure, save
from gnnseq.studies.reach.depth import DepthRecord

_FAMILIES = {"gcn": "gcn", "graph-conv": "conv"}


def plot_depth(records: Sequence[DepthRecord], path: str | Path) -> Path:
    """Draws, for each stack, influence against distance for every depth, and what grows with depth.

    A stack has its family's colour, the darker the deeper.

    Args:
        records: of `gnnseq.studies.reach.depth.measure_depth`.
        path: of the PNG.

    Raises:
        ValueError: for no records.
    """
    if not records:
        raise ValueError("records is empty, expected at least one")
    stacks = list(dict.fromkeys(record.stack for record in records))
    drawn = figure(10.5, 3.9 * len(stacks) + 0.3)
    grid = drawn.subplots(len(stacks), 2, squeeze=False, width_ratios=[1.25, 1.0])
    for (left, right), stack in zip(grid, stacks, strict=True):
        own = sorted((record for record in records if record.stack == stack), key=lambda record: record.layers)
        _profiles(left, own)
        _growth(right, own)
    drawn.suptitle(
        "Influence against distance in stacks of convolutions of different depth, before training", fontsize=11
    )
    return save(drawn, path)


def _profiles(axes: Axes, records: list[DepthRecord]) -> None:
    for number, record in enumerate(records):
        colour = _shade(record.stack, (number + 1) / len(records))
        mean = [fmean(values) for values in zip(*record.profile, strict=True)]
        distance = range(len(mean))
        axes.plot(
            distance, [value or math.nan for value in mean], color=colour, lw=1.6,
            marker=MARKERS[number % len(MARKERS)], ms=3.5, label=f"{record.layers} layer{'s' * (record.layers > 1)}",
        )  # fmt: skip
        theory = [value or math.nan for value in record.theory]
        last = number == len(records) - 1
        axes.plot(distance, theory, ":", color="0.25", lw=1.3, label="theory" if last else None, zorder=4)
    axes.set_yscale("log")
    decades(axes.yaxis)
    axes.set_xlabel("distance (hops)")
    axes.set_ylabel("share of the influence on the node")
    axes.set_title(records[0].title.replace("\n", " "), fontsize=8.5)
    axes.legend(fontsize=7, frameon=False)
    bare(axes)


def _shade(stack: str, share: float) -> tuple[float, ...]:
    """The colour of a stack's family, mixed with white; a share of 1 is the pure colour."""
    kept = 0.3 + 0.7 * share
    return tuple(1 - kept * (1 - part) for part in to_rgb(family_look(_FAMILIES.get(stack, stack)).colour))


def _growth(axes: Axes, records: list[DepthRecord]) -> None:
    layers, colour = [record.layers for record in records], _shade(records[0].stack, 1.0)
    axes.plot(layers, layers, color="0.55", lw=1.4, ls="-.", label="reach (influence beyond it is exactly 0)")
    axes.plot(layers, [fmean(record.field) for record in records], "s--", color=colour, ms=4, lw=1.5,
              label="distance within which 95 % of the influence lies")  # fmt: skip
    axes.plot(layers, [fmean(record.mean_distance) for record in records], "o-", color=colour, ms=4, lw=1.5,
              label="mean distance of the influence")  # fmt: skip
    axes.plot(layers, [record.expected_distance for record in records], ":", color="0.25", lw=1.4, zorder=4,
              label="mean distance, theory")  # fmt: skip
    axes.set_xlabel("layers")
    axes.set_ylabel("distance (hops)")
    axes.legend(fontsize=7, frameon=False, loc="upper left")
    bare(axes)
