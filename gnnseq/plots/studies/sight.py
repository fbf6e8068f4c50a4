"""Influence against distance on a logarithmic axis, a panel for each model."""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gnnseq.plots.comparison.models import family_look
from gnnseq.plots.style import bare, decades, panels, save
from gnnseq.results.joined import both_names, twins
from gnnseq.studies.reach.sight import SightRecord


def plot_sight(records: Sequence[SightRecord], path: str | Path) -> Path:
    """Draws the influence of every symbol on the output, before training, for each model and initialisation.

    A panel has the family's colour; initialisations differ by line and marker, and so do their theories in grey.

    Args:
        records: of `gnnseq.studies.reach.sight.measure_sight`.
        path: of the PNG.

    Raises:
        ValueError: for no records.
    """
    if not records:
        raise ValueError("records is empty, expected at least one")
    values = {name: [(r.initialisation, r.influence) for r in records if r.family == name]
              for name in dict.fromkeys(record.family for record in records)}  # fmt: skip
    same = twins(values)
    titles = {record.family: record.title for record in records}
    families = [name for name in values if name not in same.values()]
    drawn, grid = panels(len(families), 4.0, 2.7)
    floor = 0.1 * min(share for record in records for seed in record.influence for share in seed if share > 0)
    for axes, family in zip(grid, families, strict=True):
        _panel(axes, [record for record in records if record.family == family], floor)
        axes.set_title(
            both_names(titles[family], titles[same[family]]) if family in same else titles[family], fontsize=9
        )
    drawn.supxlabel("distance from the last symbol (the answer is the farthest)")
    drawn.supylabel("share of the influence on the output, before training")
    drawn.suptitle(
        f"Influence of each symbol on the output: mean and range over {len(records[0].influence)} initialisations",
        fontsize=11,
    )
    return save(drawn, path)


def _panel(axes: Axes, records: list[SightRecord], floor: float) -> None:
    steps = len(records[0].mean)
    back = list(range(steps))
    for number, record in enumerate(records):
        shown = [value if value > 0 else math.nan for value in record.mean]
        low = [max(min(values), floor) for values in zip(*record.influence, strict=True)]
        high = [max(values) for values in zip(*record.influence, strict=True)]
        colour, style = family_look(record.family).colour, ("-", "--")[number % 2]
        label = f"{record.initialisation} initialisation"
        axes.plot(back, shown, style, color=colour, lw=2, marker="os"[number % 2], ms=3.5, label=label, zorder=3)
        axes.fill_between(back, low, high, where=[v > 0 for v in record.mean], color=colour, alpha=0.15, lw=0)
        theory = [value if value > 0 else math.nan for value in record.theory]
        name = f"theory, {record.initialisation}: {record.theory_name}"
        if record.seen < steps:  # beside the area of what is out of reach
            name = textwrap.fill(name, 29)
        axes.plot(
            back, theory, (":", "-.")[number % 2], color=("0.25", "0.55")[number % 2], lw=1.4, label=name, zorder=2
        )
    seen = records[0].seen
    if seen < steps:
        axes.axvspan(seen - 0.5, steps - 0.5, color="0.92", zorder=0)
        axes.text((seen + steps) / 2 - 0.5, math.sqrt(floor), "exactly 0", ha="center", fontsize=9, color="0.35")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_yscale("log")
    axes.set_ylim(floor, 2.0)
    decades(axes.yaxis)
    axes.legend(fontsize=6.5, loc="lower left", frameon=False)
    bare(axes)
