"""Gated linear attention against the loop over nodes, and against attention under a mask."""

import pytest
import torch
from dags import batch_vector, dag_edges, path_edges, tree_edges
from gradients import assert_same
from reference import gated_linear_attention, read_heads
from torch.testing import assert_close

from gnnseq.layers import GatedLinearAttention
from gnnseq.ops import Schedule

SIZES = [5, 1, 4]
GRAPHS = {"paths": path_edges(SIZES), "trees": tree_edges(SIZES), "dags": dag_edges(SIZES, 0.6)}
DECAYS = ["vector", "scalar", "none"]
decays = pytest.mark.parametrize("decay", DECAYS)


@pytest.mark.parametrize("edges", GRAPHS.values(), ids=GRAPHS)
@decays
@pytest.mark.parametrize("mean", [False, True])
def test_agrees_with_the_loop_over_nodes(edges, decay, mean):
    layer = GatedLinearAttention(3, 6, heads=2, decay=decay, mean=mean).double()
    x = torch.randn(10, 3, dtype=torch.float64, requires_grad=True)
    state = torch.randn(1, 3, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    batch = batch_vector(SIZES)
    schedule = Schedule(edges, 10, batch)
    weights = list(layer.parameters())
    for start, given in ((None, None), (state, state[0][batch])):
        out, final = layer(x, schedule, start)
        expected, states = gated_linear_attention(x, edges, 2, *weights, given, decay, mean)
        roots = schedule.at_roots(states.flatten(1)).view(1, 3, 2, 3, 3)
        assert_same([out, final], [expected, roots], [x, *weights] + ([] if start is None else [state]))


@decays
@pytest.mark.parametrize("kind", ["paths", "trees"])
def test_equals_attention_under_a_mask(kind, decay):
    """Read by q k^T times the product of gates on the way, the entry of (I - W)^-1, without a recurrence."""
    edges = GRAPHS[kind]
    layer = GatedLinearAttention(3, 6, heads=2, decay=decay, mean=False).double()
    cell = layer.cells[0]
    x = torch.randn(10, 3, dtype=torch.float64)
    q, k, v, gate, a = (x @ cell.weight_ih.t() + cell.bias).split([6, 6, 6, 6, len(cell.bias) - 24], dim=1)
    q, k, v = (part.view(10, 2, 3) for part in (q, k, v))
    a = torch.ones(10, 2, 3).double() if decay == "none" else a.sigmoid().pow(1 / 16).view(10, 2, -1).expand(-1, -1, 3)
    W = torch.zeros(2, 3, 10, 10, dtype=torch.float64)  # a head, a feature of its keys
    W[:, :, edges[1], edges[0]] = a[edges[1]].permute(1, 2, 0)
    mask = torch.linalg.inv(torch.eye(10, dtype=torch.float64) - W)
    weights = torch.einsum("nhi,mhi,hinm->hnm", q, k, mask) / 3**0.5
    expected = read_heads(torch.einsum("hnm,mhj->nhj", weights, v), gate, cell.weight_out)
    assert_close(layer(x, edges)[0], expected, rtol=1e-12, atol=1e-12)


@decays
def test_states_stay_finite_at_depth_ten_thousand(decay):
    n = 10_000
    nodes = torch.arange(n)
    edges = torch.cat([path_edges([n]), torch.stack([nodes[:-2], nodes[2:]])], dim=1)  # each node reads two
    x, schedule = torch.randn(n, 3), Schedule(edges, n)
    layer = GatedLinearAttention(3, 4, heads=2, decay=decay)
    with torch.no_grad():
        assert torch.isfinite(layer(x, schedule)[1]).all()
        layer.cells[0].mean = False
        assert not torch.isfinite(layer(x, schedule)[1]).all()


def test_shown_and_counted():
    layer = GatedLinearAttention(3, 8, heads=2)
    assert "3, 8, num_layers=1, bidirectional=False, heads=2, decay='vector', mean=True" in repr(layer)
    assert sum(w.numel() for w in layer.parameters()) == 5 * 8 * 3 + 5 * 8 + 8 * 8
    assert [b for b in GatedLinearAttention(3, 8, bias=False).parameters() if b.dim() == 1] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"heads": 3}, "heads is 3, expected a divisor of out_channels, which is 4"),
        ({"heads": 0}, "heads is 0, expected at least 1"),
        ({"decay": "matrix"}, "decay is 'matrix', expected one of 'vector', 'scalar', 'none'"),
        ({"num_layers": 0}, "num_layers is 0, expected at least 1"),
        ({"dropout": 1.0}, "dropout is 1.0, expected 0 <= dropout < 1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        GatedLinearAttention(3, 4, **arguments)
