"""Forecasters against loops over GCRN cells, and what all of them keep."""

import copy
import math

import pytest
import torch
from dags import undirected_edges
from gradients import assert_same
from torch import nn
from torch.testing import assert_close
from torch_geometric.data import Data

from gnnseq.layers import GCRN, ConvLSTM, FlatGraphCNNLSTM, GCRNCell, GraphGRU, GraphRNN, SignalStack
from gnnseq.models import DirectForecaster, RolloutForecaster, Seq2SeqForecaster
from gnnseq.ops import SparseOperator, diffusion_operator, random_walk

B, N, L, F, H, S = 3, 5, 6, 3, 4, 8
EDGES = undirected_edges([N], 0.7)


def operator():
    return GCRN(1, 1, 2).double().operator(EDGES, N)


def made(kind, graph, decay=None):
    torch.manual_seed(0)
    features = 1 if kind is RolloutForecaster else F
    layers = [GCRN(features, S, 3)] + ([GCRN(1, S, 3)] if kind is Seq2SeqForecaster else [])
    model = kind(*layers, graph, H, *([] if kind is DirectForecaster else [decay])).double()
    nn.init.normal_(model.head.weight, std=0.3)  # else it is the persistence
    nn.init.normal_(model.head.bias, std=0.3)
    return model, torch.randn(B, N, L, features, dtype=torch.float64)


KINDS = [DirectForecaster, RolloutForecaster, Seq2SeqForecaster]


