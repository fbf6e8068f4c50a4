import math
from dataclasses import replace

import pytest
from drawings import legend, levels, lines, points
from matplotlib.image import imread

from gnnseq.experiments import FirstSymbolTask, Trial, run_trial
from gnnseq.plots.studies.gradients import plot_clipping, plot_gradient_flow
from gnnseq.plots.style import COLOURS
from gnnseq.studies.gradients import SETTINGS, FlowRecord, measure_flow, recurrence

TASK = FirstSymbolTask(6)
SMALL = replace(SETTINGS, width=4, batch_size=4, steps=3, test_samples=250)


def flow(title="RNN", hidden=((0.1, 1.0), (0.3, 3.0)), factor=(1.0, 1.0), bound=None):
    return FlowRecord(title, None, [list(h) for h in hidden], [], [1.0] * len(hidden), list(factor), 0.5, bound)


def training(title="RNN", limit=None, seed=0, loss=(2.0, 1.0), norm=(4.0, 0.0)):
    curve = {"loss": list(loss), "grad_norm": list(norm)}
    return {"family": {"title": title}, "trial": {"max_norm": limit, "seed": seed}, "curve": curve}


def test_the_mean_over_seeds_as_it_is_and_as_clipping_leaves_it(drawn):
    left, right = drawn(plot_gradient_flow, [flow(factor=(0.5, 0.1))]).axes
    assert lines(left) == {"RNN (scaled by 0.3)": ([1, 2], [pytest.approx(0.2), pytest.approx(2.0)])}
    assert lines(right) == {"RNN (scaled by 0.3)": ([1, 2], [pytest.approx(0.04), pytest.approx(0.4)])}
    assert left.get_yscale() == "log"
    band = left.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (0.1, 3.0)


def test_what_clipping_does_not_change_says_so(drawn):
    assert legend(drawn(plot_gradient_flow, [flow(), flow("LSTM")]).axes[1]) == [
        "RNN (not clipped)",
        "LSTM (not clipped)",
    ]


def test_settings_of_a_family_have_its_colour_and_other_lines(drawn):
    records = [flow("RNN, spectral radius 0.8"), flow("LSTM, default"), flow("RNN, spectral radius 1")]
    one, lstm, other = drawn(plot_gradient_flow, records).axes[1].get_lines()
    assert one.get_color() == other.get_color() == COLOURS[1]
    assert lstm.get_color() == COLOURS[0]
    assert (one.get_linestyle(), other.get_linestyle()) == ("-", "--")


def test_the_bound_starts_from_the_last_step_and_stands_left_only(drawn):
    left, right = drawn(plot_gradient_flow, [flow(bound=[0.5, 1.0])]).axes
    dotted = [points(line) for line in left.get_lines() if line.get_linestyle() == ":"]
    assert dotted == [([1, 2], [1.0, 2.0])]
    assert len(right.get_lines()) == 1


def test_norm_and_loss_of_each_training_step(drawn):
    records = [training(), training(limit=0.5, norm=(2.0, 1.0)), training("LSTM")]
    above, other, below, _ = drawn(plot_clipping, records).axes
    assert (above.get_title(), other.get_title()) == ("RNN", "LSTM")
    assert [points(line) for line in above.get_lines()] == [([0, 1], [4.0, None]), ([0, 1], [2.0, 1.0])]
    assert lines(below) == {
        "not clipped": ([0, 1], [2.0, 1.0]),
        "clipped to 0.5": ([0, 1], [2.0, 1.0]),
    }
    assert [(line.get_color(), line.get_linestyle()) for line in above.get_lines()] == [
        (COLOURS[1], "-"),
        ("black", "--"),
    ]
    assert math.log(10) in levels(below)
    assert above.get_yscale() == "log"
    assert legend(below) == ["not clipped", "clipped to 0.5"]


def test_seeds_share_a_name(drawn):
    _, below = drawn(plot_clipping, [training(seed=0), training(seed=1)]).axes
    assert legend(below) == ["not clipped"]
    assert len([line for line in below.get_lines() if line.get_linestyle() == "-"]) == 2


def test_records_that_were_measured(tmp_path):
    flows = [measure_flow(family, TASK, SMALL, 0.01, seeds=2) for family in (recurrence(0.5), recurrence())]
    assert imread(plot_gradient_flow(flows, tmp_path / "flow.png")).std() > 0.01
    limits = [replace(SMALL, max_norm=limit) for limit in (None, 0.01)]
    runs = [run_trial(Trial(TASK, recurrence(0.5), settings=settings)) for settings in limits]
    assert imread(plot_clipping(runs, tmp_path / "clipping.png")).std() > 0.01


@pytest.mark.parametrize("plot", [plot_gradient_flow, plot_clipping])
def test_nothing_to_draw(plot, tmp_path):
    with pytest.raises(ValueError, match="records is empty"):
        plot([], tmp_path / "none.png")
