import pytest
import torch
from analysis.dense import Recurrence, Stack, called, dense, path, paths
from torch import nn
from torch.testing import assert_close
from torch_geometric.data import Data
from torch_geometric.nn import GATConv, GCNConv, GraphConv, SAGEConv

from gnnseq.analysis import l1
from gnnseq.analysis.calls import ModelCall
from gnnseq.analysis.jacobian.forward import forward_jacobian as forward_module
from gnnseq.analysis.jacobian.forward.forward_jacobian import ForwardJacobian
from gnnseq.analysis.jacobian.forward.program import TooLarge
from gnnseq.analysis.jacobian.linear import Linearised
from gnnseq.layers import GCN, GRU, LSTM, ChildSumTreeLSTM


def forward(model, batch, by_step=False):
    return ForwardJacobian.of(Linearised(ModelCall(model, batch), by_step))


class Mixed(nn.Module):
    """A user's own: two kinds of convolution, a skip connection, normalisation and a gate."""

    def __init__(self):
        super().__init__()
        self.first, self.second = GCNConv(3, 4), GraphConv(4, 4)
        self.norm, self.gate = nn.BatchNorm1d(4), nn.Linear(3, 4)

    def forward(self, data):
        h = self.norm(self.first(data.x, data.edge_index)).relu()
        h = h + torch.tanh(self.second(h, data.edge_index))
        return torch.cat([h * self.gate(data.x).sigmoid(), h], dim=-1)


FOLLOWED = {
    "PyG GCN": (lambda: Stack(GCNConv), True),
    "GraphSAGE": (lambda: Stack(SAGEConv), True),
    "own module": (Mixed, True),
    "our GCN": (lambda: GCN(3, 4, 3), True),
    "LSTM": (lambda: LSTM(3, 4), False),
    "bidirectional GRU": (lambda: GRU(3, 4, num_layers=2, bidirectional=True), False),
    "child-sum": (lambda: ChildSumTreeLSTM(3, 4), False),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_models_that_are_followed(name):
    make, both = FOLLOWED[name]
    model, batch = make().double().eval(), paths((9, 1, 14), both=both)
    jacobian = forward(model, batch)
    assert jacobian is not None
    found = jacobian.sizes(l1)
    plain = model if isinstance(model, Mixed) else called(model)
    expected = l1(
        dense((lambda d: plain(d)[0]) if name in ("LSTM", "bidirectional GRU", "child-sum") else plain, batch)
    )
    assert_close(found.dense(), expected, rtol=1e-12, atol=1e-15)
    assert found.separate
    assert_close(torch.block_diag(*found.blocks()), expected)


def test_only_pairs_within_reach_are_computed():
    found = forward(GCN(3, 4, 3), paths((30, 20), dtype=torch.float32)).sizes(l1)
    assert len(found.size) == sum(7 * n - 2 * (3 + 2 + 1) for n in (30, 20))
    assert int((found.row - found.seed).abs().max()) == 3


@pytest.mark.parametrize(
    ("model", "inputs"),
    [(Stack(GATConv), 3), (Stack(lambda i, o: GCNConv(i, o), width=1), 3), (Recurrence(nn.LSTM, last=True), 3)],
)
def test_what_is_not_known_or_cheaper_backwards_is_left_to_others(model, inputs):
    assert forward(model.double(), paths((8, 8), inputs)) is None


def test_steps_of_a_signal():
    data = Data(x=torch.randn(4, 5, 2).double(), edge_index=path(4))
    gru = nn.GRU(2, 12, batch_first=True).double()
    whole, steps = (forward(lambda d: gru(d.x)[0][:, -1], data, by_step).sizes(l1).dense() for by_step in (False, True))
    assert_close(steps.view(4, 4, 5).sum(2), whole)
    assert bool((whole > 0).equal(torch.eye(4) > 0))


def test_seeds_are_taken_a_few_at_a_time(monkeypatch):
    model, batch = Stack(GCNConv).double(), paths((40, 20))
    expected = forward(model, batch).sizes(l1).dense()
    counts = []
    run = ForwardJacobian._run
    monkeypatch.setattr(ForwardJacobian, "_run", lambda self, f, n: counts.append(n) or run(self, f, n))
    assert_close(forward(model, batch).sizes(l1, chunk_size=21).dense(), expected)
    assert counts == [7] * 8 + [4]
    counts.clear()
    monkeypatch.setattr(forward_module, "_CACHE", 2**12)
    assert_close(forward(model, batch).sizes(l1).dense(), expected)
    assert sum(counts) == 60
    assert len(counts) > 2


def test_blocks_that_take_too_much_are_cut_smaller(monkeypatch):
    model, batch = Stack(GCNConv).double(), paths((40, 20))
    expected = forward(model, batch).sizes(l1).dense()
    seen = []

    def run(self, first, count):
        seen.append(count)
        if count > 10:
            raise TooLarge
        return original(self, first, count)

    original = ForwardJacobian._run
    monkeypatch.setattr(ForwardJacobian, "_run", run)
    assert_close(forward(model, batch).sizes(l1).dense(), expected)
    assert seen[:4] == [60, 30, 15, 7]
    monkeypatch.setattr(forward_module, "memory_limit", lambda: 10)
    monkeypatch.setattr(ForwardJacobian, "_run", original)
    assert forward(model, batch).sizes(l1) is None  # not even one seed


def test_a_wrong_result_is_found_out(monkeypatch):
    jacobian = forward(Stack(GCNConv).double(), paths((12,)))
    run = ForwardJacobian._run

    def wrong(self, first, count):
        blocks, cost = run(self, first, count)
        blocks.value[5, 1, 2] *= 1.001
        return blocks, cost

    monkeypatch.setattr(ForwardJacobian, "_run", wrong)
    assert jacobian.sizes(l1) is None


def test_hops_that_are_exceeded():
    batch = paths((12, 9))
    found = forward(Stack(GCNConv, 2).double(), batch).sizes(l1)
    assert found.reaches_beyond(1, batch.edge_index)
    assert not found.reaches_beyond(2, batch.edge_index)
    directed = paths((12, 9), both=False)
    found = forward(Stack(GCNConv, 2).double(), directed).sizes(l1)
    assert not found.reaches_beyond(2, directed.edge_index)
    assert found.reaches_beyond(2, directed.edge_index.flip(0))


def test_graphs_that_influence_each_other():
    def swapped(x, edge_index):
        return torch.cat([x[2:], x[:2]]).tanh()

    found = forward(swapped, paths((2, 3))).sizes(l1)
    assert not found.separate
    assert bool((found.dense() > 0).equal(torch.eye(5).roll(2, 1) > 0))
