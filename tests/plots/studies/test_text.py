import math

import pytest
from drawings import legend, lines
from matplotlib.image import imread

from gnnseq.plots.studies.text import plot_text_curves
from gnnseq.studies.text.run import TextCurve

ONE = TextCurve([math.log(8), math.log(4)], [0.1, 0.2], [[2, math.log(4), 0.25]])


def test_bits_and_per_cent_against_steps(drawn):
    left, right = drawn(plot_text_curves, {"one": ONE}).axes
    assert lines(left) == {
        "one: training": ([1, 2], [pytest.approx(3), pytest.approx(2)]),
        "one: held out": ([2], [pytest.approx(2)]),
    }
    assert lines(right) == {"one: training": ([1, 2], [10, 20]), "one: held out": ([2], [25])}
    assert (left.get_ylabel(), right.get_ylabel()) == ("bits per character", "next characters predicted (%)")


def test_a_curve_without_steps_is_left_out_and_one_without_measurements_has_no_dots(drawn):
    left, _ = drawn(plot_text_curves, {"none": TextCurve(), "two": TextCurve([1.0], [0.1]), "one": ONE}).axes
    assert legend(left) == ["two: training", "one: training", "one: held out"]


def test_long_curves_are_smoothed_and_thinned(drawn):
    curve = TextCurve([float(n % 2) * math.log(2) for n in range(4200)], [0.0] * 4200)
    left, _ = drawn(plot_text_curves, {"long": curve}).axes
    steps, bits = lines(left)["long: training"]
    assert steps[:3] == [1, 4, 7]
    assert bits[-1] == pytest.approx(0.5)  # of 100 batches


def test_a_file_is_written(tmp_path):
    assert imread(plot_text_curves({"one": ONE}, tmp_path / "new" / "one.png")).std() > 0.01
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["one.png"]


def test_nothing_to_draw(tmp_path):
    for curves in ({}, {"none": TextCurve()}):
        with pytest.raises(ValueError, match="curves hold no steps"):
            plot_text_curves(curves, tmp_path / "none.png")
    assert not list(tmp_path.iterdir())
