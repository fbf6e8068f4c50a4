"""Paths of optimisers over the contours of losses of two weights."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath

import torch
from matplotlib.axes import Axes

from gnnseq.plots.comparison.models import headline
from gnnseq.plots.style import COLOURS, bare, decades, figure, save
from gnnseq.studies.optimizers.surface import Path, Surface

_POINTS = 121  # of the grid, each way
FLOOR = 1e-9  # losses below are drawn there


def plot_paths(paths: Mapping[Surface, Sequence[Path]], path: str | FilePath) -> FilePath:
    """Draws a row for each surface: a panel with contours for each path, and all losses against steps.

    Raises:
        ValueError: for no paths.
    """
    if not paths or not all(paths.values()):
        raise ValueError("paths is empty, expected at least one for each surface")
    columns = max(map(len, paths.values())) + 1
    drawn = figure(2.7 * columns, 2.9 * len(paths) + 0.5)
    grid = drawn.subplots(len(paths), columns, squeeze=False)
    for row, (surface, own) in zip(grid, paths.items(), strict=True):
        for number, (axes, one) in enumerate(zip(row, own, strict=False)):
            _panel(axes, surface, one, COLOURS[number])
        for axes in row[len(own) : -1]:
            axes.set_visible(False)
        title = textwrap.fill(surface.title, 32)
        row[0].set_ylabel(f"{title}\n\n{surface.names[1]}", fontsize=8)
        _losses(row[-1], own)
    headline(drawn, "Paths of optimisers, each at the best learning rate (lr) of a common grid; star: last step")
    return save(drawn, path)


def _panel(axes: Axes, surface: Surface, path: Path, colour: str) -> None:
    first, second = (
        torch.linspace(a, b, _POINTS, dtype=torch.float64) for a, b in zip(surface.low, surface.high, strict=True)
    )
    weights = torch.stack(torch.meshgrid(first, second, indexing="xy"), -1)
    height = surface.loss(weights).clamp(min=FLOOR).log10().numpy()
    axes.contourf(first, second, height, 14, cmap="Greys", alpha=0.6)
    axes.contour(first, second, height, 14, colors="0.5", linewidths=0.4, linestyles="solid")
    across, up = zip(*path.points, strict=True)
    axes.plot(across, up, "o-", color=colour, ms=2.5, lw=1.2)
    axes.plot(*path.points[0], "o", color="black", ms=6, mec="white")
    axes.plot(*path.points[-1], "*", color=colour, ms=11, mec="black", mew=0.7, zorder=4)
    axes.set_xlim(surface.low[0], surface.high[0])
    axes.set_ylim(surface.low[1], surface.high[1])
    axes.set_title(f"{path.method.title}, lr {path.learning_rate:g}", fontsize=8)
    axes.set_xlabel(surface.names[0], fontsize=8)
    axes.tick_params(labelsize=7)


def _losses(axes: Axes, paths: Sequence[Path]) -> None:
    for number, path in enumerate(paths):
        values = [max(value, FLOOR) for value in path.losses]
        axes.plot(values, ("-", "--", "-.", ":")[number % 4], color=COLOURS[number], lw=1.5, label=path.method.title)
    axes.set_yscale("log")
    decades(axes.yaxis)
    axes.set_xlabel("steps", fontsize=8)
    axes.set_title("loss", fontsize=8)
    axes.legend(fontsize=6, frameon=False)
    axes.tick_params(which="both", labelsize=7)
    bare(axes)
