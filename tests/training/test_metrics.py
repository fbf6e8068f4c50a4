import math
from pathlib import Path

import numpy as np
import pytest
import torch

import gnnseq
from gnnseq.training import (
    absolute_error,
    accuracy,
    best_k,
    correct,
    forecast_errors,
    masked_mae,
    pearson,
    spearman,
    squared_error,
)


def test_ignored_targets_do_not_count():
    logits = torch.eye(4)
    y = torch.tensor([0, -100, 0, 3])
    assert correct(logits, y) == (2, 3)
    assert accuracy(logits, y) == pytest.approx(2 / 3)
    assert math.isnan(accuracy(logits, torch.full((4,), -100)))


def test_best_k_is_the_mean_of_the_largest():
    assert best_k([0.1, 0.9, 0.5, 0.7], k=2) == pytest.approx(0.8)
    assert best_k([0.1, 0.3]) == pytest.approx(0.2)


def test_best_50_flatters_a_model_at_chance():
    torch.manual_seed(0)
    batches = torch.rand(10_000, 128).lt(0.1).float().mean(1)
    assert batches.mean() == pytest.approx(0.1, abs=0.002)
    assert best_k(batches.tolist()) == pytest.approx(0.18, abs=0.01)


@pytest.mark.parametrize(("values", "k", "named"), [([], 50, "values is empty"), ([0.5], 0, "k is 0")])
def test_bad_input(values, k, named):
    with pytest.raises(ValueError, match=named):
        best_k(values, k)


def test_squared_error_counts_only_targets_that_are_there():
    y = torch.tensor([1.0, float("nan"), -2.0])
    assert squared_error(torch.tensor([[2.0], [5.0], [0.0]]), y) == (5.0, 2)


def test_correlations():
    x, y = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]), torch.tensor([2.0, 1.0, 4.0, 3.0, 7.0])
    assert pearson(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert spearman(x, y) == pytest.approx(0.8)
    assert spearman(x, y.exp()) == pytest.approx(0.8)
    tied = torch.tensor([1.0, 1.0, 2.0, 2.0, 3.0])
    assert spearman(x, tied) == pytest.approx(np.corrcoef(x, [1.5, 1.5, 3.5, 3.5, 5])[0, 1])
    assert np.isnan(pearson(x, torch.ones(5)))


def test_absolute_errors_count_only_targets_that_are_there():
    y = torch.tensor([[1.0, float("nan"), -2.0]])
    guess = torch.tensor([[2.0, 5.0, 0.0]], requires_grad=True)
    assert absolute_error(guess.detach(), y) == (3.0, 2)
    loss = masked_mae(guess, y)
    loss.backward()
    assert loss.item() == 1.5
    assert guess.grad.tolist() == [[0.5, 0, 0.5]]
    assert masked_mae(guess, torch.full((1, 3), torch.nan)).isnan()


def test_forecast_errors_by_step_ahead():
    y = torch.tensor([[[10.0, 0.0, float("nan")], [20.0, 4.0, float("nan")]]])
    guess = torch.tensor([[[13.0, 1.0, 5.0], [16.0, 3.0, 5.0]]])
    found = forecast_errors(guess, y)
    assert found["MAE"][:2].tolist() == [3.5, 1.0]
    assert found["RMSE"][0] == pytest.approx(12.5**0.5)
    assert found["MAPE"][:2].tolist() == pytest.approx([25.0, 25.0])  # a target of 0 has no relative error
    assert all(values[2].isnan() and len(values) == 3 for values in found.values())
    guess[0, 0, 0] = torch.nan
    assert forecast_errors(guess, y)["MAE"][0] == math.inf
    with pytest.raises(ValueError, match=r"shapes \[2, 3\] and \[1, 2, 3\], expected \[M, N, H\]"):
        forecast_errors(guess[0], y)


def test_a_nan_is_no_prediction():
    logits = torch.eye(3)
    logits[0, 2] = torch.nan
    assert correct(logits, torch.tensor([0, 1, 2])) == (2, 3)
    assert correct(torch.full((3, 2), torch.nan), torch.zeros(3, dtype=torch.long)) == (0, 3)
    y = torch.arange(4.0)
    for bad in (torch.full((4,), torch.nan), torch.tensor([0.0, torch.nan, 1.0, 2.0])):
        assert math.isnan(spearman(bad, y))
        assert math.isnan(spearman(y, bad))


def test_every_count_of_right_predictions_is_the_one_of_the_metrics():
    package = Path(gnnseq.__file__).parent
    own = [path for path in package.rglob("*.py") if "argmax(-1) ==" in path.read_text(encoding="utf-8")]
    assert own == [package / "training" / "metrics.py"]


def test_a_loss_of_other_shapes_is_refused():
    with pytest.raises(ValueError, match=r"predictions have shape \[3, 1\], expected \[3\] as y"):
        masked_mae(torch.zeros(3, 1), torch.zeros(3))


@pytest.mark.parametrize("correlation", [pearson, spearman])
@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((3, 1), (3,)), r"predictions have shape \[3, 1\], expected \[3\] as y"),
        (((3,), (3, 1)), r"predictions have shape \[3\], expected \[3, 1\] as y"),
        (((3,), (1,)), r"predictions have shape \[3\], expected \[1\] as y"),
        (((3, 1), (3, 1)), r"y has shape \[3, 1\], expected \[M\]"),
    ],
)
def test_correlations_of_rows_alone(correlation, shapes, message):
    with pytest.raises(ValueError, match=message):
        correlation(*(torch.rand(shape) for shape in shapes))
