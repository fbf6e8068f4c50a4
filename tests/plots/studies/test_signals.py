"""The figure of forecasts."""

import pytest
import torch
from drawings import legend, lines, texts
from matplotlib.image import imread

from gnnseq.plots.studies.signals import plot_forecasts

ERRORS = {"mean": [1.0], "GCRN": [0.5, 0.7]}
TRUTH = torch.tensor([0.0, 1.0, -1.0])


def test_bars_are_means_and_dots_are_seeds_the_first_model_on_top(drawn):
    left, _ = drawn(plot_forecasts, ERRORS, TRUTH, {}).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["GCRN", "mean"]
    assert [(bar.get_y() + bar.get_height() / 2, bar.get_width()) for bar in left.patches] == [
        (0, pytest.approx(0.6)), (1, 1.0)
    ]  # fmt: skip
    assert [list(line.get_xdata()) for line in left.get_lines()] == [[0.5, 0.7], [1.0]]
    assert texts(left) == ["0.600", "1.000"]
    assert left.get_xlim()[1] == pytest.approx(1.15)


def test_truth_and_forecasts_of_one_node(drawn):
    _, right = drawn(plot_forecasts, ERRORS, TRUTH, {"GCRN": TRUTH + 0.5}).axes
    assert lines(right) == {"truth": ([0, 1, 2], [0.0, 1.0, -1.0]), "GCRN": ([0, 1, 2], [0.5, 1.5, -0.5])}
    assert legend(right) == ["truth", "GCRN"]


def test_the_best_possible_error_is_a_line(drawn):
    left, _ = drawn(plot_forecasts, ERRORS, TRUTH, {}, floor=0.3).axes
    assert lines(left)["best possible, 0.300"][0] == [0.3, 0.3]
    assert legend(left) == ["best possible, 0.300"]
    without, _ = drawn(plot_forecasts, ERRORS, TRUTH, {}).axes
    assert without.get_legend() is None


def test_a_file_is_written(tmp_path):
    height, width = imread(plot_forecasts(ERRORS, TRUTH, {}, tmp_path / "new" / "figure.png")).shape[:2]
    assert width == 1500
    assert height > 300


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="errors is empty, expected at least one model"):
        plot_forecasts({}, torch.zeros(1), {}, tmp_path / "figure.png")
