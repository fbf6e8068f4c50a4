import io

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch
from torch_geometric.nn import GATConv, GCNConv, SAGEConv
from tqdm import tqdm

from gnnseq.analysis import (
    dependencies,
    frobenius,
    influence,
    influence_blocks,
    l1,
    model_reach,
    reach,
    spectral,
    time_influence,
)
from gnnseq.analysis.jacobian.forward import forward_jacobian
from gnnseq.analysis.jacobian.products import block_jacobian
from gnnseq.graphs import path_batch, symbol_signal_batch
from gnnseq.layers import GCN, GCRN, LSTM
from gnnseq.models import ConvStack, EdgeEncoder, SequenceClassifier, SignalEncoder, SymbolEmbedding


class Nodes(nn.Module):
    """A user's own module: features in, a row per node out."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, data):
        return self.encoder(data.x, data)


def paths(both=True, sizes=(6, 3, 5), features=3):
    sequences = [torch.randn(n, features, dtype=torch.double) for n in sizes]
    return path_batch(sequences, direction="both" if both else "forward")


def dense(model, data, norm):
    """The whole Jacobian by automatic differentiation, cut into blocks."""

    def call(x):
        copy = data.clone()
        copy.x = x
        return model(copy)

    whole = torch.autograd.functional.jacobian(call, data.x)  # [N_out, C, N_in, F]
    return norm(whole.permute(0, 2, 1, 3))


MODELS = {
    "gcn": (lambda: ConvStack(GCNConv, 3, 4, 3), True),
    "sage": (lambda: ConvStack(SAGEConv, 3, 4, 2), True),
    "gat": (lambda: ConvStack(GATConv, 3, 4, 2), True),
    "our gcn": (lambda: EdgeEncoder(GCN(3, 4, num_layers=2)), True),
    "lstm": (lambda: EdgeEncoder(LSTM(3, 4)), False),
}


@pytest.mark.parametrize("norm", [l1, frobenius, spectral])
@pytest.mark.parametrize("name", MODELS)
def test_it_is_the_dense_jacobian_and_zero_means_zero(name, norm):
    make, both = MODELS[name]
    model, data = Nodes(make()).double(), paths(both)
    expected = dense(model, data, norm)
    measured = influence(model, data, norm=norm)
    torch.testing.assert_close(measured, expected, rtol=1e-10, atol=1e-14)
    assert torch.equal(measured == 0, expected == 0)


@pytest.mark.parametrize("chunk_size", [1, 3, 100])
def test_chunks_change_nothing(chunk_size):
    model, data = Nodes(ConvStack(GCNConv, 3, 4, 2)).double(), paths()
    torch.testing.assert_close(
        influence(model, data, chunk_size=chunk_size), influence(model, data), rtol=1e-12, atol=0.0
    )


def test_a_long_path_shares_products_and_stays_exact():
    model = Nodes(ConvStack(GCNConv, 3, 4, 2)).double()
    data = paths(sizes=(40,))
    measured = influence(model, data)
    torch.testing.assert_close(measured, dense(model, data, l1), rtol=1e-10, atol=1e-14)
    distance = (torch.arange(40)[:, None] - torch.arange(40)).abs()
    assert not measured[distance > 2].any()
    assert (measured[distance <= 2] > 0).float().mean() > 0.8  # a dead ReLU may hide some
    torch.testing.assert_close(influence(model, data, hops=2), measured, rtol=1e-12, atol=0.0)


def test_the_outermost_hop_is_not_changed_by_a_cut_subgraph():
    layer = GCNConv(1, 1, bias=False).double()
    nn.init.ones_(layer.lin.weight)
    model = Nodes(EdgeEncoder(layer))
    measured = influence(model, paths(sizes=(9,), features=1))
    inside = torch.full((3,), 1 / 3, dtype=torch.double)
    torch.testing.assert_close(measured[4, 3:6], inside)  # a subgraph cut at one hop would give 0.408 at its ends


def test_blocks_are_the_graphs_one_by_one():
    model, data = Nodes(ConvStack(GCNConv, 3, 4, 2)).double(), paths()
    blocks = influence_blocks(model, data)
    for block, graph in zip(blocks, data.to_data_list(), strict=True):
        torch.testing.assert_close(block, influence(model, Batch.from_data_list([graph])), rtol=1e-10, atol=1e-14)


def test_graph_outputs_and_symbols_at_the_output_of_their_embedding():
    model = SequenceClassifier(SymbolEmbedding(10, 3), EdgeEncoder(LSTM(3, 4)), None, nn.Linear(4, 2)).double()
    data = path_batch([torch.tensor([1, 2, 3]), torch.tensor([4, 4])])
    measured = influence(model, data)
    assert measured.shape == (2, 5)
    features = Batch.from_data_list(data.to_data_list())
    features.x = model.embedding(data.x).detach()
    bare = SequenceClassifier(None, model.encoder, model.readout, model.head)
    torch.testing.assert_close(measured, dense(bare, features, l1), rtol=1e-10, atol=1e-14)


def test_dependencies_are_where_influence_is_not_zero():
    model, data = Nodes(ConvStack(GCNConv, 3, 4, 2)).double(), paths()
    assert torch.equal(dependencies(model, data), influence(model, data) > 0)


def test_time_influence_adds_up_to_influence():
    data = symbol_signal_batch(torch.randint(0, 4, (2, 5)), 4)
    data.x = torch.randn(8, 5, 3, dtype=torch.double)
    model = Nodes(SignalEncoder(GCRN(3, 4, K=2))).double()
    by_step = time_influence(model, data)
    assert by_step.shape == (8, 8, 5)
    torch.testing.assert_close(by_step.sum(-1), influence(model, data), rtol=1e-10, atol=1e-14)


def test_models_that_pyg_could_call_and_training_mode_is_put_back():
    model = GCNConv(3, 4).double().train()
    data = paths()
    torch.testing.assert_close(influence(model, data), influence(Nodes(EdgeEncoder(model)), data))
    assert model.training


def test_dropout_is_off_while_measuring():
    stack = ConvStack(GCNConv, 3, 4, 2, activation=nn.Dropout(0.5)).double().train()
    model, data = Nodes(stack), paths()
    assert torch.equal(influence(model, data), influence(model, data))
    assert stack.training


def test_bad_input():
    data = paths()
    symbols = path_batch(torch.randint(0, 5, (2, 3)))
    with pytest.raises(ValueError, match=r"no nn\.Embedding"):
        influence(Nodes(EdgeEncoder(nn.Identity())), symbols)

    class Bad(nn.Module):
        def __init__(self, out):
            super().__init__()
            self.out = out

        def forward(self, data):
            return self.out(data)

    with pytest.raises(ValueError, match="one row for each of 14 nodes or 3 graphs"):
        influence(Bad(lambda d: d.x[:4]), data)
    with pytest.raises(ValueError, match="finite"):
        influence(Bad(lambda d: d.x * float("nan")), data)


@pytest.mark.parametrize("model", [Nodes(ConvStack(GCNConv, 3, 4, 2)), Nodes(ConvStack(GATConv, 3, 4, 2))])
def test_a_bar_shows_what_is_done(model, monkeypatch):
    """Both ways of computing report to a bar that a terminal shows after two seconds."""
    done, options = [], {}

    class Bar(tqdm):
        def __init__(self, *args, **kwargs):
            options.update(kwargs)
            super().__init__(*args, **{**kwargs, "disable": False, "file": io.StringIO()})

        def update(self, n=1):
            done.append(n)
            super().update(n)

        def __iter__(self):
            for item in super().__iter__():
                done.append(item)
                yield item

    monkeypatch.setattr(forward_jacobian, "tqdm", Bar)
    monkeypatch.setattr(block_jacobian, "tqdm", Bar)
    influence(model.double(), paths(), chunk_size=9)
    assert len(done) > 1
    assert (options["disable"], options["delay"]) == (None, 2)


def test_nodes_without_a_way_and_graphs_apart():
    data = path_batch([torch.randn(4, 3).double(), torch.randn(2, 3).double()])
    measured = influence(Nodes(EdgeEncoder(GCN(3, 4, 5, activation=nn.Tanh()))).double(), data)
    assert torch.equal(measured > 0, reach(data.edge_index, None, 6))
    assert measured[0, 1] == 0  # no way back along directed edges
    assert not measured[:4, 4:].any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_measured_in_float64_and_the_model_is_as_before(dtype):
    model = Nodes(ConvStack(lambda i, o: GCNConv(i, o, cached=True), 3, 4, 3)).to(dtype)
    data, weights = paths(), [p.detach().clone() for p in model.parameters()]
    pointers = [p.data_ptr() for p in model.parameters()]
    found = influence(model, data)
    assert found.dtype == torch.float64
    assert [p.data_ptr() for p in model.parameters()] == pointers
    assert all(torch.equal(p, w) for p, w in zip(model.parameters(), weights, strict=True))
    assert all(conv._cached_edge_index is None for conv in model.encoder.convs)
    torch.testing.assert_close(found, dense(model.double(), data, l1), rtol=1e-12, atol=1e-15)


def test_a_model_that_fails_in_float64_is_measured_in_its_own_dtype():
    class Single(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, data):
            return self.layer(data.x.float())

    with pytest.warns(UserWarning, match=r"measured in torch.float32, since model fails in float64: .*dtype"):
        found = influence(Single(), paths())
    assert torch.equal(found > 0, torch.eye(14, dtype=torch.bool))


class Fades(nn.Module):
    """Each node's input is multiplied by 1e-30 at each step to the next: 1e-600 after 20, which no float64 holds."""

    def __init__(self, factor=1e-30, activation=lambda h: h):
        super().__init__()
        self.weight, self.activation = nn.Parameter(torch.tensor(factor)), activation

    def forward(self, x, edge_index):
        h, states = torch.zeros_like(x[0]), []
        for own in x.unbind():
            h = self.activation(own + self.weight * h)
            states.append(h)
        return torch.stack(states)


