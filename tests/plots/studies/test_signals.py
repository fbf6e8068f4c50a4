"""The figure of forecasts."""

import pytest
import torch
from drawings import legend, lines
from matplotlib.image import imread

from gnnseq.plots.studies.signals import plot_forecasts
from gnnseq.plots.style import COLOURS

ERRORS = {"mean": [[1.0, 2.0]], "GCRN": [[0.5, 1.0], [0.7, 1.2]]}
TRUTH = torch.tensor([0.0, 1.0, -1.0, 2.0])
FORECASTS = torch.tensor([[0.5, 1.5], [0.0, -2.0], [-1.5, 3.0]])


def test_errors_are_means_over_seeds_by_step_ahead(drawn):
    left, _ = drawn(plot_forecasts, ERRORS, TRUTH, FORECASTS).axes
    found = lines(left)
    assert found["mean"] == ([1, 2], [1.0, 2.0])
    assert found["GCRN"] == ([1, 2], pytest.approx([0.6, 1.1]))
    assert legend(left) == ["mean", "GCRN"]


def test_models_have_the_colour_of_their_family_and_baselines_are_grey(drawn):
    errors = ERRORS | {"LSTM without the graph": [[0.6, 1.0]]}
    left, _ = drawn(plot_forecasts, errors, TRUTH, FORECASTS).axes
    colours = {line.get_label(): line.get_color() for line in left.get_lines()}
    assert colours == {"mean": "0.5", "GCRN": COLOURS[3], "LSTM without the graph": COLOURS[0]}


def test_forecasts_stand_at_the_steps_that_they_forecast(drawn):
    _, right = drawn(plot_forecasts, ERRORS, TRUTH, FORECASTS).axes
    assert [line.get_color() for line in right.get_lines()] == ["0.6", COLOURS[3], COLOURS[3]]
    assert [line.get_linestyle() for line in right.get_lines()] == ["-", "-", "--"]
    assert lines(right) == {
        "truth": ([0, 1, 2, 3], [0.0, 1.0, -1.0, 2.0]),
        "1 step ahead": ([0, 1, 2], [0.5, 0.0, -1.5]),
        "2 steps ahead": ([1, 2, 3], [1.5, -2.0, 3.0]),
    }
    _, right = drawn(plot_forecasts, ERRORS, TRUTH, FORECASTS[:, :1]).axes
    assert legend(right) == ["truth", "1 step ahead"]


def test_the_best_possible_error_is_a_star(drawn):
    left, _ = drawn(plot_forecasts, ERRORS, TRUTH, FORECASTS, floor=0.3).axes
    assert lines(left)["best possible one step ahead, 0.300"] == ([1], [0.3])


def test_a_file_is_written(tmp_path):
    height, width = imread(plot_forecasts(ERRORS, TRUTH, FORECASTS, tmp_path / "new" / "figure.png")).shape[:2]
    assert width == 1650
    assert height > 300


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="errors is empty, expected at least one model"):
        plot_forecasts({}, torch.zeros(1), FORECASTS, tmp_path / "figure.png")
