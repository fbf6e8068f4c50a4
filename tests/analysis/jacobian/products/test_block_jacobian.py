"""The cases that a model, a batch or a backward pass can bring, against the dense Jacobian."""

import pytest
import torch
from analysis.dense import Pooled, Recurrence, Stack, called, dense, path, paths
from torch import nn
from torch.testing import assert_close
from torch_geometric.data import Batch, Data
from torch_geometric.nn import ChebConv, GATConv, GCNConv, GINConv, GraphConv, SAGEConv, Sequential
from torch_geometric.nn.conv.gcn_conv import gcn_norm
from torch_geometric.utils.influence import jacobian_l1

from gnnseq.analysis import (
    dependencies,
    frobenius,
    influence,
    influence_blocks,
    l1,
    spectral,
    time_influence,
)
from gnnseq.analysis.calls import ModelCall
from gnnseq.analysis.jacobian import linear as linear_module
from gnnseq.analysis.jacobian.linear import Linearised
from gnnseq.analysis.jacobian.products.block_jacobian import BlockJacobian
from gnnseq.layers import GCN, GCRN, GRU, LSTM, RNN, NaryTreeLSTM
from gnnseq.models import EdgeEncoder, NodeClassifier, ScalarSymbols, SequenceClassifier, SignalEncoder, SymbolEmbedding


def block_jacobian(model, data):
    return BlockJacobian.of(Linearised(ModelCall(model, data)), data)


