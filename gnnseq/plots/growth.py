"""Time and memory of layers as the work grows, on logarithmic axes."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from gnnseq.plots.comparison.models import family_looks
from gnnseq.plots.style import decades, panels, save

TITLES = {
    "steps": "steps T",
    "nodes": "nodes of the graph",
    "edges": "directed edges of a graph of 1,000 nodes",
    "batch": "sequences, trees or signals",
    "width": "width",
}
OF = {"seconds": "CPU time of a forward and backward pass (s)", "bytes": "peak memory of a pass (MB)"}
FAMILY = {
    "RNN": "rnn",
    "GRU": "gru",
    "LSTM": "lstm",
    "LSTM by level": "lstm-by-level",
    "ChildSumTreeLSTM": "tree-child-sum",
    "NaryTreeLSTM": "tree-nary",
    "GCN": "gcn",
    "ChebFilter": "cheb",
    "GCRN": "gcrn",
    "GraphGRU": "graph-gru",
    "GraphRNN": "graph-rnn",
    "GraphCNNLSTM": "graph-cnn-lstm",
    "ConvLSTM": "conv-lstm",
}


def plot_growth(records: Sequence[dict[str, Any]], of: str, path: str | Path) -> Path:
    """Draws one curve for each layer, a panel for each axis along which it grows; grey lines are linear.

    Args:
        records: of ``benchmarks/growth.py``: layer, axis, and points with size, seconds and bytes.
        of: "seconds" or "bytes".
        path: of the PNG.

    Raises:
        ValueError: for no records, or another ``of``.
    """
    if not records:
        raise ValueError("records is empty, expected at least one")
    if of not in OF:
        raise ValueError(f'of is {of!r}, expected "seconds" or "bytes"')
    axes_names = [name for name in TITLES if any(record["axis"] == name for record in records)]
    looks = family_looks((layer, FAMILY.get(layer, layer)) for layer in dict.fromkeys(r["layer"] for r in records))
    unit = 1e6 if of == "bytes" else 1
    drawn, grid = panels(len(axes_names), 4.2, 3.2, shared=False)
    handles: dict[str, Any] = {}
    for axes, name in zip(grid, axes_names, strict=True):
        here = [record for record in records if record["axis"] == name]
        for record in here:
            colour, marker, line = looks[record["layer"]]
            points = [p for p in record["points"] if p[of] > 0]
            (handles[record["layer"]],) = axes.plot(
                [p["size"] for p in points], [p[of] / unit for p in points], line, color=colour, marker=marker,
                ms=4, lw=1.5,
            )  # fmt: skip
        _decorate(axes, TITLES[name], here, of, unit)
    drawn.supylabel(OF[of])
    drawn.suptitle("Growth of each layer with the size of its input; grey: proportional to the size", fontsize=11)
    drawn.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return save(drawn, path)


def _decorate(axes: Axes, title: str, records: Sequence[dict[str, Any]], of: str, unit: float) -> None:
    """Logarithmic axes, and lines of slope one for the eye."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(title)
    axes.grid(True, color="0.93", lw=0.6)
    sizes = [p["size"] for record in records for p in record["points"]]
    values = [p[of] / unit for record in records for p in record["points"] if p[of] > 0]
    low, high = min(sizes), max(sizes)
    bottom, top = axes.get_ylim()
    start = 10 ** math.floor(math.log10(min(values) * low / high))
    while start <= max(values):
        axes.plot([low, high], [start, start * high / low], color="0.82", lw=0.8, zorder=0)
        start *= 10
    axes.set_ylim(bottom, top)
    for axis in (axes.xaxis, axes.yaxis):
        decades(axis)
