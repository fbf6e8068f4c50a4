import pytest
from matplotlib.image import imread

from gnnseq.experiments.vanishing import Setting, Task, measure_flow, train
from gnnseq.plots.gradients import plot_clipping, plot_gradient_flow

TASK = Task(steps=6, width=4, batch_size=4)


def test_gradients_by_step(tmp_path):
    records = [measure_flow(setting, TASK, 0.01, seeds=2) for setting in (Setting(0.5), Setting(2.0), Setting())]
    assert imread(plot_gradient_flow(records, tmp_path / "flow.png")).std() > 0.01


def test_with_and_without_clipping(tmp_path):
    records = [train(Setting(radius), TASK, limit, 0, 3, 0.1) for radius in (0.5, 1.0) for limit in (None, 0.01)]
    assert imread(plot_clipping(records, tmp_path / "clipping.png")).std() > 0.01


@pytest.mark.parametrize("plot", [plot_gradient_flow, plot_clipping])
def test_nothing_to_draw(plot, tmp_path):
    with pytest.raises(ValueError, match="records is empty"):
        plot([], tmp_path / "none.png")
