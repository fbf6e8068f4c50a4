import numpy as np
import pytest
from drawings import texts
from matplotlib.image import imread

from gnnseq.experiments import PalindromeTask, find_family
from gnnseq.plots.studies.heat import FLOOR, plot_heat
from gnnseq.studies.reach.heat import HeatMap, measure_heat

SHARES = [[1.0, 0.0], [0.75, 0.25], [1e-9, 0.5]]


def heat(title="LSTM", rows="position", shares=SHARES):
    return HeatMap(title.lower(), title, "default", rows, shares)


def test_a_share_is_a_cell_and_an_exact_zero_has_none(drawn):
    axes = drawn(plot_heat, [heat()]).axes[0]
    (image,) = axes.images
    shown = image.get_array()
    assert shown.mask.tolist() == [[False, True], [False, False], [False, False]]
    assert shown.compressed().tolist() == [1.0, 0.75, 0.25, FLOOR / 2, 0.5]
    assert image.get_extent() == [0.5, 2.5, 3.5, 0.5]  # positions and outputs are counted from 1, the last one below
    assert (image.norm.vmin, image.norm.vmax) == (FLOOR, 1.0)


def test_inner_nodes_of_trees_stand_below_a_line(drawn):
    tree, plain = drawn(plot_heat, [heat(rows="node"), heat()]).axes[:2]
    assert [line.get_ydata()[0] for line in tree.get_lines()] == [2.5]
    assert texts(tree) == ["inner nodes"]
    assert plain.get_lines() == []
    assert texts(plain) == []


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_panel_for_each_model_and_one_bar(drawn, count):
    axes = drawn(plot_heat, [heat(f"model {n}") for n in range(count)]).axes
    shown = [one for one in axes if one.get_visible()]
    assert [one.get_title() for one in shown[:-1]] == [f"model {n}" for n in range(count)]
    assert shown[-1].get_ylabel() == "share of the influence on that output (white: exactly 0)"


def test_one_model_under_two_names_has_one_map(drawn):
    found = drawn(plot_heat, [heat("LSTM"), heat("tree-lstm"), heat("RNN")]).axes
    assert [one.get_title() for one in found if one.images] == ["LSTM\n(equal: tree-lstm)", "RNN"]


def test_maps_that_were_measured(drawn, tmp_path):
    maps = [
        measure_heat(find_family(name), PalindromeTask(7), seeds=1, width=4, sequences=1)
        for name in ("lstm", "tree-lstm-balanced")
    ]
    lstm, tree = drawn(plot_heat, maps).axes[:2]
    assert np.array_equal(lstm.images[0].get_array().mask, np.triu(np.ones((6, 6), bool), 1))
    assert tree.images[0].get_array().shape == (11, 6)


def test_a_file_is_written(tmp_path):
    assert imread(plot_heat([heat()], tmp_path / "heat.png")).std() > 0.01


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="maps is empty"):
        plot_heat([], tmp_path / "none.png")
