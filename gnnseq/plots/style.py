"""One look for all figures: colour-blind safe, readable in grey, written to PNG without a screen."""

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from gnnseq.files import write_atomically
from gnnseq.results.colours import COLOURS

__all__ = ["COLOURS", "MARKERS", "bare", "decades", "figure", "panels", "save"]

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
    for axes in grid[max(0, count - columns) : count]:
        axes.tick_params(labelbottom=True)
    return drawn, grid[:count]


def bare(axes: Axes) -> None:
    """Takes away the frame's upper and right side."""
    axes.spines[["top", "right"]].set_visible(False)


def decades(axis: Axis) -> None:
    """Labels a logarithmic axis: every decade, and 2 and 5 times it where there are few.

    An axis whose decades lie from 0.001 to 1,000,000 has plain numbers, another one powers of ten. Call it when the
    limits are set.
    """
    low, high = sorted(axis.get_view_interval())
    axis.set_major_locator(LogLocator(10, (1.0,) if high > 100 * low else (1.0, 2.0, 5.0), numticks=12))
    axis.set_minor_formatter(NullFormatter())
    plain = low > 1e-4 and high < 1e7
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}" if plain else _power(value)))


def _power(value: float) -> str:
    power = math.floor(math.log10(value) + 1e-9)
    factor = f"{value / 10.0**power:.0f}"
    return f"${'' if factor == '1' else factor + chr(92) + 'cdot'}10^{{{power}}}$"


def save(drawn: Figure, path: str | Path) -> Path:
    """Writes a figure as PNG; a broken file never stands there."""
    with write_atomically(path) as file:
        drawn.savefig(file, format="png", dpi=150)
    return Path(path)
