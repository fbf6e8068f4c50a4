import pytest
from comparison import make_record
from drawings import legend

from gnnseq.plots.studies.compute import EXACT, NEVER, plot_computability, plot_drift
from gnnseq.plots.style import COLOURS
from gnnseq.studies.compute.outcomes import Outcome


def outcome(model="LSTM", task="parity", computes="can", random=(1.0,), hard=(1.0,)):
    return Outcome(model, task, computes, "so it is", {40: (1.0,), 256: random}, {40: (1.0,), 256: hard}, "learned")


def test_prediction_and_result_in_one_cell_and_wrong_ones_marked(drawn):
    found = [
        outcome(),
        outcome("MinGRU", computes="cannot", random=(0.5,), hard=(0.4,)),
        outcome("MinGRU", "s3", "cannot"),
        outcome("LSTM", "s3", "not known", (1.0,), (0.8,)),
    ]
    figure = drawn(plot_computability, found)
    axes = figure.axes[0]
    named = ["all runs correct, also on hard samples", "all runs correct on random samples", "no run correct"]
    assert legend(figure) == [*named, "contradicts the theory"]
    assert legend(drawn(plot_computability, [outcome()])) == named[:1]
    texts = {text.get_text(): text.get_weight() for text in axes.texts}
    assert texts == {"can\n100 / 100 %": "normal", "cannot\n50 / 40 %": "normal", "cannot\n100 / 100 %": "bold",
                     "?\n100 / 80 %": "normal"}  # fmt: skip
    colours = [tuple(round(255 * part) for part in patch.get_facecolor()[:3]) for patch in axes.patches]
    exact, never = (tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour in (EXACT, NEVER))
    assert [colours[0] == exact, colours[1] == never, colours[2] == exact] == [True] * 3
    assert [label.get_text() for label in axes.get_xticklabels()] == ["parity", "s3"]
    assert [patch.get_linewidth() > 2 for patch in axes.patches] == [False, False, True, False]


def test_drift_by_model(drawn):
    trial = {"stop_at": 1.0, "steps": 9, "seed": 0}
    records = [
        make_record(family, trial=trial, by_place={"40": [1, 1], "1000": [right, 4]})
        for family, right in (("lstm", 4), ("gcn", 2), ("gcn", 1))
    ]
    axes = drawn(plot_drift, records).axes[0]
    assert legend(axes) == ["LSTM, until 20 batches are right", "GCN, 8 layers on the path, until 20 batches are right"]
    means = [line for line in axes.get_lines() if line.get_linewidth() > 1.5]
    assert list(means[1].get_ydata()) == [1.0, 0.375]


def test_rules_of_training_share_the_colour_of_the_family(drawn):
    trials = ({"stop_at": 1.0, "steps": 9, "seed": 0}, {"stop_at": None, "steps": 9, "seed": 0})
    records = [make_record("lstm", trial=trial, by_place={"40": [1, 1], "80": [1, 1]}) for trial in trials]
    one, other = [line for line in drawn(plot_drift, records).axes[0].get_lines() if line.get_linewidth() > 1.5]
    assert one.get_color() == other.get_color() == COLOURS[0]
    assert (one.get_linestyle(), other.get_linestyle()) == ("-", "--")


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="found is empty, expected at least one outcome"):
        plot_computability([], tmp_path / "x.png")
    with pytest.raises(ValueError, match="records hold no by_place"):
        plot_drift([make_record()], tmp_path / "x.png")
