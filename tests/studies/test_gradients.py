import pytest
import torch

from gnnseq.analysis import RNNWeights, rnn_gradients
from gnnseq.studies.gradients import Setting, Task, batches, build, flow_markdown, measure_flow, train

TASK = Task(steps=12, width=8, batch_size=4)


def test_the_radius_is_the_spectral_radius_and_every_singular_value():
    weight = build(Setting(1.3), TASK, 0).encoder.layer.cells[0].weight_hh
    torch.testing.assert_close(torch.linalg.svdvals(weight), torch.full((8,), 1.3), rtol=1e-5, atol=0.0)
    assert torch.linalg.eigvals(weight.detach()).abs().max().item() == pytest.approx(1.3, rel=1e-5)


def test_flow_is_the_closed_form():
    record = measure_flow(Setting(0.9), TASK, 1.0, seeds=1)
    model, batch = build(Setting(0.9), TASK, 0).double(), next(batches(TASK, 0, 1))
    cell, head = model.encoder.layer.cells[0], model.head
    weights = RNNWeights(cell.weight_ih, cell.weight_hh, cell.bias, head.weight, head.bias)
    closed = rnn_gradients(model.embedding(batch.x).view(4, 12, -1), batch.y, weights)
    torch.testing.assert_close(
        torch.tensor(record.hidden[0]), closed.hidden.norm(dim=(1, 2)).float(), rtol=1e-6, atol=0.0
    )
    torch.testing.assert_close(
        torch.tensor(record.weight[0]), closed.W_hh_by_step.norm(dim=(1, 2)).float(), rtol=1e-6, atol=0.0
    )


@pytest.mark.parametrize("radius", [0.6, 1.0, 1.8])
def test_the_bound_holds(radius):
    record = measure_flow(Setting(radius), TASK, 1.0, seeds=2)
    for own in record.hidden:
        assert all(v <= own[-1] * b * (1 + 1e-5) for v, b in zip(own, record.bound, strict=True))


def test_chrono_keeps_what_the_default_loses():
    default, chrono = (measure_flow(Setting(chrono=c), Task(steps=40, width=8), 1.0, seeds=1) for c in (False, True))
    assert default.bound is None
    assert chrono.hidden[0][0] > 1e3 * default.hidden[0][0]


def test_clipping_scales_by_one_factor_and_only_what_is_too_long():
    record = measure_flow(Setting(0.6), TASK, 1e-3, seeds=1)
    assert record.clip_factor[0] == pytest.approx(1e-3 / record.norm[0], rel=1e-2)
    assert measure_flow(Setting(0.6), TASK, 1e3, seeds=1).clip_factor == [1.0]


def test_training_with_a_limit_that_is_never_reached_changes_nothing():
    free, wide, tight = (train(Setting(1.0), TASK, limit, 0, 4, 0.1) for limit in (None, 1e6, 1e-3))
    assert free.loss == wide.loss
    assert free.loss[0] == tight.loss[0]
    assert free.loss != tight.loss
    assert len(free.grad_norm) == 4


def test_the_table():
    table = flow_markdown([measure_flow(s, TASK, 1.0, seeds=1) for s in (Setting(0.6), Setting())])
    assert "| RNN, spectral radius 0.6 |" in table
    assert "| LSTM, default initialisation |" in table
    assert len({line.count("|") for line in table.splitlines()}) == 1
