import pytest
import torch
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GATConv, GCNConv, GraphConv
from torch_geometric.utils import to_undirected

from gnnseq.graphs import symbol_signal_batch
from gnnseq.layers import GCN, GCRN, GRU, LSTM, RNN, NaryTreeLSTM
from gnnseq.models import (
    BagEncoder,
    ConvStack,
    DeepSetEncoder,
    EdgeEncoder,
    RoundsEncoder,
    SignalEncoder,
    SlotEncoder,
)


def path(length, both=False):
    edges = torch.stack([torch.arange(length - 1), torch.arange(1, length)])
    return to_undirected(edges, num_nodes=length) if both else edges


def path_batch(features=3, both=False, steps=None):
    sizes = (4, 1, 6)
    shape = (features,) if steps is None else (steps, features)
    data = [Data(x=torch.randn(n, *shape, dtype=torch.double), edge_index=path(n, both)) for n in sizes]
    return Batch.from_data_list(data)


ENCODERS = {
    "rnn": (lambda: EdgeEncoder(RNN(3, 5)), {}),
    "gru": (lambda: EdgeEncoder(GRU(3, 5)), {}),
    "lstm": (lambda: EdgeEncoder(LSTM(3, 5, num_layers=2)), {}),
    "gcn": (lambda: EdgeEncoder(GCN(3, 5, num_layers=2)), {"both": True}),
    "gat": (lambda: EdgeEncoder(GATConv(3, 5)), {"both": True}),
    "shared": (lambda: ConvStack(GCNConv, 3, 5, 3), {"both": True}),
    "separate": (lambda: ConvStack(GraphConv, 3, 5, 3, residual=True), {}),
    "signals": (lambda: SignalEncoder(GCRN(3, 5, K=2)), {"both": True, "steps": 4}),
    "set": (lambda: DeepSetEncoder(3, 5), {}),
    "rounds": (lambda: RoundsEncoder(GCRN(3, 5, K=2), rounds=3), {"both": True}),
    "bag": (lambda: BagEncoder(3, 5), {}),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_gives_a_row_per_node_and_a_batch_equals_its_graphs(name):
    make, options = ENCODERS[name]
    encoder, batch = make().double(), path_batch(**options)
    out = encoder(batch.x, batch)
    assert out.shape == (11, 5)
    alone = torch.cat([encoder(d.x, Batch.from_data_list([d])) for d in batch.to_data_list()])
    assert torch.allclose(out, alone, atol=1e-12)


def test_slot_encoder():
    tree = Data(
        x=torch.randn(3, 3),
        edge_index=torch.tensor([[0, 1], [2, 2]]),
        edge_slot=torch.tensor([0, 1]),
    )
    batch = Batch.from_data_list([tree, tree])
    layer = NaryTreeLSTM(3, 5)
    out = SlotEncoder(layer)(batch.x, batch)
    assert torch.equal(out, layer(batch.x, batch.edge_index, batch.edge_slot)[0])
    swapped = batch.clone()
    swapped.edge_slot = 1 - batch.edge_slot
    assert not torch.allclose(SlotEncoder(layer)(batch.x, swapped)[2], out[2])


def test_slot_encoder_needs_places():
    batch = path_batch()
    with pytest.raises(ValueError, match="batch has no edge_slot"):
        SlotEncoder(NaryTreeLSTM(3, 5))(batch.x, batch)


@pytest.mark.parametrize(("K", "rounds"), [(2, 3), (3, 2), (1, 4)])
def test_rounds_reach_as_many_hops_as_they_say(K, rounds):
    batch = Batch.from_data_list([Data(x=torch.randn(12, 3, dtype=torch.double), edge_index=path(12, both=True))])
    encoder = RoundsEncoder(GCRN(3, 5, K=K), rounds).double()
    x = batch.x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(encoder(x, batch)[-1].sum(), x)
    reached = gradient.abs().sum(1).flip(0) > 0
    hops = rounds * (K - 1)
    assert reached[: hops + 1].all()
    assert not reached[hops + 1 :].any()


def test_rounds_equal_a_gcrn_that_reads_the_same_input_every_step():
    batch = path_batch(both=True)
    layer = GCRN(3, 5, K=2).double()
    repeated = batch.x.unsqueeze(1).expand(-1, 4, -1)
    expected = layer(repeated, batch.edge_index, batch=batch.batch)[0][:, -1]
    assert torch.allclose(RoundsEncoder(layer, 4)(batch.x, batch), expected, atol=1e-12)


def test_signals_use_edge_weights():
    batch = path_batch(both=True, steps=4)
    encoder = SignalEncoder(GCRN(3, 5, K=2)).double()
    plain = encoder(batch.x, batch)
    batch.edge_weight = torch.ones(batch.num_edges, dtype=torch.double)
    assert torch.allclose(encoder(batch.x, batch), plain)
    pairs = batch.edge_index.sort(dim=0).values
    batch.edge_weight = 1.0 + (pairs[0] % 3).double()
    assert not torch.allclose(encoder(batch.x, batch), plain)


def test_signals_of_unequal_length_are_read_at_their_own_ends():
    encoder = SignalEncoder(GCRN(1, 5, K=2)).double()
    sequences = [torch.tensor([0, 2, 1, 2]), torch.tensor([1, 1])]
    batch = symbol_signal_batch(sequences, 3)
    assert batch.x.shape == (6, 4)
    out = encoder(batch.x.double().unsqueeze(-1), batch)
    for number, sequence in enumerate(sequences):
        alone = symbol_signal_batch([sequence], 3)
        expected = encoder(alone.x.double().unsqueeze(-1), alone)
        assert torch.allclose(out[3 * number : 3 * number + 3], expected, atol=1e-12)


@pytest.mark.parametrize("make", [lambda: ConvStack(GCNConv, 3, 5, 0), lambda: RoundsEncoder(GCRN(3, 5, K=2), 0)])
def test_bad_input(make):
    with pytest.raises(ValueError, match="is 0, expected at least 1"):
        make()
