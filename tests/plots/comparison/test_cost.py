from comparison import make_record, make_regression
from drawings import legend, levels, lines, texts

from gnnseq.plots.comparison.cost import COSTS, plot_cost


def test_score_against_each_cost_at_the_largest_size(drawn):
    records = [make_record("lstm", 5, score=0.9), make_record("lstm", 9, score=0.5, weights=20_000)]
    records.append(make_record("rnn", 9, score=0.96))
    axes = drawn(plot_cost, records).axes
    assert [one.get_xlabel() for one in axes] == list(COSTS.values())
    assert lines(axes[0]) == {"LSTM": ([6.0], [50.0]), "RNN": ([5.0], [96.0])}
    assert lines(axes[1]) == {"LSTM": ([20_000.0], [50.0]), "RNN": ([10_003.0], [96.0])}
    assert lines(axes[2])["LSTM"] == ([54.0], [50.0])
    assert axes[0].get_ylabel() == "palindromes of length 9\naccuracy on test data (%)"
    assert all(levels(one) == [10.0] for one in axes)


def edge(axes):
    """The place of models without a cost, and its name."""
    return axes.get_xticks()[-1], axes.get_xticklabels()[-1].get_text()


def test_a_model_that_never_reached_the_threshold_has_an_empty_mark_at_the_edge(drawn):
    records = [make_record("lstm", score=0.5), make_record("rnn", score=0.96)]
    figure = drawn(plot_cost, records)
    axes = figure.axes[2]
    assert figure.get_suptitle().replace("\n", " ").endswith("(empty: threshold not reached)")
    place, word = edge(axes)
    assert lines(axes) == {"LSTM": ([place], [50.0]), "RNN": ([64.0 * 30], [96.0])}
    assert word == "not\nreached"
    assert [line.get_markerfacecolor() == "none" for line in axes.get_lines()[:2]] == [True, False]
    assert place > 64 * 30
    assert texts(axes) == ["chance"]


def test_what_was_not_measured_is_named_and_a_cost_that_nobody_has_left_out(drawn):
    records = [make_record("lstm", peak_memory_mb=None), make_record("rnn")]
    figure = drawn(plot_cost, records)
    assert [one.get_xlabel() for one in figure.axes] == [COSTS[key] for key in ("ms_per_step", "peak_memory_mb")]
    assert edge(figure.axes[1])[1] == "not\nmeasured"
    assert figure.get_suptitle().replace("\n", " ").endswith("(empty: not measured)")


def test_weights_of_one_budget_are_left_out(drawn):
    figures = [drawn(plot_cost, [make_record("lstm", weights=count), make_record("rnn")]) for count in (11_000, 15_000)]
    assert [COSTS["weights"] in [one.get_xlabel() for one in figure.axes] for figure in figures] == [False, True]
    assert figures[0].get_suptitle().replace("\n", " ").endswith("median cost")


def test_a_cost_is_the_median_of_the_seeds(drawn):
    records = [make_record(seed=seed, ms_per_step=value) for seed, value in enumerate((1.0, 2.0, 9.0))]
    assert lines(drawn(plot_cost, records).axes[0])["LSTM"][0] == [2.0]


def test_the_axis_spans_a_factor_of_two_at_least(drawn):
    for values, ticks in (((8.0, 800.0), [10, 30, 100, 300]), ((8.0, 8.1), [6, 8, 10]), ((12.0, 12.1), [10])):
        records = [make_record(name, ms_per_step=value) for name, value in zip(("lstm", "rnn"), values, strict=True)]
        axes = drawn(plot_cost, records).axes[0]
        low, high = axes.get_xlim()
        assert high / low >= 2 * 0.999
        assert low < values[0] < values[1] < high
        assert axes.get_xscale() == "log"
        assert axes.get_xticks().tolist() == ticks


def test_a_row_for_each_task_and_one_legend(drawn):
    figure = drawn(plot_cost, [make_record(), *make_regression(1)])
    assert len(figure.axes) == 2 * 2  # weights are equal, and nobody reached a threshold
    assert figure.axes[2].get_ylabel().startswith("adding of length 50")
    assert legend(figure) == ["LSTM", "RNN"]
