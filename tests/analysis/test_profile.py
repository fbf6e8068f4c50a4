import pytest
import torch
from analysis.dense import Stack, path, paths
from scipy import stats
from torch.testing import assert_close
from torch_geometric.nn import GCNConv
from torch_geometric.utils.influence import influence_weighted_receptive_field, total_influence

from gnnseq.analysis import by_distance, effective_field, hop_distance, influence, influence_range, mean_interval


def test_profile_adds_up_each_distance():
    hops = hop_distance(path(5), 5)
    found = by_distance(torch.arange(25.0).view(5, 5), hops)
    assert found[0].tolist() == [0, 1, 2, 3, 4]
    assert found[2].tolist() == [12, 11 + 13, 10 + 14, 0, 0]
    assert by_distance(torch.ones(5, 5), hops, max_hops=1)[2].tolist() == [1, 2]
    assert by_distance(torch.ones(5, 5), hops, max_hops=7).shape == (5, 8)


def test_a_batch_and_nodes_without_a_way():
    batch = paths((3, 2), both=False)
    hops = hop_distance(batch.edge_index, 5)
    found = by_distance(torch.ones(5, 5), hops)
    assert found.tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 0], [1, 1, 0]]


def test_range_is_that_of_pyg():
    model, batch = Stack(GCNConv, 3), paths((15,), dtype=torch.float32)
    profile = by_distance(influence(model, batch), hop_distance(batch.edge_index, 15), max_hops=5).float()
    assert influence_range(profile) == pytest.approx(influence_weighted_receptive_field(profile), rel=1e-5)
    theirs = total_influence(model, batch, max_hops=5, average=False, normalize=False)[1]
    assert influence_range(profile) == pytest.approx(theirs, rel=1e-5)


def test_range_of_rows_without_influence():
    profile = torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 1.0]])
    assert influence_range(profile) == 1.0
    assert influence_range(profile[:1]) == 0.0
    assert influence_range(torch.empty(0, 3)) == 0.0


def test_effective_field():
    profile = torch.tensor([[0.5, 0.25, 0.25, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]])
    assert effective_field(profile, 0.5).tolist() == [0, 0, 3]
    assert effective_field(profile, 0.75).tolist() == [1, 0, 3]
    assert effective_field(profile, 1.0).tolist() == [2, 0, 3]


def test_interval_is_student_s():
    samples = torch.randn(5, 3).double()
    found = mean_interval(samples, 0.9)
    low, high = stats.t.interval(0.9, 4, samples.mean(0), stats.sem(samples.numpy()))
    assert_close(found.mean, samples.mean(0))
    assert_close(found.low, torch.as_tensor(low))
    assert_close(found.high, torch.as_tensor(high))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: by_distance(torch.ones(2, 2), torch.ones(2, 3)), r"\[2, 2\] and hops \[2, 3\], expected the same"),
        (lambda: effective_field(torch.ones(1, 2), 0.0), "share is 0.0, expected 0 < share <= 1"),
        (lambda: mean_interval(torch.ones(1)), "samples holds 1, expected at least 2"),
        (lambda: mean_interval(torch.ones(3), 1.0), "confidence is 1.0, expected 0 < confidence < 1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
