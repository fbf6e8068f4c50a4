import pytest
from matplotlib.image import imread

from gnnseq.experiments.text_run import TextCurve
from gnnseq.plots.text import moving_mean, plot_text_curves


def test_curves_of_several_models(tmp_path):
    one = TextCurve([3.0, 2.5, 2.0], [0.1, 0.2, 0.3], [[2, 2.6, 0.2], [3, 2.2, 0.25]])
    only_training = TextCurve([3.0], [0.1])
    first = imread(plot_text_curves({"one": one}, tmp_path / "new" / "one.png"))
    second = imread(plot_text_curves({"one": one, "two": only_training, "none": TextCurve()}, tmp_path / "two.png"))
    assert first.std() > 0.01
    assert first.shape == second.shape
    assert abs(first - second).max() > 0.1
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["one.png"]


def test_nothing_to_draw(tmp_path):
    for curves in ({}, {"none": TextCurve()}):
        with pytest.raises(ValueError, match="curves hold no steps"):
            plot_text_curves(curves, tmp_path / "none.png")
    assert not list(tmp_path.iterdir())


def test_moving_mean():
    assert moving_mean([1.0, 2.0, 6.0, 1.0], 2) == [1.0, 1.5, 4.0, 3.5]
    assert moving_mean([1.0, 2.0, 6.0], 9) == [1.0, 1.5, 3.0]
