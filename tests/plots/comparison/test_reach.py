import pytest
from comparison import make_record, make_regression
from drawings import legend, levels, lines, spans, texts

from gnnseq.plots.comparison.reach import HIGHEST, LOWEST, plot_reach


def test_models_with_a_limit_stand_left_at_what_they_reach_beyond_need(drawn):
    records = [
        make_record("gcn", 5, score=0.95),
        make_record("gcn", 20, score=0.1),
        make_record("lstm", 20, score=0.525),
    ]
    left, right = drawn(plot_reach, records).axes
    title = "GCN, 8 layers on the path"
    points = [line for line in left.get_lines() if line.get_label() == title]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in points] == [(5, 1.0), (-10, 0.0)]
    assert lines(right) == {"LSTM": ([18.0], [pytest.approx(0.5)])}
    assert left.get_xlabel() == "hops reached minus hops required"
    assert right.get_xlabel() == "hops required (models without a limit)"


def test_the_title_says_where_scores_are_cut(drawn):
    title = drawn(plot_reach, [make_record("lstm", 5)]).get_suptitle().replace("\n", " ")
    assert f"below {LOWEST:g} and above {HIGHEST:g} are drawn there" in title


def test_where_nothing_can_be_seen_is_grey(drawn):
    (axes,) = drawn(plot_reach, [make_record("gcn", 5), make_record("gcn", 20)]).axes
    ((start, end),) = spans(axes)
    assert end == -0.5
    assert start <= axes.get_xlim()[0]
    assert "out of reach" in texts(axes)
    (near,) = drawn(plot_reach, [make_record("gcn", 5)]).axes
    assert spans(near) == []


def test_the_way_from_chance_to_threshold_is_shared_by_all_tasks(drawn):
    records = [make_record("lstm", 20, score=0.95), *make_regression(1)]
    records[1]["score"] = 1 / 6  # of the LSTM on the adding task
    (axes,) = drawn(plot_reach, records).axes
    heights = [line.get_ydata()[0] for line in axes.get_lines() if line.get_label() == "LSTM"]
    assert heights == pytest.approx([1.0, 0.0])
    assert levels(axes) == [0, 1]
    assert texts(axes)[-2:] == ["chance", "threshold"]


def test_gains_far_outside_are_drawn_at_the_edge(drawn):
    worse, better = make_regression(1)
    worse["score"], better["score"] = 10.0, -10.0
    (axes,) = drawn(plot_reach, [worse, better]).axes
    assert {name: y for name, (_, (y,)) in lines(axes).items()} == {"LSTM": LOWEST, "RNN": HIGHEST}
    low, high = axes.get_ylim()
    assert low < LOWEST < HIGHEST < high


def test_one_legend_and_only_records_that_say_what_is_required(drawn):
    figure = drawn(plot_reach, [make_record("gcn"), make_record("lstm"), make_record("rnn", hops_required=None)])
    assert legend(figure) == ["GCN, 8 layers on the path", "LSTM"]


def test_only_marks_at_the_same_hops_stand_side_by_side(drawn):
    records = [make_record("lstm", 20), make_record("rnn", 20), make_record("rnn", 10)]
    (axes,) = drawn(plot_reach, records).axes
    moved = [line.get_transform().transform((0, 0))[0] - axes.transData.transform((0, 0))[0]
             for line in axes.get_lines() if line.get_label() in ("LSTM", "RNN")]  # fmt: skip
    assert sorted(map(round, moved)) == [-3, 0, 3]
