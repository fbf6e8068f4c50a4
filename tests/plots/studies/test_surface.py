import pytest
from drawings import legend, lines, points
from matplotlib.image import imread

from gnnseq.experiments import MOMENTUM, SGD
from gnnseq.plots.studies.surface import FLOOR, plot_paths
from gnnseq.studies.optimizers.surface import Path, descend, ravine, two_weight_rnn

RAVINE = ravine(5.0)
PATH = Path(SGD, 0.1, [(1.0, 2.0), (0.5, 1.0), (0.25, -0.5)], [4.0, 0.25, 0.0])


def test_a_path_over_its_surface_with_both_its_ends(drawn):
    panel, losses = drawn(plot_paths, {RAVINE: [PATH]}).axes
    path, start, end = [points(line) for line in panel.get_lines()]
    assert path == ([1.0, 0.5, 0.25], [2.0, 1.0, -0.5])
    assert (start, end) == (([1.0], [2.0]), ([0.25], [-0.5]))
    assert panel.get_title() == "SGD, lr 0.1"
    assert panel.get_xlim() == (RAVINE.low[0], RAVINE.high[0])
    assert panel.get_ylim() == (RAVINE.low[1], RAVINE.high[1])
    assert lines(losses) == {"SGD": ([0, 1, 2], [4.0, 0.25, FLOOR])}
    assert losses.get_yscale() == "log"


def test_contours_rise_from_the_minimum(drawn):
    panel, _ = drawn(plot_paths, {RAVINE: [PATH]}).axes
    heights = panel.collections[0].levels
    assert list(heights) == sorted(heights)
    assert len(heights) > 5


def test_a_row_for_each_surface_and_no_panel_where_no_path_is(drawn):
    other = two_weight_rnn(3, 4)
    two = [descend(other, method, 0.1, 2) for method in (SGD, MOMENTUM)]
    figure = drawn(plot_paths, {RAVINE: [PATH], other: two})
    assert [axes.get_visible() for axes in figure.axes] == [True, False, True, True, True, True]
    assert legend(figure.axes[5]) == ["SGD", "SGD with momentum 0.9"]
    assert "".join(figure.axes[3].get_ylabel().split()).startswith("".join(other.title.split()))


def test_a_file_is_written(tmp_path):
    assert imread(plot_paths({RAVINE: [PATH]}, tmp_path / "paths.png")).std() > 0.01


@pytest.mark.parametrize("paths", [{}, {ravine(): []}])
def test_nothing_to_draw(paths, tmp_path):
    with pytest.raises(ValueError, match="paths is empty"):
        plot_paths(paths, tmp_path / "paths.png")
