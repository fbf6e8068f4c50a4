from dataclasses import replace

import pytest
from drawings import legend, levels, points, spans, texts
from matplotlib.image import imread

from gnnseq.experiments import FirstSymbolTask, Trial
from gnnseq.plots.studies.first_symbol import _farthest, plot_before_after, plot_first_symbol
from gnnseq.plots.style import COLOURS
from gnnseq.studies.reach.first_symbol import SETTINGS, run_first_symbol
from gnnseq.studies.reach.models import REACH_FAMILIES


def record(length, accuracy, sees=True, seed=0, title="Convolution"):
    shares = [0.5, *[0.0] * (length - 2), 0.5]
    return {
        "family": {"title": title}, "status": "done", "score": accuracy, "hops_required": length - 1,
        "hops_reach": None if sees else 1, "task": {"size": length, "chance": 0.1}, "trial": {"seed": seed},
        "shares_before": shares, "shares_after": [0.25, *[0.0] * (length - 2), 0.75],
    }  # fmt: skip


def test_accuracy_against_distance_with_seeds_and_mean(drawn):
    records = [record(2, 1.0), record(2, 0.5, seed=1), record(4, 0.25), record(4, 0.75, seed=1)]
    figure = drawn(plot_first_symbol, records)
    (axes,) = figure.axes
    dots = [points(line) for line in axes.get_lines() if line.get_marker() == "o"]
    assert dots == [([1], [100.0]), ([1], [50.0]), ([3], [25.0]), ([3], [75.0])]
    assert [points(line) for line in axes.get_lines() if line.get_linewidth() == 1.8] == [([1, 3], [75.0, 50.0])]
    assert levels(axes) == [10.0]
    assert spans(axes) == []
    assert "2 seeds (dots)" in figure._suptitle.get_text()


def test_what_is_out_of_reach_is_grey_without_a_gap(drawn):
    records = [record(length, 0.1, sees=length <= 3) for length in (2, 3, 5, 9)]
    (axes,) = drawn(plot_first_symbol, records).axes
    assert spans(axes) == [(3.5, 8), (7.5, 8.5)]
    assert texts(axes) == ["chance", "out of\nreach"]


def test_influence_before_and_after_at_the_farthest_answer_that_was_learned(drawn):
    (axes,) = drawn(plot_before_after, [record(3, 1.0), record(4, 0.95), record(5, 0.2)]).axes
    before, after = [points(line) for line in axes.get_lines()]
    assert before == ([0, 1, 2, 3], [0.5, None, None, 0.5])
    assert after == ([0, 1, 2, 3], [0.25, None, None, 0.75])
    assert legend(axes) == ["before training", "after training (accuracy 95 %)"]
    assert axes.texts[0].xy == (3, 1.05)  # the arrow points at the answer
    assert axes.get_ylim()[0] == pytest.approx(0.05 * 0.25)


def test_a_panel_has_the_colour_of_its_family(drawn):
    named = record(2, 1.0) | {"family": {"name": "gcn-4", "title": "GCN, 4 layers"}}
    (axes,) = drawn(plot_first_symbol, [named]).axes
    assert axes.get_lines()[0].get_color() == COLOURS[2]
    before, after = drawn(plot_before_after, [named]).axes[0].get_lines()
    assert (before.get_color(), after.get_color()) == ("0.5", COLOURS[2])


def test_a_panel_for_each_model(drawn):
    records = [record(2, 1.0, title=title) for title in ("a", "b")]
    for plot in (plot_first_symbol, plot_before_after):
        assert [axes.get_title() for axes in drawn(plot, records).axes] == ["a", "b"]


@pytest.mark.parametrize(
    ("runs", "length"),
    [
        ([(2, 1.0, True), (4, 0.95, True), (8, 0.5, True)], 4),
        ([(2, 0.5, True), (4, 0.5, True), (8, 0.1, False)], 4),
        ([(4, 0.1, False), (8, 0.1, False)], 4),
        ([(2, 1.0, True), (2, 0.5, True)], 2),
    ],
)
def test_the_farthest_learned_else_seen_else_shortest(runs, length):
    assert _farthest([record(*run) for run in runs]) == length


@pytest.mark.parametrize("plot", [plot_first_symbol, plot_before_after])
def test_runs_that_were_made(plot, tmp_path):
    tiny = replace(SETTINGS, steps=1, width=4, batch_size=4, test_samples=250)
    trials = [Trial(FirstSymbolTask(length), REACH_FAMILIES[0], settings=tiny) for length in (2, 4)]
    records = [run_first_symbol(trial) for trial in trials]
    assert imread(plot(records, tmp_path / "reach.png")).std() > 0.01


@pytest.mark.parametrize("plot", [plot_first_symbol, plot_before_after])
def test_nothing_to_draw(plot, tmp_path):
    with pytest.raises(ValueError, match="no finished run"):
        plot([record(2, 1.0) | {"status": "failed"}], tmp_path / "none.png")
