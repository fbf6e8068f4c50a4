import copy

import pytest
import torch
from analysis.dense import Recurrence, Stack, path, paths
from torch import nn
from torch.nn.functional import cross_entropy
from torch.testing import assert_close
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GCNConv

from gnnseq.analysis import RNNWeights, gradient_flow, lstm_gradients, rnn_gradients
from gnnseq.layers import (
    GCN,
    GCRN,
    GRU,
    LSTM,
    RNN,
    ChildSumTreeLSTM,
    GraphCNNLSTM,
    GraphGRU,
    GraphRNN,
    MeanReadout,
    MinGRU,
    NaryTreeLSTM,
)
from gnnseq.models import EdgeEncoder, NodeClassifier, SequenceClassifier, SignalEncoder, SlotEncoder


def labelled(sizes, classes=4, **kwargs):
    batch = paths(sizes, **kwargs)
    batch.y = torch.randint(0, classes, (len(sizes),))
    return batch


def classifier(layer, width=5):
    return SequenceClassifier(None, EdgeEncoder(layer), None, nn.Linear(width, 4)).double()


def norms(tensors):
    return torch.stack([t.square().sum().sqrt() for t in tensors]).float()


def test_rnn_is_the_closed_form():
    batch, model = labelled((7, 7, 7), both=False), classifier(RNN(3, 5))
    flow = gradient_flow(model, batch).layers
    cell = model.encoder.layer.cells[0]
    weights = RNNWeights(cell.weight_ih, cell.weight_hh, cell.bias, model.head.weight, model.head.bias)
    expected = rnn_gradients(batch.x.view(3, 7, 3), batch.y, weights)
    assert list(flow) == ["encoder.layer.cells.0"]
    found = flow["encoder.layer.cells.0"]
    assert_close(found.hidden, norms(expected.hidden.detach()))
    assert_close(found.weight, norms(expected.W_hh_by_step.detach()))


def test_lstm_is_the_closed_form():
    batch, model = labelled((6, 6), both=False), classifier(LSTM(3, 5))
    (found,) = gradient_flow(model, batch).layers.values()
    cell = model.encoder.layer.cells[0]
    last = model.encoder.layer(batch.x, batch.edge_index)[0][[5, 11]].detach().requires_grad_()
    (grad,) = torch.autograd.grad(cross_entropy(model.head(last), batch.y), last)
    given = [p.detach() for p in (cell.weight_ih, cell.weight_hh, cell.bias)]
    assert_close(found.hidden, norms(lstm_gradients(batch.x.view(2, 6, 3), grad, *given).h))


@pytest.mark.parametrize("layer", [GRU(3, 5), RNN(3, 5, num_layers=2), LSTM(3, 5), ChildSumTreeLSTM(3, 5)])
def test_norm_and_clipping_are_torch_s(layer):
    batch, model = labelled((5, 8, 2), both=False), classifier(layer)
    flow = gradient_flow(model, batch, max_norm=0.01)
    cross_entropy(model(batch), batch.y).backward()
    before = [p.grad.clone() for p in model.parameters()]
    total = nn.utils.clip_grad_norm_(model.parameters(), 0.01)
    assert flow.norm == pytest.approx(total.item(), rel=1e-6)
    assert 0 < flow.clip_factor < 1
    for gradient, parameter in zip(before, model.parameters(), strict=True):
        assert_close(gradient * flow.clip_factor, parameter.grad)
    assert gradient_flow(model, batch, max_norm=1e6).clip_factor == 1.0
    assert len(flow.layers) == layer.num_layers
    assert all(len(found.hidden) == len(found.weight) == 8 for found in flow.layers.values())


def test_shares_of_the_steps_where_one_step_has_all():
    """In two levels the first reads no state, so the second has the whole gradient of the recurrent weight."""
    tree = Data(x=torch.randn(3, 3).double(), edge_index=torch.tensor([[0, 1], [2, 2]]), edge_slot=torch.tensor([0, 1]))
    batch = Batch.from_data_list([tree])
    batch.y = torch.tensor([1])
    model = SequenceClassifier(None, SlotEncoder(NaryTreeLSTM(3, 5)), None, nn.Linear(5, 4)).double()
    (found,) = gradient_flow(model, batch).layers.values()
    cross_entropy(model(batch), batch.y).backward()
    (layer,) = model.encoder.layer.cells
    own = torch.cat([layer.weight_igo.grad.flatten(), layer.weight_f.grad.flatten()]).norm()
    assert_close(found.weight, torch.tensor([0.0, own]).float())

    signal = Batch.from_data_list([Data(x=torch.randn(4, 2, 3).double(), edge_index=path(4))])
    signal.edge_weight, signal.y = None, torch.tensor([2])
    model = SequenceClassifier(None, SignalEncoder(GCRN(3, 5, K=2)), MeanReadout(), nn.Linear(5, 4)).double()
    (found,) = gradient_flow(model, signal).layers.values()
    cross_entropy(model(signal), signal.y).backward()
    assert_close(found.weight, torch.tensor([0.0, model.encoder.layer.weight_h.grad.norm()]).float())


