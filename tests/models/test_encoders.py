import importlib
import inspect
import pkgutil

import pytest
import torch
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GATConv, GCNConv, GINEConv, GraphConv, SAGEConv, TransformerConv
from torch_geometric.nn import Sequential as PyGSequential
from torch_geometric.utils import to_undirected

import gnnseq.models
from gnnseq.graphs import symbol_signal_batch
from gnnseq.layers import (
    GCN,
    GCRN,
    GRU,
    LSTM,
    RNN,
    BidirectionalSignals,
    ChebFilter,
    GraphGRU,
    NaryTreeLSTM,
)
from gnnseq.models import (
    TCN,
    BagEncoder,
    ConvStack,
    DeepSetEncoder,
    EdgeEncoder,
    PathRecurrence,
    RoundsEncoder,
    SignalEncoder,
    SlotEncoder,
    SymbolGraphEncoder,
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


CIRCLE = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
# Each encoder on a layer that takes weights of edges (None: there is none), and on one that does not.
WEIGHTED = {
    EdgeEncoder: (lambda: EdgeEncoder(GCN(3, 5)), lambda: EdgeEncoder(LSTM(3, 5))),
    ConvStack: (lambda: ConvStack(GCNConv, 3, 5, 2), lambda: ConvStack(SAGEConv, 3, 5, 2)),
    SignalEncoder: (lambda: SignalEncoder(GraphGRU(3, 5, K=2)), None),
    RoundsEncoder: (lambda: RoundsEncoder(GCRN(3, 5, K=2), 2), None),
    SlotEncoder: (None, lambda: SlotEncoder(NaryTreeLSTM(3, 5))),
    PathRecurrence: (None, lambda: PathRecurrence(GRU(3, 5))),
    SymbolGraphEncoder: (None, lambda: SymbolGraphEncoder(GCRN(3, 5, K=2), 3, CIRCLE)),
    TCN: (None, lambda: TCN(3, 5, 1)),
    BagEncoder: "reads no edges",
    DeepSetEncoder: "reads no edges",
}


def all_encoders():
    """Every class of the package that is called as ``encoder(x, batch)``."""
    names = [module.name for module in pkgutil.iter_modules(gnnseq.models.__path__)]
    found = [kind for name in names for kind in vars(importlib.import_module(f"gnnseq.models.{name}")).values()]
    kinds = [kind for kind in found if isinstance(kind, type) and issubclass(kind, torch.nn.Module)]
    return {kind for kind in kinds if list(inspect.signature(kind.forward).parameters) == ["self", "x", "batch"]}


def weighted_batch(encoder):
    """Triples of nodes whose edges have weights 1, 1, 2, 2; signals and places where they are wanted."""
    steps = (4,) if isinstance(encoder, SignalEncoder) else ()
    recurrent = isinstance(getattr(encoder, "layer", None), LSTM | GRU | NaryTreeLSTM)
    edges = CIRCLE[:, ::2] if recurrent else CIRCLE
    weight, slot = torch.tensor([1.0, 1.0, 2.0, 2.0])[: edges.size(1)], torch.zeros(edges.size(1), dtype=torch.int64)
    data = [
        Data(
            x=torch.randn(3, *steps, 3),
            edge_index=edges,
            edge_weight=weight,
            edge_slot=slot,
            edge_hop=slot + 1,
            symbols=torch.arange(3),
        )
        for _ in range(2)
    ]
    batch = Batch.from_data_list(data)
    x = batch.x
    if isinstance(encoder, SymbolGraphEncoder):
        batch.x = batch.symbols
    return x, batch


def test_every_encoder_has_a_case_with_weights():
    assert all_encoders() == set(WEIGHTED)


@pytest.mark.parametrize("kind", [kind for kind, how in WEIGHTED.items() if how[0] not in (None, "r")])
def test_weights_of_edges_reach_the_layer(kind):
    encoder = WEIGHTED[kind][0]()
    x, batch = weighted_batch(encoder)
    weighted = encoder(x, batch)
    del batch.edge_weight
    assert not torch.allclose(weighted, encoder(x, batch))
    layer = encoder.convs[0] if kind is ConvStack else encoder.layer
    if kind is EdgeEncoder:
        expected = layer(x, batch.edge_index, torch.tensor([1.0, 1.0, 2.0, 2.0] * 2))
        assert torch.equal(weighted, expected)


@pytest.mark.parametrize("kind", [kind for kind, how in WEIGHTED.items() if how[1] not in (None, "e")])
def test_weights_that_the_layer_does_not_take_are_refused_by_name(kind):
    encoder = WEIGHTED[kind][1]()
    x, batch = weighted_batch(encoder)
    words = r"batch has edge_weight, but \w+ does not take it, expected a layer .* \(del batch.edge_weight\)"
    with pytest.raises(ValueError, match=words):
        encoder(x, batch)
    if hasattr(encoder, "advance"):
        with pytest.raises(ValueError, match=words):
            encoder.advance(x, batch, None)
    del batch.edge_weight
    assert len(encoder(x, batch)) == 6


@pytest.mark.parametrize("kind", [kind for kind, how in WEIGHTED.items() if not isinstance(how, str)])
def test_attributes_of_edges_are_refused_where_no_layer_takes_them(kind):
    encoder = next(make for make in WEIGHTED[kind] if make)()
    x, batch = weighted_batch(encoder)
    del batch.edge_weight
    batch.edge_attr = torch.randn(batch.num_edges, 2)
    with pytest.raises(ValueError, match="batch has edge_attr, but"):
        encoder(x, batch)


@pytest.mark.parametrize(
    "make",
    [
        lambda: EdgeEncoder(GINEConv(torch.nn.Linear(3, 5), edge_dim=2)),
        lambda: EdgeEncoder(TransformerConv(3, 5, edge_dim=2)),
        lambda: ConvStack(lambda f, h: GATConv(f, h, edge_dim=2), 3, 5, 2),
    ],
)
def test_attributes_of_edges_reach_the_layer(make):
    encoder, batch = make(), path_batch(both=True)
    x = batch.x.float()
    batch.edge_attr = torch.randn(batch.num_edges, 2)
    one = encoder(x, batch)
    batch.edge_attr = torch.randn(batch.num_edges, 2)
    assert not torch.allclose(one, encoder(x, batch))


def test_each_graph_keeps_its_own_spectrum():
    """Without normalisation the bound of the spectrum is a graph's own: the layer has to know the graphs."""
    star = torch.tensor([[0, 0, 0, 0, 1, 2, 3, 4], [1, 2, 3, 4, 0, 0, 0, 0]])
    data = [Data(x=torch.randn(3, 3), edge_index=CIRCLE), Data(x=torch.randn(5, 3), edge_index=star)]
    encoder = EdgeEncoder(ChebFilter(3, 5, K=3, normalization=None))
    batch = Batch.from_data_list(data)
    alone = torch.cat([encoder(d.x, Batch.from_data_list([d])) for d in data])
    torch.testing.assert_close(encoder(batch.x, batch), alone)


def test_signals_read_backwards_begin_at_their_own_ends():
    encoder = SignalEncoder(BidirectionalSignals(GCRN(1, 3, K=2), GCRN(1, 3, K=2))).double()
    sequences = [torch.tensor([0, 2, 1, 2]), torch.tensor([1, 1])]
    batch, alone = symbol_signal_batch(sequences, 3), symbol_signal_batch(sequences[1:], 3)
    out = encoder(batch.x.double().unsqueeze(-1), batch)
    torch.testing.assert_close(out[3:], encoder(alone.x.double().unsqueeze(-1), alone))


RESETTABLE = [make for how in WEIGHTED.values() if not isinstance(how, str) for make in how if make]
RESETTABLE += [lambda: BagEncoder(3, 5), lambda: DeepSetEncoder(3, 5)]


@pytest.mark.parametrize("make", RESETTABLE)
def test_sequential_of_pyg_resets_every_encoder(make):
    torch.manual_seed(5)
    encoder = make()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.fill_(7.0)
    PyGSequential("x, batch", [(encoder, "x, batch -> x")]).reset_parameters()
    assert not any(bool((parameter == 7).any()) for parameter in encoder.parameters())


@pytest.mark.parametrize("kind", sorted(WEIGHTED, key=lambda kind: kind.__name__))
def test_one_graph_needs_no_batch(kind):
    makes = WEIGHTED[kind]
    encoder = kind(3, 5) if isinstance(makes, str) else next(make for make in makes if make)()
    x, batch = weighted_batch(encoder)
    del batch.edge_weight
    data = batch.get_example(0)
    assert "ptr" not in data
    torch.testing.assert_close(encoder(x[:3], data), encoder(x, batch)[:3])
