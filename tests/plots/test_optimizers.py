import pytest
from matplotlib.image import imread

from gnnseq.experiments.optimizer_race import Race
from gnnseq.experiments.optimizer_trial import OptimizerTrial, run_optimizer_trial
from gnnseq.plots.optimizers import plot_race


def run(optimizer, rate, **changes):
    small = {"length": 3, "width": 2, "steps": 2, "samples": 10, "batch_size": 4} | changes
    return run_optimizer_trial(OptimizerTrial(optimizer, rate, **small))


def test_steps_against_rates_and_by_seed(tmp_path):
    tuning = [run(name, rate, purpose="tuning") for name in ("sgd", "adam") for rate in (0.1, 0.01)]
    final = [run(name, 0.1, seed=seed) for seed in (0, 1) for name in ("sgd", "adam")]
    race = Race(tuning, final, {"sgd": 0.1, "adam": 0.1}, (0.01, 0.1))
    assert imread(plot_race(race, tmp_path / "race.png")).std() > 0.01


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="no final run"):
        plot_race(Race([], [], {}, ()), tmp_path / "race.png")
