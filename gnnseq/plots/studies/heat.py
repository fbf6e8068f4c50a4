"""Heat maps of influence: outputs against input positions."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from gnnseq.plots.style import figure, save
from gnnseq.results.joined import both_names, twins
from gnnseq.studies.reach.heat import HeatMap

FLOOR = 1e-6  # smallest share that has a colour of its own


def plot_heat(maps: Sequence[HeatMap], path: str | Path) -> Path:
    """Draws a panel for each model: a row for each output, a column for each position, exact zeros in white.

    Args:
        maps: of `gnnseq.studies.reach.heat.measure_heat`.
        path: of the PNG.

    Raises:
        ValueError: for no maps.
    """
    if not maps:
        raise ValueError("maps is empty, expected at least one")
    maps = _once(maps)
    columns = min(3, len(maps))
    lines = math.ceil(len(maps) / columns)
    drawn = figure(3.7 * columns + 0.8, 3.1 * lines + 0.8)
    grid = list(drawn.subplots(lines, columns, squeeze=False).flat)
    for axes in grid[len(maps) :]:
        axes.set_visible(False)
    images = [_panel(axes, own) for axes, own in zip(grid, maps, strict=False)]
    bar = drawn.colorbar(images[0], ax=grid, extend="min", shrink=0.7, pad=0.01)
    bar.set_label("share of the influence on that output (white: exactly 0)")
    drawn.supxlabel("input position, the first symbol on the left")
    drawn.supylabel("output position, the last symbol at the bottom")
    drawn.suptitle("Influence of each input on each output before training, default initialisation", fontsize=11)
    return save(drawn, path)


def _once(maps: Sequence[HeatMap]) -> list[HeatMap]:
    """The maps, with a model that has two names once."""
    same = twins({own.family: own.shares for own in maps})
    titles = {own.family: own.title for own in maps}
    kept = [own for own in maps if own.family not in same.values()]
    return [replace(own, title=both_names(own.title, titles[same[own.family]])) if own.family in same else own
            for own in kept]  # fmt: skip


def _panel(axes: Axes, own: HeatMap) -> AxesImage:
    shares = np.array(own.shares)
    shown = np.ma.masked_where(shares == 0, np.clip(shares, FLOOR / 2, 1.0))
    colours = colormaps["cividis"].with_extremes(bad="white", under="#000d26")
    positions = shares.shape[1]
    image = axes.imshow(
        shown, cmap=colours, norm=LogNorm(FLOOR, 1.0), aspect="auto", interpolation="nearest",
        extent=(0.5, positions + 0.5, len(shares) + 0.5, 0.5),
    )  # fmt: skip
    axes.set_facecolor("white")
    if own.rows == "node":
        axes.axhline(positions + 0.5, color="0.4", lw=0.8, ls="--")
        axes.text(positions + 0.2, positions + 1, "inner nodes", fontsize=7, ha="right", va="top", color="0.3")
    axes.set_title(own.title, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=3))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=3))
    axes.tick_params(labelsize=7)
    return image
