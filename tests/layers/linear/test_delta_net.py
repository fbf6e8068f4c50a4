"""The delta rule against the loop over nodes; what it holds, and parity by reflections."""

import pytest
import torch
from dags import batch_vector, dag_edges, path_edges, tree_edges
from gradients import assert_same
from reference import delta_net
from torch.testing import assert_close

from gnnseq.layers import DeltaNet
from gnnseq.ops import Schedule

SIZES = [5, 1, 4]
GRAPHS = {"paths": path_edges(SIZES), "trees": tree_edges(SIZES), "dags": dag_edges(SIZES, 0.6)}


@pytest.mark.parametrize("edges", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("mean", [False, True])
def test_agrees_with_the_loop_over_nodes(edges, signed, mean):
    layer = DeltaNet(3, 6, heads=2, signed=signed, mean=mean).double()
    x = torch.randn(10, 3, dtype=torch.float64, requires_grad=True)
    state = torch.randn(1, 3, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    batch = batch_vector(SIZES)
    schedule = Schedule(edges, 10, batch)
    weights = list(layer.parameters())
    for start, given in ((None, None), (state, state[0][batch])):
        out, final = layer(x, schedule, start)
        expected, states = delta_net(x, edges, 2, *weights, given, signed, mean)
        roots = schedule.at_roots(states.flatten(1)).view(1, 3, 2, 3, 3)
        assert_same([out, final], [expected, roots], [x, *weights] + ([] if start is None else [state]))


def test_chunks_of_long_paths_agree_with_the_loop_over_nodes():
    sizes = [130, 3, 64, 65]
    layer = DeltaNet(3, 6, heads=2, signed=True).double()
    x = torch.randn(sum(sizes), 3, dtype=torch.float64, requires_grad=True)
    state = torch.randn(1, 4, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    batch, weights = batch_vector(sizes), list(layer.parameters())
    schedule = Schedule(path_edges(sizes), sum(sizes), batch)
    out, final = layer(x, schedule, state)
    expected, states = delta_net(x, path_edges(sizes), 2, *weights, state[0][batch], True, True)
    assert_same(
        [out, final], [expected, schedule.at_roots(states.flatten(1)).view(1, 4, 2, 3, 3)], [x, *weights, state]
    )


def test_nan_reaches_no_other_path():
    layer, x = DeltaNet(3, 4, heads=2), torch.randn(9, 3)
    clean = layer(x, path_edges([4, 5]))[0]
    x[1] = torch.nan
    out, final = layer(x, path_edges([4, 5]))
    assert torch.equal(out[4:], clean[4:])
    assert out[1:4].isnan().all()
    assert final[0, 0].isnan().any()


def test_a_value_replaces_the_one_before_under_the_same_key():
    layer = DeltaNet(3, 2, heads=1).double()
    with torch.no_grad():
        layer.cells[0].weight_ih.zero_()
        layer.cells[0].bias.zero_()
        layer.cells[0].weight_ih[2:4, 0] = torch.tensor([5.0, 5.0])  # the key
        layer.cells[0].weight_ih[4:6, 1:] = torch.eye(2)  # the value
        layer.cells[0].bias[8] = 50.0  # beta = 1
    x = torch.tensor([[1.0, 2.0, 3.0], [1.0, -1.0, 4.0]]).double()
    _, state = layer(x, path_edges([2]))
    key = torch.tensor([0.5, 0.5]).double().sqrt()
    assert_close(state.view(2, 2), torch.outer(key, x[1, 1:]))


def test_signed_transitions_compute_parity():
    layer = DeltaNet(2, 1, heads=1, signed=True)
    with torch.no_grad():
        layer.cells[0].weight_ih.zero_()
        layer.cells[0].bias.copy_(torch.tensor([9.0, 9.0, 0.0, 9.0, -40.0]))  # q = k = 1, v = 0
        layer.cells[0].weight_ih[4, 0] = 80.0  # beta is 2 on ones, else 0
        layer.cells[0].weight_out.fill_(1.0)
    ones = torch.randint(2, (3000,))
    x = torch.stack([ones.float(), torch.zeros(3000)], dim=1)
    out, _ = layer(x, path_edges([3000]), torch.ones(1, 1, 1, 1, 1))
    assert torch.equal(out.view(-1) < 0, ones.cumsum(0) % 2 == 1)


def test_states_stay_finite_at_depth_ten_thousand():
    n = 10_000
    nodes = torch.arange(n)
    edges = torch.cat([path_edges([n]), torch.stack([nodes[:-2], nodes[2:]])], dim=1)  # each node reads two
    layer = DeltaNet(3, 4, heads=2, signed=True)
    with torch.no_grad():
        assert torch.isfinite(layer(torch.randn(n, 3), Schedule(edges, n))[1]).all()


def test_shown_and_counted():
    layer = DeltaNet(3, 8, heads=2)
    assert "3, 8, num_layers=1, bidirectional=False, heads=2, signed=False, mean=True" in repr(layer)
    assert sum(w.numel() for w in layer.parameters()) == 4 * 8 * 3 + 8 * 8 + 2 * 3 + 4 * 8 + 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"heads": 3}, "heads is 3, expected a divisor of out_channels, which is 4"),
        ({"heads": 0}, "heads is 0, expected at least 1"),
        ({"num_layers": 0}, "num_layers is 0, expected at least 1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        DeltaNet(3, 4, **arguments)
