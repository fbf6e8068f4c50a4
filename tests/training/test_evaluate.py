import math

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from gnnseq.training import evaluate, forecast, squared_error


class Fixed(nn.Module):
    """Takes its batch's ``x`` for logits, and notes how it was called."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.modes = []

    def forward(self, batch):
        self.modes.append((self.training, torch.is_grad_enabled()))
        return self.weight * batch.x


def batch(x, y):
    return Batch.from_data_list([Data(x=torch.tensor(x), y=torch.tensor(y))])


SURE, EVEN = [0.0, 100.0], [0.0, 0.0]


def test_loss_and_accuracy_are_over_targets_not_over_batches():
    """Three targets at a loss of ln 2, of which the first class counts as said, and one at none."""
    found = evaluate(Fixed(), [batch([EVEN] * 3, [0, 0, 1]), batch([SURE], [1])])
    assert found.count == 4
    assert found.accuracy == pytest.approx(3 / 4)
    assert found.loss == pytest.approx(3 * math.log(2) / 4)


def test_targets_of_minus_100_do_not_count():
    found = evaluate(Fixed(), [batch([SURE, EVEN, SURE], [0, -100, 1]), batch([EVEN], [-100])])
    assert (found.count, found.accuracy, found.loss) == (2, 0.5, pytest.approx(50.0))


def test_another_loss_and_metric():
    def absolute(predictions, y):
        return (predictions.squeeze(1) - y).abs().mean()

    found = evaluate(Fixed(), [batch([[1.0], [5.0]], [3.0, 5.0])], loss=absolute, metric=squared_error)
    assert (found.count, found.accuracy, found.loss) == (2, 2.0, 1.0)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_in_evaluation_mode_without_gradients_and_is_put_back(training):
    model = Fixed().train(training)
    evaluate(model, [batch([SURE], [1])] * 2)
    assert model.modes == [(False, False)] * 2
    assert model.training is training
    assert model.weight.grad is None


def test_batches_may_come_from_a_generator_and_a_model_may_have_no_weights():
    class Plain(nn.Module):
        def forward(self, batch):
            return batch.x

    assert evaluate(Plain(), (batch([SURE], [1]) for _ in range(3))).count == 3


@pytest.mark.parametrize("batches", [[], [batch([SURE], [-100])]])
def test_nothing_to_judge(batches):
    model = Fixed()
    with pytest.raises(ValueError, match="batches hold no targets, expected at least one that is not -100"):
        evaluate(model, batches)
    assert model.training


@pytest.mark.parametrize("fails", [True, False])
def test_a_part_that_was_in_evaluation_mode_stays_so(fails):
    model = nn.Sequential(Fixed(), nn.Dropout(0.5), nn.BatchNorm1d(2))
    model.train()
    model[2].eval()

    def loss(logits, y):
        if fails:
            raise ArithmeticError("no")
        return nn.functional.cross_entropy(logits, y)

    try:
        evaluate(model, [batch([SURE, EVEN], [1, 1])], loss=loss)
    except ArithmeticError:
        assert fails
    assert [module.training for module in model.modules()] == [True, True, True, False]


def test_forecasts_of_all_windows_are_made_in_evaluation_mode():
    class Model(torch.nn.Module):
        def forward(self, batch):
            assert not self.training
            return batch.x[..., -1, :].expand(-1, -1, 2)

    model, x, y = Model(), torch.randn(5, 3, 4, 1), torch.randn(5, 3, 2)
    found, true = forecast(model, [Data(x=x[:3], y=y[:3]), Data(x=x[3:], y=y[3:])])
    assert torch.equal(found, x[:, :, -1].expand(-1, -1, 2))
    assert torch.equal(true, y)
    assert model.training
    with pytest.raises(ValueError, match="batches is empty"):
        forecast(model, [])
    with pytest.raises(ValueError, match="batch has no y"):
        forecast(model, [Data(x=x)])
