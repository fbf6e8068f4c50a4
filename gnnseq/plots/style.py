"""One look for all figures: colour-blind safe, readable in grey, written to PNG without a screen."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito 2008
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#8C6D31",
    "#7F7F7F",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")


def figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches."""
    new = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(new)
    return new


def save(drawn: Figure, path: str | Path) -> Path:
    """Writes a figure as PNG, beside its final name first, so that a broken file never stands there."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(target.name + ".part")
    drawn.savefig(beside, format="png", dpi=150)
    beside.replace(target)
    return target
