from dataclasses import replace

import pytest
from matplotlib.image import imread

from gnnseq.experiments import PalindromeTask, Trial, find_family, run_trial
from gnnseq.experiments.sight import measure_sight
from gnnseq.plots import plot_accuracy, plot_sight


def test_accuracy_against_length(tmp_path):
    tiny = Trial("gcn", 4, budget=600, steps=2, batch_size=4, test_samples=250)
    records = [run_trial(replace(tiny, length=length)) for length in (4, 14)]
    path = plot_accuracy(records, tmp_path / "new" / "accuracy.png")
    assert imread(path).std() > 0.01
    assert [p.name for p in path.parent.iterdir()] == ["accuracy.png"]


def test_influence_against_distance(tmp_path):
    records = [
        measure_sight(find_family(name), PalindromeTask(12), tuned=False, seeds=2, width=4) for name in ("gcn", "lstm")
    ]
    assert imread(plot_sight(records, tmp_path / "sight.png")).std() > 0.01


@pytest.mark.parametrize("plot", [plot_accuracy, plot_sight])
def test_nothing_to_draw(plot, tmp_path):
    with pytest.raises(ValueError, match="records"):
        plot([], tmp_path / "empty.png")
    assert not list(tmp_path.iterdir())