MODELS = {
    "GCN": lambda: Stack(GCNConv),
    "GAT": lambda: Stack(lambda i, o: GATConv(i, o // 2, heads=2), width=4),
    "GraphSAGE": lambda: Stack(SAGEConv),
    "GraphSAGE-max": lambda: Stack(lambda i, o: SAGEConv(i, o, aggr="max")),
    "GIN": lambda: Stack(lambda i, o: GINConv(nn.Sequential(nn.Linear(i, o), nn.BatchNorm1d(o), nn.Tanh()))),
    "Chebyshev": lambda: Stack(lambda i, o: ChebConv(i, o, 3), num_layers=1),
    "pooled": lambda: Pooled(Stack(GCNConv)),
    "our GCN": lambda: GCN(3, 4, 3),
    "our GRU": lambda: GRU(3, 4),
    "our RNN": lambda: RNN(3, 4, bidirectional=True),
}


@pytest.mark.parametrize("sizes", [(24,), (9, 1, 24, 5)])
@pytest.mark.parametrize("name", MODELS)
def test_equals_the_dense_jacobian(name, sizes):
    model = MODELS[name]().double().eval()
    batch = paths(sizes, both=not isinstance(model, RNN))
    found = influence(model, batch)
    expected = l1(dense(called(model) if not isinstance(model, RNN) else lambda d: called(model)(d)[0], batch))
    assert_close(found, expected, rtol=1e-12, atol=1e-15)
    assert torch.equal(found == 0, expected == 0)
    blocks = influence_blocks(model, batch)
    assert [block.shape[1] for block in blocks] == list(sizes)
    assert_close(torch.block_diag(*blocks), found)
    assert torch.equal(dependencies(model, batch), expected != 0)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_users_recurrence(kind, last):
    model = Recurrence(kind, last=last).double()
    batch = paths((7, 7, 7), both=False)
    found = influence(model, batch)
    assert found.shape == (3 if last else 21, 21)
    assert_close(found, l1(dense(model, batch)))


@pytest.mark.parametrize("norm", [l1, frobenius, spectral])
@pytest.mark.parametrize("model", [Stack(GCNConv), Pooled(Stack(GCNConv))])
def test_norms(norm, model):
    batch = paths((12, 4))
    expected = dense(called(model.double()), batch)
    assert_close(influence(model, batch, norm=norm), norm(expected))
    plain = {l1: lambda b: b.abs().sum((2, 3)), frobenius: lambda b: b.pow(2).sum((2, 3)).sqrt()}
    if norm in plain:
        assert_close(norm(expected), plain[norm](expected))
    else:
        assert_close(norm(expected), torch.linalg.svdvals(expected)[..., 0])


def test_any_function_is_a_norm():
    model, batch = Stack(GCNConv).double(), paths((12,))
    found = influence(model, batch, norm=lambda block: block.abs().amax((-2, -1)))
    assert_close(found, dense(called(model), batch).abs().amax((2, 3)))


def test_gcn_reaches_as_many_hops_as_layers():
    found = influence(GCN(3, 4, 3, activation=nn.Tanh()).double(), paths((30,)))
    distance = (torch.arange(30).unsqueeze(0) - torch.arange(30).unsqueeze(1)).abs()
    assert torch.equal(found != 0, distance <= 3)


@pytest.mark.parametrize("both", [True, False])
def test_few_products_on_a_path(both):
    jacobian = block_jacobian(
        Stack(lambda i, o: GCNConv(i, o), 2, 3, 16), paths((200,), both=both, dtype=torch.float32)
    )
    colouring = jacobian._colouring(2)
    assert jacobian.side.from_inputs
    assert colouring.num_colours == (7 if both else 4)  # one hop more than it reaches: 2 (2 + 1) + 1, and 2 + 1 + 1


def test_five_thousand_nodes_in_chunks():
    torch.manual_seed(1)
    model, batch = GCN(2, 4, 2), paths((5000,), channels=2, dtype=torch.float32)
    found = influence(model, batch, hops=2)
    near = influence(model, Data(x=batch.x[2000:2040], edge_index=path(40)))
    assert_close(found[2010:2030, 2000:2040], near[10:30])
    assert int((found != 0).sum(1).max()) <= 5


@pytest.mark.parametrize("chunk_size", [1, 5, 1000])
def test_chunk_size_changes_nothing(chunk_size):
    model, batch = Stack(GATConv).double(), paths((20, 11))
    assert_close(influence(model, batch, chunk_size=chunk_size), influence(model, batch))


def test_known_hops_change_nothing_and_wrong_ones_are_found():
    model, batch = Stack(GCNConv, 3).double(), paths((40, 30))
    expected = influence(model, batch)
    assert_close(influence(model, batch, hops=3), expected)
    assert_close(influence(model, batch, hops=5), expected)
    with pytest.raises(ValueError, match="hops is 2, but the model reaches further"):
        influence(model, batch, hops=2)
    with pytest.raises(ValueError, match="hops is -1, expected an integer >= 0"):
        influence(model, batch, hops=-1)


def test_a_model_that_reaches_further_elsewhere():
    """Its first, middle and last node look local, so that only the check of all products finds it out."""

    class Jump(nn.Module):
        def forward(self, x, edge_index):
            return x + 0.0 * x.roll(1, 0) + torch.nn.functional.pad(x[10:11].tanh(), (0, 0, 41, 18))

    batch = paths((60,))
    found = influence(Jump(), batch)
    assert_close(found, l1(dense(called(Jump()), batch)))
    assert found[41, 10] > 0


def test_random_graphs_share_products():
    generator = torch.Generator().manual_seed(3)
    pairs = torch.randint(0, 80, (2, 90), generator=generator)
    data = Data(x=torch.randn(80, 5).double(), edge_index=torch.cat([pairs, pairs.flip(0)], dim=1))
    model = Stack(GCNConv, 1, 5, 12).double()
    jacobian = block_jacobian(model, data)
    assert jacobian._colouring(1).num_colours < 60
    assert_close(influence(model, data, hops=1), l1(dense(called(model), data)))


def test_graphs_that_influence_each_other():
    class Centred(nn.Module):
        def forward(self, x, edge_index):
            return (x - x.mean(0)).tanh()

    batch = paths((6, 3, 4))
    assert_close(influence(Centred(), batch), l1(dense(called(Centred()), batch)))
    assert bool((influence(Centred(), batch) > 0).all())
    with pytest.raises(ValueError, match="model lets one graph of the batch influence another"):
        influence_blocks(Centred(), batch)


def test_without_a_derivative_of_the_backward_pass():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.square()

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, grad):
            return 2 * ctx.saved_tensors[0] * grad

    class Wide(nn.Module):
        def forward(self, x, edge_index):
            return Square.apply(x).repeat(1, 8).cumsum(0)

    batch = paths((12,))
    found = influence(Wide(), batch)
    expected = 2 * batch.x.abs().sum(1) * 8
    assert_close(found, expected.expand(12, 12).tril())


def test_a_model_that_ignores_its_input():
    class Constant(nn.Module):
        def forward(self, x, edge_index):
            return torch.ones(x.size(0), 7)

    assert torch.equal(influence(Constant(), paths((5, 2))), torch.zeros(7, 7, dtype=torch.float64))


def test_edge_weights_count():
    """PyG's total_influence ignores them."""

    class Weighted(Stack):
        def forward(self, x, edge_index, edge_weight=None):
            for conv in self.convs:
                x = conv(x, edge_index, edge_weight)
            return x

    batch = paths((10,))
    model = Weighted(GCNConv, 2).double()
    batch.edge_weight = torch.rand(batch.num_edges)
    found = influence(model, batch)
    index, weight = gcn_norm(batch.edge_index, batch.edge_weight.double(), 10)
    matrix = torch.zeros(10, 10).double().index_put((index[1], index[0]), weight)
    product = model.convs[1].lin.weight @ model.convs[0].lin.weight
    assert_close(found, (matrix @ matrix) * product.abs().sum())
    batch.edge_weight = None
    assert not torch.allclose(influence(model, batch), found)


def test_peer_is_wrong_at_the_outermost_hop():
    """PyG cuts a subgraph of as many hops as layers, which changes the degrees at its rim."""
    model = Stack(GCNConv, 4).double()
    data = Data(x=torch.randn(21, 3).double(), edge_index=path(21))
    found = influence(model, data)
    peer = jacobian_l1(model, data, 4, 10, "cpu")
    ratio = peer[[6, 14]] / found[10, [6, 14]]
    assert_close(ratio, torch.full((2,), 1.5**0.5, dtype=torch.float64))
    assert_close(found[10], jacobian_l1(model, data, 5, 10, "cpu"))


class Symbols(nn.Module):
    def __init__(self):
        super().__init__()
        self.symbols = nn.Embedding(10, 3)
        self.rnn = nn.GRU(3, 4, batch_first=True)

    def forward(self, data):
        return self.rnn(self.symbols(data.x.view(data.num_graphs, -1)))[0][:, -1]


def test_embedding_is_found_and_left_as_it_was():
    model = Symbols().double()
    batch = Batch.from_data_list([Data(x=torch.randint(0, 10, (6,)), edge_index=path(6)) for _ in range(3)])
    found = influence(model, batch)
    assert found.shape == (3, 18)
    embedded = batch.clone()
    embedded.x = model.symbols(batch.x).detach()
    plain = dense(lambda data: model.rnn(data.x.view(3, 6, 3))[0][:, -1], embedded)
    assert_close(found, l1(plain))
    assert not model.symbols._forward_hooks
    assert_close(influence(model, batch, inputs=model.symbols), found)
    assert [block.shape for block in influence_blocks(model, batch)] == [(1, 6)] * 3


@pytest.mark.parametrize("embedding", [SymbolEmbedding(10, 3), ScalarSymbols()])
def test_our_classifiers(embedding):
    width = 1 if isinstance(embedding, ScalarSymbols) else 3
    batch = Batch.from_data_list([Data(x=torch.randint(0, 10, (n,)), edge_index=path(n, False)) for n in (5, 1, 8)])
    for model, rows in (
        (SequenceClassifier(embedding, EdgeEncoder(LSTM(width, 4)), None, nn.Linear(4, 10)), 3),
        (NodeClassifier(embedding, EdgeEncoder(LSTM(width, 4)), nn.Linear(4, 10)), 14),
    ):
        found = influence(model, batch)
        assert found.shape == (rows, 14)
        assert bool((found[-1] > 0).equal(batch.batch == 2))


def test_tree():
    data = Data(
        x=torch.randn(7, 3).double(),
        edge_index=torch.tensor([[0, 1, 2, 3, 4, 5], [4, 4, 5, 5, 6, 6]]),
        edge_slot=torch.tensor([0, 1, 0, 1, 0, 1]),
    )
    found = influence(NaryTreeLSTM(3, 4).double(), data)
    ancestors = torch.eye(7)
    for child, parent in reversed(data.edge_index.t().tolist()):
        ancestors[:, child] += ancestors[:, parent]
    assert torch.equal(found > 0, ancestors > 0)


def test_encoder_that_is_called_with_a_batch():
    batch = paths((5, 3), both=False)
    encoder = EdgeEncoder(LSTM(3, 4)).double()
    assert_close(influence(encoder, batch), influence(encoder.layer, batch))


def test_pyg_sequential():
    torch.manual_seed(0)
    layers = [(GCNConv(3, 4), "x, edge_index -> x"), nn.Tanh(), (GCNConv(4, 2), "x, edge_index -> x")]
    model, batch = Sequential("x, edge_index", layers).double(), paths((9,))
    assert_close(influence(model, batch), l1(dense(called(model), batch)))


def test_time_influence():
    data = Data(x=torch.randn(4, 5, 2).double(), edge_index=path(4), edge_weight=None)
    encoder = SignalEncoder(GCRN(2, 3, K=2)).double()
    steps = time_influence(lambda d: encoder(d.x, d), data)
    assert steps.shape == (4, 4, 5)
    assert_close(steps.sum(2), influence(lambda d: encoder(d.x, d), data))
    # a step before the last one is filtered once more on its way: the last reaches 1 hop, the one before 2
    assert torch.equal(steps[0, :, 4] > 0, torch.tensor([True, True, False, False]))
    assert torch.equal(steps[0, :, 3] > 0, torch.tensor([True, True, True, False]))


def test_training_mode_is_put_back_and_dropout_off():
    module = Stack(lambda i, o: GCNConv(i, o))
    module.drop = nn.Dropout(0.5)
    batch = paths((6,), dtype=torch.float32)
    module.forward = lambda x, edge_index: module.drop(Stack.forward(module, x, edge_index))
    module.train()
    module.convs[0].eval()
    first, second = influence(module, batch), influence(module, batch)
    assert torch.equal(first, second)
    assert module.training
    assert module.drop.training
    assert not module.convs[0].training


def test_randomness_that_cannot_be_switched_off():
    def noisy(x, edge_index):
        return nn.functional.dropout(x, 0.5, training=True)

    with pytest.raises(ValueError, match="two different outputs for the same batch"):
        influence(noisy, paths((20,)))


def test_random_state_is_left_alone():
    batch = paths((30,))
    before = torch.get_rng_state()
    influence(lambda x, edge_index: x.tanh(), batch)
    assert torch.equal(before, torch.get_rng_state())


def test_no_grad_around_it():
    with torch.no_grad():
        found = influence(lambda x, edge_index: 2 * x, paths((3,)))
    assert_close(found, 6 * torch.eye(3).double())


def test_model_in_another_dtype():
    batch = paths((5,), dtype=torch.float32)
    assert influence(Stack(GCNConv).double(), batch).dtype == torch.float64
    assert batch.x.dtype == torch.float32
    assert influence(Stack(GCNConv), batch).dtype == torch.float64


def test_disconnected_nodes():
    data = Data(x=torch.randn(4, 3).double(), edge_index=torch.empty(2, 0, dtype=torch.long))
    found = influence(GCN(3, 4, 2, activation=nn.Tanh()).double(), data)
    assert torch.equal(found > 0, torch.eye(4, dtype=torch.bool))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda x, e: x.sum(), r"model's output has shape \[\], expected one row for each of 5 nodes or 2 graphs"),
        (lambda x, e: x[:3], r"model's output has shape \[3, 3\], expected one row"),
        (lambda x, e: [x], "model returns a list, expected a tensor"),
        (lambda x, e: x.log(), r"model's output \d is nan, expected finite"),
        (lambda x, e, colour: x, "model needs colour, which data does not hold; it holds .*x"),
    ],
)
def test_bad_models(model, message):
    batch = paths((3, 2))
    batch.x = -batch.x.abs()
    with pytest.raises(ValueError, match=message):
        influence(model, batch)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            Data(x=torch.ones(3, dtype=torch.long), edge_index=path(3)),
            "x holds torch.int64 and model has no nn.Embedding",
        ),
        (Data(edge_index=path(3), num_nodes=3), "data has no x, expected features"),
        (Data(x=torch.ones(0, 2), edge_index=path(1)), "data has no nodes"),
        (Data(x=torch.ones(2, 2), edge_index=path(2), batch=torch.tensor([1, 0])), "data.batch is not ascending"),
    ],
)
def test_bad_data(data, message):
    with pytest.raises(ValueError, match=message):
        influence(Stack(GraphConv), data)