def by_cells(model, x, truth=None):
    """Forecasts ``[N, H]`` of windows ``[N, L, F]`` of one signal, step by step."""

    def cell_of(layer):
        cell = GCRNCell(layer.in_channels, S, 3).double()
        for name, value in layer.named_parameters():  # the very same weights, for gradients
            owner = cell
            setattr(owner, name, value)
        return cell

    graph, state = operator(), None
    if isinstance(model, DirectForecaster):
        cell = cell_of(model.layer)
        for t in range(L):
            h, state = cell(x[:, t], graph, state=state)
        return x[:, -1, :1] + model.head(h)
    seq2seq = isinstance(model, Seq2SeqForecaster)
    encoder = cell_of(model.encoder if seq2seq else model.layer)
    for t in range(L if seq2seq else L - 1):
        _, state = encoder(x[:, t], graph, state=state)
    decoder, value, found = cell_of(model.layer), x[:, -1, :1], []
    for k in range(H):
        h, state = decoder(value, graph, state=state)
        value = value + model.head(h)
        found.append(value)
        if truth is not None:
            value = torch.where(truth[:, k : k + 1].isnan(), value, truth[:, k : k + 1])
    return torch.cat(found, dim=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_forecaster_is_the_loop_over_cells(kind):
    model, x = made(kind, operator())
    x.requires_grad_()
    expected = torch.stack([by_cells(model, signal) for signal in x])
    assert_same([model(Data(x=x))], [expected], [x, *model.parameters()])


@pytest.mark.parametrize("kind", [RolloutForecaster, Seq2SeqForecaster])
def test_teacher_forcing_feeds_what_came_in_training_alone(kind):
    model, x = made(kind, operator(), math.inf)
    y = torch.randn(B, N, H, dtype=torch.float64)
    y[0, 2, 1] = torch.nan  # its forecast goes on
    expected = torch.stack([by_cells(model, signal, truth) for signal, truth in zip(x, y, strict=True)])
    assert_close(model(Data(x=x, y=y)), expected)
    without = torch.stack([by_cells(model, signal) for signal in x])
    assert not torch.allclose(expected[..., 2:], without[..., 2:])
    assert_close(model.eval()(Data(x=x, y=y)), without)


def test_scheduled_sampling_falls_as_in_dcrnn_and_goes_on_from_a_checkpoint():
    model, x = made(Seq2SeqForecaster, operator(), 5.0)
    batch = Data(x=x, y=torch.randn(B, N, H, dtype=torch.float64))
    for step in range(40):
        assert model.teacher_forcing == pytest.approx(5 / (5 + math.exp(step / 5)))
        model(batch)
    other, _ = made(Seq2SeqForecaster, operator(), 5.0)
    other.load_state_dict(model.state_dict())
    assert other.teacher_forcing == model.teacher_forcing < 0.01
    model.training_steps.fill_(10**9)
    assert model.teacher_forcing < 1e-300
    model.training_steps.zero_()
    torch.manual_seed(3)
    first = model(batch)
    model.training_steps.zero_()
    torch.manual_seed(3)
    assert torch.equal(model(batch), first)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_its_signals_one_by_one_with_gaps(kind):
    model, x = made(kind, operator())
    x[0, 1, 2, 0] = x[0, 3, -1, 0] = x[1, :, :, 0] = torch.nan
    found = model(Data(x=x))
    assert found.isfinite().all()
    for signal, expected in zip(x, found, strict=True):
        assert_close(model(Data(x=signal.unsqueeze(0)))[0], expected)
    zeroed = x.clone()
    zeroed[0, 1, 2, 0] = 0.0  # a gap counts as the mean
    assert_close(model(Data(x=zeroed)), found)


@pytest.mark.parametrize("kind", KINDS)
def test_an_untrained_head_is_the_persistence(kind):
    model, x = made(kind, operator())
    nn.init.zeros_(model.head.weight)
    nn.init.zeros_(model.head.bias)
    assert torch.equal(model(Data(x=x)), x[:, :, -1, :1].expand(B, N, H))


@pytest.mark.parametrize("graph", [operator(), random_walk(EDGES, N), diffusion_operator(EDGES, N)])
def test_the_graph_moves_is_copied_and_saved_with_the_model(tmp_path, graph):
    model, x = made(DirectForecaster, graph)
    expected = model(Data(x=x))
    torch.save(model.state_dict(), tmp_path / "model.pt")
    blank = type(graph)  # another graph of the same size
    swapped = torch.flip(EDGES, [1])
    other_graph = (
        diffusion_operator(swapped * 0, N)
        if hasattr(graph, "reverse")
        else SparseOperator(swapped * 0, torch.ones(EDGES.size(1)), N)
    )
    assert isinstance(other_graph, blank)
    other, _ = made(DirectForecaster, other_graph)
    assert not torch.allclose(other(Data(x=x)), expected)
    other.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    assert torch.equal(other(Data(x=x)), expected)
    assert torch.equal(copy.deepcopy(model)(Data(x=x)), expected)
    assert graph.state_dict() == {}  # the caller's stays as it was
    assert model.float()(Data(x=x.float())).dtype == torch.float32


@pytest.mark.parametrize(
    "make",
    [
        lambda features: GraphGRU(features, S, 3),
        lambda features: GraphRNN(features, S, 3),
        lambda features: ConvLSTM(features, S, lambda i, o: _Dense(i, o)),
        lambda features: SignalStack([GCRN(features, S, 3), GCRN(S, S, 3)]),
    ],
)
def test_any_layer_over_signals(make):
    x = torch.randn(B, N, L, F)
    for model in (DirectForecaster(make(F), operator(), H), Seq2SeqForecaster(make(F), make(1), operator(), H)):
        loss = model(Data(x=x)).square().sum()
        loss.backward()
        assert loss.isfinite()
        assert model.head.bias.grad.abs().sum() > 0


class _Dense(nn.Linear):
    def forward(self, x, edge_index):
        return super().forward(x)


def test_without_a_graph_it_is_an_lstm_on_every_node():
    module = nn.LSTM(F, S, batch_first=True)
    model = DirectForecaster(GCRN.from_torch(module), None, H)
    nn.init.normal_(model.head.weight)
    x = torch.randn(B, N, L, F)
    out, _ = module(x.flatten(0, 1))
    assert_close(model(Data(x=x)), x[:, :, -1, :1] + model.head(out[:, -1]).view(B, N, H))


def test_bad_input():
    model, x = made(RolloutForecaster, operator())
    with pytest.raises(ValueError, match=r"batch.x has shape \[5, 6, 1\], expected \[B, N, L, F\]"):
        model(Data(x=x[0]))
    with pytest.raises(ValueError, match=r"batch.x has shape \[3, 5, 1, 1\], expected \[B, N, L, 1\] with L >= 2"):
        model(Data(x=x[:, :, :1]))
    with pytest.raises(ValueError, match="decay is 0, expected a positive number"):
        RolloutForecaster(GCRN(1, 2, 2), None, 1, 0)
    with pytest.raises(ValueError, match="horizon is 0"):
        DirectForecaster(GCRN(1, 2, 2), None, 0)
    with pytest.raises(ValueError, match="layer is a Linear, expected one with out_channels"):
        DirectForecaster(nn.Linear(1, 2), None, 1)


def test_graphs_and_layers_that_a_forecaster_cannot_take():
    edges = torch.tensor([[0, 1], [1, 0]])
    learned = SparseOperator(edges, nn.Parameter(torch.ones(2)), 2)
    with pytest.raises(ValueError, match="graph has weights that need gradients, expected constant ones"):
        DirectForecaster(GCRN(1, 4, 2), learned, 1)
    constant = SparseOperator(edges, torch.ones(2), 2)
    with pytest.raises(ValueError, match="layer has one state for all nodes"):
        DirectForecaster(FlatGraphCNNLSTM(1, 2, 4, 2, 2), constant, 1)
