import pytest
from comparison import make_record, make_regression
from drawings import legend, levels, lines

from gnnseq.plots.comparison.learning import plot_learning


def record(*accuracy, family="lstm", seed=0, size=10):
    return make_record(family, size, seed, 0.5, curve={"accuracy": list(accuracy)})


def test_a_panel_for_each_size_with_the_mean_of_the_seeds(drawn):
    records = [record(0.2, 0.4, seed=0), record(0.6, 0.6, seed=1), record(0.1, family="rnn")]
    records.append(record(1.0, size=20))
    first, second = drawn(plot_learning, records).axes
    assert [axes.get_title() for axes in (first, second)] == ["palindromes of length 10", "palindromes of length 20"]
    assert lines(first) == {"LSTM": ([1, 2], pytest.approx([40.0, 45.0])), "RNN": ([1], [pytest.approx(10.0)])}
    assert lines(second) == {"LSTM": ([1], [100.0])}
    assert levels(first) == [10.0]
    band = first.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (pytest.approx(20.0), pytest.approx(60.0))


def test_marks_along_the_lines_stand_at_different_steps(drawn):
    records = [record(*[0.5] * 80), record(*[0.4] * 80, family="rnn")]
    first, second = [line for line in drawn(plot_learning, records).axes[0].get_lines() if line.get_marker() != "None"]
    assert (first.get_markevery(), second.get_markevery()) == ((0, 10), (5, 10))


def test_legend_and_labels(drawn):
    figure = drawn(plot_learning, [record(0.2), record(0.3, family="rnn")])
    assert legend(figure) == ["LSTM", "RNN"]
    assert figure.get_supylabel() == "accuracy of training batches (%)"
    assert figure.get_supxlabel() == "training steps"
    errors = drawn(plot_learning, make_regression(1))
    assert errors.get_supylabel() == "mean squared error of training batches"
    assert levels(errors.axes[0]) == [1 / 6]


def test_records_without_a_curve_are_left_out(drawn):
    figure = drawn(plot_learning, [record(0.2), make_record("rnn", curve=None)])
    assert legend(figure) == ["LSTM"]
    with pytest.raises(ValueError, match="records hold no curve"):
        drawn(plot_learning, [make_record(curve=None)])
