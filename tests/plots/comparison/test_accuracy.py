import pytest
from comparison import make_record, make_records, make_regression
from drawings import levels, points, spans, texts

from gnnseq.plots.comparison.accuracy import plot_accuracy


def own_line(axes):
    """The thick line of a panel's own model."""
    (line,) = [line for line in axes.get_lines() if line.get_linewidth() == 2]
    return points(line)


def dots(axes):
    return [points(line) for line in axes.get_lines() if line.get_marker() == "o"]


def test_a_panel_for_each_model_with_means_and_seeds(drawn):
    records = [make_record(family, size, seed, score)
               for family, size, scores in (("lstm", 5, (0.5, 0.7)), ("lstm", 9, (0.2, 0.4)), ("rnn", 5, (0.1, 0.3)))
               for seed, score in enumerate(scores)]  # fmt: skip
    lstm, rnn = drawn(plot_accuracy, records).axes
    assert (lstm.get_title(), rnn.get_title()) == ("LSTM", "RNN")
    assert own_line(lstm) == ([5, 9], pytest.approx([60.0, 30.0]))
    assert own_line(rnn) == ([5], pytest.approx([20.0]))
    assert dots(lstm) == [([5, 5], [50.0, 70.0]), ([9, 9], [20.0, 40.0])]
    assert levels(lstm) == [10.0]
    assert lstm.get_xticks().tolist() == [5, 9]
    grey = [points(line) for line in rnn.get_lines() if line.get_color() == "0.85"]
    assert grey == [([5, 9], pytest.approx([60.0, 30.0])), ([5], pytest.approx([20.0]))]


def test_the_interval_holds_the_mean(drawn):
    (axes,) = drawn(plot_accuracy, [make_record(seed=seed, score=0.5 + 0.1 * seed) for seed in range(3)]).axes
    ((start, end),) = axes.collections[-1].get_segments()
    assert start[0] == end[0] == 10
    assert 50 <= start[1] < 60 < end[1] <= 70


def test_lengths_beyond_the_reach_are_grey_and_named(drawn):
    records = [make_record(family, size) for family in ("gcn", "lstm") for size in (8, 10, 14, 20)]
    gcn, lstm = drawn(plot_accuracy, records).axes
    assert spans(gcn) == [(12.0, 17.0), (17.0, pytest.approx(20.5))]  # 8 hops reach the first of 10 symbols
    assert texts(gcn) == ["out of\nreach", "chance"]
    assert spans(lstm) == []
    assert texts(lstm) == ["chance"]


@pytest.mark.parametrize(
    ("seeds", "words"),
    [(1, " one seed (dots), other"), (3, "3 seeds (dots), mean and 95\u00a0% bootstrap interval (line),")],
)
def test_the_title_says_weights_and_seeds(drawn, seeds, words):
    title = drawn(plot_accuracy, make_records(seeds, (5,)))._suptitle.get_text().replace("\n", " ")
    assert "10,003 to 10,004 weights" in title
    assert words in title


def test_errors_have_their_own_scale(drawn):
    figure = drawn(plot_accuracy, make_regression(2))
    assert figure.get_supylabel() == "mean squared error on test data"
    assert levels(figure.axes[0]) == [1 / 6]
    assert figure.axes[0].get_ylim()[1] < 1


def test_many_sizes_have_few_ticks(drawn):
    (axes,) = drawn(plot_accuracy, [make_record(size=size) for size in range(5, 35)]).axes
    assert axes.get_xticks().tolist() == [5, 10, 15, 20, 25, 30]


def twins(score):
    return [
        make_record(family, size, seed, 0.5 if family == "lstm" else score)
        for family in ("lstm", "tree-lstm")
        for size in (5, 9)
        for seed in (0, 1)
    ]


def test_one_model_under_two_names_has_one_panel_that_names_both(drawn):
    (axes,) = drawn(plot_accuracy, twins(0.5)).axes
    assert axes.get_title() == "LSTM\n(equal: tree-lstm)"
    assert own_line(axes) == ([5, 9], [50.0, 50.0])
    assert [one.get_title() for one in drawn(plot_accuracy, twins(0.6)).axes] == ["LSTM", "tree-lstm"]


def test_the_axis_names_the_size(drawn):
    assert drawn(plot_accuracy, [make_record()]).get_supxlabel() == "length of palindromes"
    lists = [make_record() | {"task": make_record()["task"] | {"title": "lists of 6 to 10 symbols"}}]
    assert drawn(plot_accuracy, lists).get_supxlabel() == "size of the task (palindromes)"


def test_chance_is_named_outside_of_the_panel(drawn):
    (axes,) = drawn(plot_accuracy, [make_record()]).axes
    (word,) = axes.texts
    assert (word.get_text(), word.xy) == ("chance", (1.01, 10.0))


def test_what_a_model_of_unknown_reach_was_found_not_to_see_is_grey(drawn):
    records = [make_record("lstm", size, influence=0.0 if size == 14 else 0.5) for size in (8, 10, 14)]
    (axes,) = drawn(plot_accuracy, records).axes
    assert spans(axes) == [(12.0, 14.5)]
