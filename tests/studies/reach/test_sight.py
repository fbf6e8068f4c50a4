from dataclasses import replace

import pytest
import torch

from gnnseq.experiments import PALINDROME_FAMILIES, PalindromeTask, find_family
from gnnseq.experiments.encoders import GCN_LAYERS
from gnnseq.studies.reach.sight import measure_sight, position_influence, sentence


@pytest.mark.parametrize("name", ["rnn", "lstm", "gcn", "tree-lstm-balanced", "gcrn"])
def test_influence_equals_the_dense_jacobian(name):
    family, task = find_family(name), PalindromeTask(6)
    model = family.build(task, 5, 4).double()
    batch = next(task.batches(family.view, 0, "train", 1, 1))
    features = model.embedding(batch.x).detach()
    jacobian = torch.autograd.functional.jacobian(lambda f: model.readout(model.encoder(f, batch), batch.ptr), features)
    dense = jacobian.squeeze(0).abs().sum((0, -1))  # [N] or, for signals, [N, T]
    if dense.dim() == 2:
        occurs = batch.x < 10
        expected = (dense * occurs).sum(0)
    else:
        expected = dense[:5]
    torch.testing.assert_close(position_influence(model, batch, 5)[0], expected, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("length", [6, 12, 16])
def test_a_gcn_is_exactly_zero_beyond_its_layers_and_not_zero_within(length):
    record = measure_sight(find_family("gcn"), PalindromeTask(length), tuned=False, seeds=2)
    within = min(GCN_LAYERS + 1, length - 1)
    assert record.seen == within
    assert all(share > 0 for seed in record.influence for share in seed[:within])
    assert all(share == 0.0 for seed in record.influence for share in seed[within:])


@pytest.mark.parametrize("family", PALINDROME_FAMILIES, ids=lambda family: family.name)
def test_shares_add_up_and_reach_says_what_is_seen(family):
    task = PalindromeTask(14)
    record = measure_sight(family, task, tuned=True, seeds=1, width=8, sequences=2)
    assert sum(record.influence[0]) == pytest.approx(1.0)
    assert (record.seen == task.num_steps) is family.sight(task).sees
    assert family.title in sentence(record, record)


def test_the_random_walk_describes_the_gcn():
    record = measure_sight(find_family("gcn"), PalindromeTask(10), tuned=False, seeds=20, width=32)
    measured, theory = torch.tensor(record.mean), torch.tensor(record.theory)
    assert (measured - theory).abs().max() < 0.05
    assert theory.sum() == pytest.approx(1.0)
    assert record.theory[GCN_LAYERS + 1 :] == [0.0] * (9 - GCN_LAYERS - 1)


def test_initialisation_decides_how_much_an_lstm_sees():
    task, family = PalindromeTask(21), find_family("lstm")
    default, tuned = (measure_sight(family, task, tuned=t, seeds=3) for t in (False, True))
    assert tuned.mean[-1] > 50 * default.mean[-1]


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_theory_is_that_of_the_first_seeds_weights(name):
    task, family = PalindromeTask(7), find_family(name)
    record = measure_sight(family, task, tuned=False, seeds=2, width=5)
    torch.manual_seed(0)
    cell = family.build(task, 5, 5).double().encoder.layer.cells[0]
    back = torch.arange(6, dtype=torch.double)
    if name == "rnn":
        expected = (cell.weight_hh.square().sum() / 5).sqrt() ** back
    else:
        expected = (cell.bias[5:10].sigmoid().unsqueeze(1) ** back).mean(0)
    torch.testing.assert_close(torch.tensor(record.theory).double(), expected.detach() / expected.detach().sum())
    assert record.theory_name.startswith("linear" if name == "rnn" else "memory")


def test_a_share_of_zero_is_underflow_where_reach_has_no_limit():
    record = measure_sight(find_family("lstm"), PalindromeTask(6), tuned=False, seeds=1, width=4, sequences=1)
    faded = replace(record, influence=[[0.7, 0.3, 0.0, 0.0, 0.0]])
    assert faded.seen == 5
    assert replace(faded, hops_reach=1).seen == 2
    assert "reaches all 5 symbols" in sentence(faded, faded)