@pytest.mark.parametrize(
    "layer",
    [GCRN(3, 5, K=2), GraphGRU(3, 5, K=2), GraphRNN(3, 5, K=2), GraphCNNLSTM(3, 4, 5, K=2)],
    ids=lambda layer: type(layer).__name__,
)
def test_every_recurrence_on_signals_is_followed_step_by_step(layer):
    signal = Batch.from_data_list([Data(x=torch.randn(4, 6, 3).double(), edge_index=path(4)) for _ in range(2)])
    signal.edge_weight, signal.y = None, torch.tensor([2, 0])
    model = SequenceClassifier(None, SignalEncoder(layer), MeanReadout(), nn.Linear(5, 4)).double()
    flow = gradient_flow(model, signal, max_norm=1e-3)
    (found,) = flow.layers.values()
    assert found.hidden.shape == found.weight.shape == (6,)
    assert bool((found.hidden > 0).all())
    assert found.weight[0] == 0  # the first step reads a state of zeros
    assert bool((found.weight[1:] > 0).all())
    cross_entropy(model(signal), signal.y).backward()
    whole = torch.stack([p.grad.norm() for p in model.parameters()]).norm()
    assert flow.norm == pytest.approx(whole.item(), rel=1e-9)
    assert flow.clip_factor * flow.norm == pytest.approx(1e-3, rel=1e-2)


def test_convolutions_by_layer():
    batch = paths((6, 4))
    batch.y = torch.randint(0, 4, (10,))
    layer = GCN(3, 4, 3).double()
    model = NodeClassifier(None, EdgeEncoder(layer), nn.Identity())
    (ours,) = gradient_flow(model, batch).layers.values()
    cross_entropy(model(batch), batch.y).backward()
    expected = [torch.cat([w.grad.flatten(), b.grad]) for w, b in zip(layer.weights, layer.biases, strict=True)]
    assert_close(ours.weight, norms(expected))
    stack = Stack(GCNConv, 3).double()
    for conv, weight, bias in zip(stack.convs, layer.weights, layer.biases, strict=True):
        conv.lin.weight.data, conv.bias.data = weight.data.t(), bias.data
    theirs = gradient_flow(stack, batch).layers["convolutions"]
    assert_close(theirs.hidden, ours.hidden)
    assert_close(theirs.weight, ours.weight)


def test_the_model_is_left_as_it_was():
    batch, model = labelled((5, 5), both=False), classifier(LSTM(3, 5, num_layers=2, dropout=0.5))
    before = copy.deepcopy(model.state_dict())
    model.train()
    first, second = gradient_flow(model, batch), gradient_flow(model, batch)
    assert first.norm == second.norm
    assert model.training
    assert model.encoder.layer.fused
    assert all("step" not in cell.__dict__ for cell in model.encoder.layer.cells)
    assert all(isinstance(cell.weight_hh, nn.Parameter) for cell in model.encoder.layer.cells)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_the_model_is_left_as_it_was_after_an_error():
    batch, model = labelled((5, 5), both=False), classifier(RNN(3, 5))
    batch.y = None
    with pytest.raises(TypeError):
        gradient_flow(model, batch)
    assert model.encoder.layer.fused
    assert "step" not in model.encoder.layer.cells[0].__dict__


@pytest.mark.parametrize(("scale", "grows"), [(0.5, False), (1.5, True)])
def test_gradients_vanish_and_explode(scale, grows):
    batch, model = labelled((30,) * 4, both=False), classifier(RNN(3, 5, bias=False))
    batch.x = batch.x * 1e-9  # tanh stays linear
    cell = model.encoder.layer.cells[0]
    cell.weight_hh.data = scale * nn.init.orthogonal_(torch.empty(5, 5).double())
    hidden = gradient_flow(model, batch).layers["encoder.layer.cells.0"].hidden
    assert bool((hidden.diff() < 0).all()) is grows
    assert bool((hidden.diff() > 0).all()) is not grows


@pytest.mark.parametrize(
    ("model", "max_norm", "message"),
    [
        (Recurrence(nn.LSTM, last=True).double(), None, "model has no layer to follow gradients through"),
        (classifier(MinGRU(3, 5)), None, "model.encoder.layer.cells.0 is a MinGRUCell, whose steps run together"),
        (classifier(RNN(3, 5)), 0.0, "max_norm is 0.0, expected a positive number or None"),
    ],
)
def test_bad_input(model, max_norm, message):
    with pytest.raises(ValueError, match=message):
        gradient_flow(model, labelled((4, 4), both=False), max_norm=max_norm)


def test_loss_that_is_not_finite():
    batch = labelled((4, 4), both=False)
    batch.x[0] = float("nan")
    with pytest.raises(ValueError, match="loss is nan, expected a finite number"):
        gradient_flow(classifier(RNN(3, 5)), batch)
