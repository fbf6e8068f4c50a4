"""The figure of growth."""

import pytest
from drawings import legend, points
from matplotlib.image import imread

from gnnseq.plots.growth import FAMILY, OF, TITLES, plot_growth
from gnnseq.plots.style import COLOURS
from gnnseq.results.colours import FAMILIES


def record(layer, axis, *sizes, by=10):
    return {"layer": layer, "axis": axis, "points": [{"size": n, "seconds": 1e-4 * n, "bytes": n - by} for n in sizes]}


def curves(axes):
    return [points(line) for line in axes.get_lines() if line.get_color() != "0.82"]


@pytest.mark.parametrize("of", ["seconds", "bytes"])
def test_a_panel_for_each_axis_with_a_curve_for_each_layer(drawn, of):
    records = [record(f"layer {n}", axis, 10, 100, 1000, by=n) for n in range(2) for axis in ("nodes", "steps")]
    figure = drawn(plot_growth, records, of)
    steps, nodes = figure.axes
    assert [steps.get_xlabel(), nodes.get_xlabel()] == [TITLES["steps"], TITLES["nodes"]]
    expected = {"seconds": [[1e-3, 1e-2, 0.1]] * 2, "bytes": [[1e-5, 1e-4, 1e-3], [9e-6, 99e-6, 999e-6]]}[of]
    assert curves(nodes) == [([10, 100, 1000], pytest.approx(values)) for values in expected]
    assert (steps.get_xscale(), steps.get_yscale()) == ("log", "log")
    assert figure.get_supylabel() == OF[of]
    assert legend(figure) == ["layer 0", "layer 1"]


def test_what_was_too_small_to_measure_is_left_out(drawn):
    (axes,) = drawn(plot_growth, [record("GCN", "nodes", 10, 100)], "bytes").axes
    assert curves(axes) == [([100], [pytest.approx(90e-6)])]


def test_grey_lines_have_a_slope_of_one_and_do_not_move_the_axis(drawn):
    (axes,) = drawn(plot_growth, [record("GCN", "nodes", 10, 1000)], "seconds").axes
    grey = [points(line) for line in axes.get_lines() if line.get_color() == "0.82"]
    assert grey
    assert all(y[1] / y[0] == pytest.approx(x[1] / x[0]) for x, y in grey)
    assert axes.get_ylim()[1] < 1


def test_more_layers_than_colours_differ_by_their_lines(drawn):
    (axes,) = drawn(plot_growth, [record(f"layer {n}", "nodes", 10, 100) for n in range(11)], "seconds").axes
    own = [line for line in axes.get_lines() if line.get_color() != "0.82"]
    assert len({(line.get_color(), line.get_linestyle()) for line in own}) == 11


def test_layers_of_a_family_have_its_colour(drawn):
    records = [record(layer, "steps", 10, 100) for layer in FAMILY]
    (axes,) = drawn(plot_growth, records, "seconds").axes
    own = dict(zip(FAMILY, [line for line in axes.get_lines() if line.get_color() != "0.82"], strict=True))
    assert own["LSTM"].get_color() == own["LSTM by level"].get_color() == COLOURS[0]
    assert (own["GCN"].get_color(), own["GCRN"].get_color()) == (COLOURS[2], COLOURS[3])
    assert set(FAMILY.values()) <= set(FAMILIES)


def test_a_file_is_written(tmp_path):
    path = plot_growth([record("GCN", "steps", 10, 100)], "seconds", tmp_path / "new" / "growth.png")
    assert imread(path).std() > 0.01


def test_refused(tmp_path):
    with pytest.raises(ValueError, match="records is empty"):
        plot_growth([], "seconds", tmp_path / "x.png")
    with pytest.raises(ValueError, match="of is 'time'"):
        plot_growth([record("GCN", "nodes", 1, 2)], "time", tmp_path / "x.png")