def test_what_is_smaller_than_any_number_is_still_a_dependence():
    data = paths(sizes=(25, 21))
    batch = Batch.from_data_list([data[0]])
    found = influence(Fades(), batch)
    assert found[24, 0] == 0.0
    below = torch.ones(25, 25, dtype=torch.bool).tril()
    assert torch.equal(dependencies(Fades(), batch), below)
    assert torch.equal(model_reach(Fades(), batch), below)
    batch.x.zero_()
    assert torch.equal(dependencies(Fades(1e30), batch), below)  # nor does what is larger than any become NaN


def test_reach_is_no_matter_of_numbers():
    batch = Batch.from_data_list([paths(sizes=(6,))[0]])
    below = torch.ones(6, 6, dtype=torch.bool).tril()
    shut = Fades(1.0, lambda h: (h - 1e3).relu())
    assert not dependencies(shut, batch).any()
    assert torch.equal(model_reach(shut, batch), below)
    saturated = Fades(1.0, lambda h: (h + 1e3).tanh())
    assert torch.equal(model_reach(saturated, batch), below)
    started_at_zero = Fades(0.0)
    assert torch.equal(dependencies(started_at_zero, batch), torch.eye(6, dtype=torch.bool))
    assert torch.equal(model_reach(started_at_zero, batch), below)
    assert started_at_zero.weight == 0.0


@pytest.mark.parametrize("name", MODELS)
def test_the_reach_of_a_model_is_that_of_its_graph(name):
    make, both = MODELS[name]
    hops = {"gcn": 3, "sage": 2, "gat": 2, "our gcn": 2, "lstm": None}[name]
    for sizes in ((6, 3, 5), (40,)):
        data = paths(both, sizes)
        assert torch.equal(model_reach(Nodes(make()), data), reach(data.edge_index, hops, sum(sizes)))


def test_reach_of_each_time_step():
    data = symbol_signal_batch(torch.randint(0, 4, (2, 5)), 4)
    data.x = torch.randn(8, 5, 3)
    model = Nodes(SignalEncoder(GCRN(3, 4, K=2)))
    assert torch.equal(model_reach(model, data, by_step=True), time_influence(model, data).flatten(1) > 0)