def test_embedding_that_is_not_called():
    class Unused(Symbols):
        def forward(self, data):
            return data.x.float()

    with pytest.raises(ValueError, match="model calls no embedding for the integers in x"):
        influence(Unused(), Data(x=torch.ones(3, dtype=torch.long), edge_index=path(3)))


def test_memory_that_would_exceed_the_limit(monkeypatch):
    model, batch = Stack(GCNConv).double(), paths((20,))
    expected = influence(model, batch)
    monkeypatch.setattr(linear_module, "MEMORY_LIMIT", 2**20)
    with pytest.warns(UserWarning, match=r"chunk_size 100000 could take \d+\.\d GiB, more than .*: taking \d+"):
        assert_close(influence(model, batch, chunk_size=100_000), expected)
    with pytest.raises(ValueError, match="chunk_size is 0, expected an integer >= 1"):
        influence(model, batch, chunk_size=0)


def test_only_backward_passes_of_others_are_checked():
    """Ours and torch's own are known to have derivatives; an unknown one is compared with a backward pass."""

    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, grad):
            return 2 * grad

    class Wide(nn.Module):
        def forward(self, x, edge_index):
            return Twice.apply(x).repeat(1, 8)

    batch = paths((12,))
    assert block_jacobian(Wide(), batch).linear.has_custom_backward
    assert_close(influence(Wide(), batch), 2 * 24 * torch.eye(12).double())
    for model in (GCN(3, 4, 2), Stack(GATConv)):
        assert not block_jacobian(model.double(), batch).linear.has_custom_backward
