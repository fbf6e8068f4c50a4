import pytest
from matplotlib.image import imread

from gnnseq.experiments import PalindromeTask, find_family
from gnnseq.experiments.heat import measure_heat
from gnnseq.plots.heat import plot_heat


def test_a_panel_for_each_model(tmp_path):
    task = PalindromeTask(7)
    maps = [
        measure_heat(find_family(name), task, seeds=1, width=4, sequences=1)
        for name in ("lstm", "tree-lstm-balanced", "gcn", "bag")
    ]
    assert imread(plot_heat(maps, tmp_path / "heat.png")).std() > 0.01
    assert imread(plot_heat(maps[:1], tmp_path / "one.png")).std() > 0.01


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="maps is empty"):
        plot_heat([], tmp_path / "none.png")
