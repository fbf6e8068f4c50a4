"""One look for all figures: colour-blind safe, readable in grey, written to PNG without a screen."""

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gnnseq.files import write_atomically
from gnnseq.results.colours import COLOURS

__all__ = ["COLOURS", "MARKERS", "bare", "figure", "panels", "save"]

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")


def figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches."""
    new = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(new)
    return new


def panels(count: int, width: float, height: float, shared: bool = True) -> tuple[Figure, list[Axes]]:
    """A figure with a panel for each of ``count`` things, three in a row.

    Args:
        count: number of panels.
        width: of a panel in inches.
        height: of a panel in inches.
        shared: whether all panels have their axes in common.
    """
    columns = min(3, count)
    lines = math.ceil(count / columns)
    drawn = figure(width * columns, height * lines + 0.9)
    grid = list(drawn.subplots(lines, columns, sharex=shared, sharey=shared, squeeze=False).flat)
    for axes in grid[count:]:
        axes.set_visible(False)
    return drawn, grid[:count]


def bare(axes: Axes) -> None:
    """Takes away the frame's upper and right side."""
    axes.spines[["top", "right"]].set_visible(False)


def save(drawn: Figure, path: str | Path) -> Path:
    """Writes a figure as PNG; a broken file never stands there."""
    with write_atomically(path) as file:
        drawn.savefig(file, format="png", dpi=150)
    return Path(path)
