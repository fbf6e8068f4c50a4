"""The figure of forecasts."""

import pytest
import torch
from matplotlib.image import imread

from gnnseq.plots.signals import plot_forecasts


@pytest.mark.parametrize("floor", [None, 0.3])
def test_forecasts_are_drawn(tmp_path, floor):
    truth = torch.randn(30)
    errors = {"mean": [1.0], "GCRN": [0.5, 0.6]}
    path = plot_forecasts(
        errors,
        truth,
        {"GCRN": truth + 0.1, "LSTM": truth - 0.1, "AR": truth / 2},
        tmp_path / "new" / "figure.png",
        floor,
    )
    height, width = imread(path).shape[:2]
    assert width == 1500
    assert height > 300


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="errors is empty, expected at least one model"):
        plot_forecasts({}, torch.zeros(1), {}, tmp_path / "figure.png")
