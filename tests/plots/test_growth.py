"""The figure of growth."""

import pytest
from matplotlib.image import imread

from gnnseq.plots.growth import plot_growth


def record(layer, axis, *sizes):
    return {"layer": layer, "axis": axis, "points": [{"size": n, "seconds": 1e-4 * n, "bytes": n - 10} for n in sizes]}


@pytest.mark.parametrize("of", ["seconds", "bytes"])
def test_curves_are_drawn(tmp_path, of):
    records = [record(f"layer {n}", axis, 10, 100, 1000) for n in range(11) for axis in ("steps", "nodes")]
    path = plot_growth(records, of, tmp_path / "new" / "growth.png")
    assert imread(path).std() > 0.01


def test_refused(tmp_path):
    with pytest.raises(ValueError, match="records is empty"):
        plot_growth([], "seconds", tmp_path / "x.png")
    with pytest.raises(ValueError, match="of is 'time'"):
        plot_growth([record("GCN", "nodes", 1, 2)], "time", tmp_path / "x.png")
