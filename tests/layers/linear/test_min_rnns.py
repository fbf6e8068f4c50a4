"""MinGRU and MinLSTM against the loop over nodes; their states, growth, and parity, which takes signed gates."""

import pytest
import torch
from dags import batch_vector, dag_edges, path_edges, tree_edges
from gradients import assert_same
from reference import min_gru, min_lstm
from torch.testing import assert_close

from gnnseq.layers import MinGRU, MinLSTM
from gnnseq.ops import Schedule

SIZES = [5, 1, 4]
GRAPHS = {"paths": path_edges(SIZES), "trees": tree_edges(SIZES), "dags": dag_edges(SIZES, 0.6)}


KINDS = {MinGRU: min_gru, MinLSTM: min_lstm}
both = pytest.mark.parametrize("kind", KINDS)


@both
@pytest.mark.parametrize("edges", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("mean", [False, True])
def test_agrees_with_the_loop_over_nodes(kind, edges, signed, mean):
    layer = kind(3, 4, signed=signed, mean=mean).double()
    x = torch.randn(10, 3, dtype=torch.float64, requires_grad=True)
    state = torch.randn(1, 3, 4, dtype=torch.float64, requires_grad=True)
    batch = batch_vector(SIZES)
    schedule = Schedule(edges, 10, batch)
    weights = list(layer.parameters())
    for start, given in ((None, None), (state, state[0][batch])):
        out, final = layer(x, schedule, start)
        expected = KINDS[kind](x, edges, *weights, given, signed, mean)
        assert_same([out], [expected], [x, *weights] + ([] if start is None else [state]))
        assert_close(final, schedule.at_roots(expected).unsqueeze(0))


def test_layers_and_directions():
    edges = GRAPHS["dags"]
    layer = MinGRU(3, 4, num_layers=2, bidirectional=True).double()
    x = torch.randn(10, 3, dtype=torch.float64)
    weights = list(layer.parameters())
    assert [list(w.shape) for w in weights] == [[8, 3], [8], [8, 3], [8], [8, 8], [8], [8, 8], [8]]
    below, finals = x, []
    for i in (0, 4):
        pair = [min_gru(below, e, *weights[i + j : i + j + 2]) for e, j in ((edges, 0), (edges.flip(0), 2))]
        finals += pair
        below = torch.cat(pair, dim=1)
    out, state = layer(x, Schedule(edges, 10, batch_vector(SIZES)))
    assert_close(out, below)
    schedule = Schedule(edges, 10, batch_vector(SIZES))
    ends = [(schedule if i % 2 == 0 else schedule.reversed()).at_roots(h) for i, h in enumerate(finals)]
    assert_close(state, torch.stack(ends))


@both
def test_states_stay_bounded_at_depth_ten_thousand(kind):
    n = 10_000
    nodes = torch.arange(n)
    edges = torch.cat([path_edges([n]), torch.stack([nodes[:-2], nodes[2:]])], dim=1)  # each node reads two
    x, schedule = torch.randn(n, 3), Schedule(edges, n)
    layer = kind(3, 4)
    out, _ = layer(x, schedule)
    candidate = torch.nn.functional.linear(x, layer.cells[0].weight_ih, layer.cells[0].bias)[:, -4:]
    assert out.abs().max() <= candidate.abs().max()
    layer.cells[0].mean = False
    with torch.no_grad():
        assert not torch.isfinite(layer(x, schedule)[0]).all()


def test_signed_gates_compute_parity():
    layer = MinGRU(1, 1, signed=True)
    with torch.no_grad():
        layer.cells[0].weight_ih.copy_(torch.tensor([[80.0], [0.0]]))
        layer.cells[0].bias.copy_(torch.tensor([-40.0, 0.0]))
    ones = torch.randint(2, (3000,))
    out, _ = layer(ones.float().unsqueeze(1), path_edges([3000]), torch.ones(1, 1, 1))
    assert_close(out.view(-1), (1 - 2 * (ones.cumsum(0) % 2)).float())


def test_a_min_lstm_whose_gates_are_all_but_closed_stays_finite():
    layer = MinLSTM(1, 1)
    with torch.no_grad():
        layer.cells[0].weight_ih.copy_(torch.tensor([[-200.0], [-200.0], [1.0]]))
        layer.cells[0].bias.copy_(torch.tensor([0.0, 3.0, 0.0]))
    x = torch.ones(2, 1, requires_grad=True)
    out, _ = layer(x, path_edges([2]))
    keep = torch.tensor(3.0).sigmoid()
    assert_close(out.view(-1), (1 - keep) * torch.stack([torch.ones(()), 1 + keep]))
    assert torch.isfinite(torch.autograd.grad(out.sum(), x)[0]).all()


def test_dropout_is_between_layers_in_training():
    layer = MinGRU(3, 4, num_layers=2, dropout=0.5)
    x, edges = torch.randn(6, 3), path_edges([6])
    assert not torch.equal(layer(x, edges)[0], layer(x, edges)[0])
    layer.eval()
    assert torch.equal(layer(x, edges)[0], layer(x, edges)[0])


def test_drawn_anew_and_shown():
    layer = MinGRU(3, 4, signed=True)
    before = [w.clone() for w in layer.parameters()]
    layer.reset_parameters()
    assert all(not torch.equal(a, b) for a, b in zip(before, layer.parameters(), strict=True))
    assert repr(layer).startswith("MinGRU(\n  3, 4, num_layers=1, bidirectional=False, signed=True, mean=True")
    assert sum(w.numel() for w in layer.parameters()) == 2 * 4 * 3 + 2 * 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 4), "in_channels is 0, expected at least 1"),
        ((3, 0), "out_channels is 0, expected at least 1"),
        ((3, 4, 0), "num_layers is 0, expected at least 1"),
    ],
)
def test_sizes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        MinGRU(*arguments)
