import pytest
from comparison import make_record, make_records, make_regression
from drawings import legend

from gnnseq.plots.comparison.models import (
    drawable,
    ends,
    headline,
    legend_beside,
    looks,
    of_one_task,
    score_label,
    shown,
)
from gnnseq.plots.style import COLOURS, MARKERS, figure, panels
from gnnseq.results.joined import collect


def result(*scores, regression=False):
    records = [make_record(seed=seed, score=score) for seed, score in enumerate(scores)]
    return collect(make_regression(1) if regression else records)[0]


def test_a_family_looks_the_same_in_every_figure():
    whole, part = looks(collect(make_records(1))), looks(collect(make_records(1)[1:2]))
    assert part == {"LSTM": whole["LSTM"]} == {"LSTM": (COLOURS[0], MARKERS[0], "-")}
    assert whole["GCN, 8 layers on the path"] == (COLOURS[2], MARKERS[2], "-")
    graph = make_record() | {"family": {"name": "gcn-graph", "title": "on the graph"}}
    assert looks(collect([graph]))["on the graph"] == (COLOURS[2], MARKERS[3], "--")


def test_accuracy_is_shown_in_per_cent_and_errors_as_they_are():
    assert shown(result(0.25), 0.25) == 25.0
    assert score_label(result(0.25)) == "accuracy on test data (%)"
    assert shown(result(regression=True), 0.25) == 0.25
    assert score_label(result(regression=True)) == "mean squared error on test data"


def test_the_interval_of_one_seed_is_its_score():
    assert ends(result(0.25)) == (0.25, 0.25)
    low, high = ends(result(0.25, 0.5, 0.75))
    assert 0.25 <= low < 0.5 < high <= 0.75


def test_what_can_be_drawn():
    assert [r.model for r in drawable([make_record()], lambda record: record["label"])] == [
        "lstm, palindromes 10, lr 0.003, seed 0"
    ]
    with pytest.raises(ValueError, match="records hold no finished trial"):
        drawable([], lambda record: "")
    of_one_task(drawable(make_records(1), lambda record: record["family"]["name"]))


def test_one_legend_names_each_model_once_whichever_panel_has_it():
    drawn, (left, right) = panels(2, 2.0, 2.0)
    left.plot([0], [0], label="a")
    right.plot([0], [0], label="b")
    right.plot([0], [0], label="a")
    legend_beside(drawn, [left, right])
    assert legend(drawn) == ["a", "b"]


def test_a_long_title_takes_several_lines_and_leaves_room_for_the_legend():
    drawn = figure(6.0, 2.0)
    headline(drawn, "word " * 30, beside=3.0)
    title = drawn._suptitle
    assert max(map(len, title.get_text().split("\n"))) <= 30
    assert title.get_text().split() == ["word"] * 30
    assert title.get_position()[0] == 0.25
