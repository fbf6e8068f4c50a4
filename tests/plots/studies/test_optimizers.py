from dataclasses import replace

import pytest
from drawings import legend, levels, lines, points
from matplotlib.colors import to_rgba
from matplotlib.image import imread

from gnnseq.experiments import SGD, run_trial
from gnnseq.plots.studies.optimizers import plot_race
from gnnseq.plots.style import COLOURS
from gnnseq.studies.optimizers.race import SETTINGS, Race, base_trial


def run(optimizer, rate, reached, seed=0, status="done"):
    """A run of at most 100 steps that was never made."""
    trial = {"optimizer": optimizer, "learning_rate": rate, "seed": seed, "steps": 100}
    task = {"title": "palindromes of length 6", "solved": 0.95}
    return {"trial": trial, "task": task, "family": {"title": "RNN"}, "status": status, "steps_to_threshold": reached}


def race(*more):
    tuning = [run("sgd", 0.01, 40), run("sgd", 0.01, None, 1), run("sgd", 0.1, 20), run("adam", 0.01, 10)]
    final = [run("sgd", 0.1, 30), run("sgd", 0.1, None, 1), run("adam", 0.01, 12), run("adam", 0.01, 14, 1), *more]
    return Race(tuning, final, {"sgd": 0.1, "adam": 0.01}, (0.01, 0.1))


def test_steps_against_rates_where_those_allowed_stand_for_not_reached(drawn):
    left, _ = drawn(plot_race, race()).axes
    assert lines(left) == {"SGD": ([0.01, 0.1], [70.0, 20.0]), "Adam": ([0.01], [10.0])}
    chosen = [points(line) for line in left.get_lines() if line.get_markersize() == 11]
    assert chosen == [([0.1], [20.0]), ([0.01], [10.0])]
    assert levels(left) == [100]
    assert (left.get_xscale(), left.get_yscale()) == ("log", "log")
    assert legend(left) == ["SGD", "Adam"]


def test_each_seed_of_the_final_runs_and_their_mean(drawn):
    _, right = drawn(plot_race, race()).axes
    seeds = [line for line in right.get_lines() if line.get_markersize() == 4]
    assert [line.get_ydata()[0] for line in seeds] == [30.0, 100.0, 12.0, 14.0]
    empty = [line.get_markerfacecolor() == "none" for line in seeds]
    assert empty == [False, True, False, False]
    assert to_rgba(seeds[2].get_color()) == to_rgba(COLOURS[1])
    means = [line.get_ydata()[0] for line in right.get_lines() if line.get_markersize() == 8]
    assert means == [65.0, 13.0]
    assert [label.get_text() for label in right.get_xticklabels()] == ["SGD", "Adam"]


def test_runs_that_failed_are_left_out(drawn):
    figure = drawn(plot_race, race(run("adam", 0.01, None, 2, "failed")))
    assert len([line for line in figure.axes[1].get_lines() if line.get_markersize() == 4]) == 4
    title = figure._suptitle.get_text().replace("\n", " ")
    assert title.startswith("Training steps until the accuracy of an RNN is 95\u00a0% on palindromes of length 6")
    assert "2 other seeds" in title


def test_an_optimiser_whose_tuning_runs_all_failed_has_no_curve(drawn):
    broken = Race([run("sgd", 0.1, None, status="failed"), run("adam", 0.1, 10)], [run("adam", 0.1, 12)],
                  {"sgd": 0.1, "adam": 0.1}, (0.1,))  # fmt: skip
    figure = drawn(plot_race, broken)
    left, right = figure.axes
    assert "one other seed " in figure._suptitle.get_text().replace("\n", " ")
    assert lines(left) == {"SGD": ([], []), "Adam": ([0.1], [10.0])}
    assert [line.get_ydata()[0] for line in right.get_lines() if line.get_markersize() == 8] == [12.0]


def test_runs_that_were_made(tmp_path):
    small = replace(SETTINGS, width=2, steps=2, test_samples=10, batch_size=4, optimizer=SGD)
    base = base_trial(length=3, settings=small)
    tuning = [run_trial(replace(base, learning_rate=rate, purpose="tuning")) for rate in (0.1, 0.01)]
    final = [run_trial(replace(base, learning_rate=0.1, seed=seed)) for seed in (0, 1)]
    made = Race(tuning, final, {"sgd": 0.1}, (0.01, 0.1))
    assert imread(plot_race(made, tmp_path / "race.png")).std() > 0.01


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="no final run"):
        plot_race(Race([], [], {}, ()), tmp_path / "race.png")
