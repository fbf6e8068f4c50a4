from dataclasses import replace

import pytest
import torch

from gnnseq.analysis import RNNWeights, rnn_gradients
from gnnseq.experiments import FirstSymbolTask, Trial, run_trial
from gnnseq.experiments.run import build
from gnnseq.studies.gradients import SETTINGS, flow_markdown, measure_flow, recurrence

TASK = FirstSymbolTask(12)
SMALL = replace(SETTINGS, width=8, batch_size=4, steps=4, test_samples=250)


def built(family, seed=0):
    return build(Trial(TASK, family, seed, settings=SMALL))[0]


def measured(family, max_norm=1.0, seeds=1, task=TASK):
    return measure_flow(family, task, SMALL, max_norm, seeds)


def test_the_radius_is_the_spectral_radius_and_every_singular_value():
    weight = built(recurrence(1.3)).encoder.layer.cells[0].weight_hh
    torch.testing.assert_close(torch.linalg.svdvals(weight), torch.full((8,), 1.3), rtol=1e-5, atol=0.0)
    assert torch.linalg.eigvals(weight.detach()).abs().max().item() == pytest.approx(1.3, rel=1e-5)


def test_flow_is_the_closed_form():
    record = measured(recurrence(0.9))
    model, batch = built(recurrence(0.9)).double(), next(TASK.batches("path", 0, "train", 4, 1))
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
    record = measured(recurrence(radius), seeds=2)
    for own in record.hidden:
        assert all(v <= own[-1] * b * (1 + 1e-5) for v, b in zip(own, record.bound, strict=True))


def test_chrono_keeps_what_the_default_loses():
    default, chrono = (measured(recurrence(chrono=c), task=FirstSymbolTask(40)) for c in (False, True))
    assert default.bound is None
    assert chrono.hidden[0][0] > 1e3 * default.hidden[0][0]


def test_clipping_scales_by_one_factor_and_only_what_is_too_long():
    record = measured(recurrence(0.6), 1e-3)
    assert record.clip_factor[0] == pytest.approx(1e-3 / record.norm[0], rel=1e-2)
    assert measured(recurrence(0.6), 1e3).clip_factor == [1.0]


def test_training_with_a_limit_that_is_never_reached_changes_nothing():
    free, wide, tight = (
        run_trial(Trial(TASK, recurrence(1.0), settings=replace(SMALL, max_norm=limit)))["curve"]
        for limit in (None, 1e6, 1e-3)
    )
    assert free["loss"] == wide["loss"]
    assert free["loss"][0] == tight["loss"][0]
    assert free["loss"] != tight["loss"]
    assert len(free["grad_norm"]) == 4


def test_another_input_scale_is_another_run():
    one, other = (Trial(TASK, recurrence(1.0, input_scale=scale), settings=SMALL).key for scale in (0.1, 1.0))
    assert one != other


def test_the_table():
    table = flow_markdown([measured(family) for family in (recurrence(0.6), recurrence())])
    assert "| RNN, spectral radius 0.6 |" in table
    assert "| LSTM, default initialisation |" in table
    assert len({line.count("|") for line in table.splitlines()}) == 1
