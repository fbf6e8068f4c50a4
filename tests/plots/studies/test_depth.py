import pytest
from colours import lightness
from drawings import legend, lines, points
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from gnnseq.plots.studies.depth import plot_depth
from gnnseq.plots.style import COLOURS
from gnnseq.studies.reach.depth import DepthRecord, measure_depth


def record(stack="gcn", layers=2, profile=((0.5, 0.5, 0.0), (0.7, 0.3, 0.0))):
    return DepthRecord(
        stack, f"{stack}\non a path", layers, [list(p) for p in profile], [0.5, 0.25, 0.25], [0.5, 0.3], [1, 2]
    )


def test_profiles_are_means_over_seeds_with_gaps_beyond_the_reach(drawn):
    left, _ = drawn(plot_depth, [record(layers=2), record(layers=1, profile=((1.0, 0.0, 0.0),))]).axes
    assert lines(left) == {
        "1 layer": ([0, 1, 2], [1.0, None, None]),
        "2 layers": ([0, 1, 2], [pytest.approx(0.6), pytest.approx(0.4), None]),
        "theory": ([0, 1, 2], [0.5, 0.25, 0.25]),
    }
    assert left.get_yscale() == "log"
    assert left.get_title() == "gcn on a path"


def test_what_grows_with_the_layers(drawn):
    _, right = drawn(plot_depth, [record(layers=4), record(layers=2)]).axes
    assert lines(right) == {
        "reach (influence beyond it is exactly 0)": ([2, 4], [2, 4]),
        "distance within which 95 % of the influence lies": ([2, 4], [1.5, 1.5]),
        "mean distance of the influence": ([2, 4], [pytest.approx(0.4)] * 2),
        "mean distance, theory": ([2, 4], [0.75, 0.75]),
    }


def test_a_stack_has_its_familys_colour_the_darker_the_deeper(drawn):
    left, right = drawn(plot_depth, [record(layers=2), record(layers=4)]).axes
    light, deep = (line.get_color() for line in left.get_lines() if line.get_label().endswith("layers"))
    assert deep == pytest.approx(to_rgb(COLOURS[2])) == right.get_lines()[1].get_color()
    assert lightness(light) > lightness(deep)


def test_a_row_for_each_stack(drawn):
    axes = drawn(plot_depth, [record("gcn"), record("graph-conv"), record("gcn", 3)]).axes
    assert [one.get_title() for one in axes[::2]] == ["gcn on a path", "graph-conv on a path"]
    assert legend(axes[0]) == ["2 layers", "3 layers", "theory"]
    assert len([points(line) for line in axes[0].get_lines()]) == 4  # theory of each depth, named once


def test_records_that_were_measured(tmp_path):
    records = [measure_depth(stack, layers, seeds=1) for stack in ("gcn", "graph-conv") for layers in (1, 3)]
    assert imread(plot_depth(records, tmp_path / "depth.png")).std() > 0.01


def test_nothing_to_draw(drawn):
    with pytest.raises(ValueError, match="records is empty"):
        drawn(plot_depth, [])
