"""Initialisations: what they set, what they leave, what they refuse."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gnnseq.layers import (
    GCRN,
    GRU,
    LSTM,
    RNN,
    GraphGRU,
    MinGRU,
    MinLSTM,
    NaryTreeLSTM,
    chrono_,
    identity_,
    orthogonal_,
)

H = 6


@pytest.mark.parametrize(
    ("layer", "cells"),
    [
        (LSTM(3, H, 2, bidirectional=True), lambda m: m.cells),
        (NaryTreeLSTM(3, H, num_layers=2, bidirectional=True), lambda m: m.cells),
        (GCRN(3, H, 2), lambda m: [m]),
        (nn.Sequential(nn.Linear(2, 3), LSTM(3, H)), lambda m: m[1].cells),
    ],
)
def test_chrono_of_four_gates(layer, cells):
    assert chrono_(layer, 50) is layer
    for cell in cells(layer):
        i, f, g, o = cell.bias.detach().chunk(4)
        assert_close(i, -f)
        assert (f >= 0).all()
        assert (f <= torch.tensor(49.0).log()).all()
        assert f.std() > 0
        assert not g.any()
        assert not o.any()


@pytest.mark.parametrize("layer", [GRU(3, H), GraphGRU(3, H, 2)])
def test_chrono_of_a_gru(layer):
    chrono_(layer, 50)
    cell = layer.cells[0] if isinstance(layer, GRU) else layer
    r, z, n = cell.bias.detach().chunk(3)
    assert (z > 0).all()
    assert not any(part.any() for part in (r, n, cell.bias_hn))


def test_chrono_of_linear_recurrences():
    both = chrono_(nn.ModuleList([MinGRU(3, H), MinLSTM(3, H), LSTM(3, H)]), 50)
    z, candidate = both[0].cells[0].bias.detach().chunk(2)
    assert (-z > 0).all()
    assert (-z <= torch.tensor(49.0).log()).all()
    i, f, other = both[1].cells[0].bias.detach().chunk(3)
    assert_close(i, -f)
    assert (f > 0).all()
    assert (both[2].cells[0].bias[H : 2 * H] > 0).all()
    assert not candidate.any()
    assert not other.any()


def test_chrono_remembers():
    """After 30 steps a chrono LSTM still tells apart two first inputs; torch's initialisation does not."""
    edges = torch.stack([torch.arange(29), torch.arange(1, 30)])
    x = torch.zeros(30, 3)
    other = x.clone()
    other[0] = 1.0

    def difference(layer):
        return (layer(x, edges)[0][-1] - layer(other, edges)[0][-1]).abs().max()

    layer = LSTM(3, 32)
    before = difference(layer)
    assert difference(chrono_(layer, 60)) > 100 * before


@pytest.mark.parametrize("layer", [RNN(3, H, 2), GRU(3, H), LSTM(3, H)])
def test_orthogonal(layer):
    orthogonal_(layer, gain=2.0)
    for cell in layer.cells:
        for block in cell.weight_hh.detach().split(H):
            assert_close(block @ block.t(), 4 * torch.eye(H), atol=1e-5, rtol=0)


def test_orthogonal_filters_read_the_node_itself():
    layer = orthogonal_(GCRN(3, H, 3))
    assert not layer.weight_h[1:].any()
    for block in layer.weight_h[0].detach().split(H, dim=1):
        assert_close(block @ block.t(), torch.eye(H), atol=1e-5, rtol=0)


@pytest.mark.parametrize("make", [lambda: RNN(3, H, 2), lambda: NaryTreeLSTM(3, H, 2), lambda: GCRN(3, H, 2)])
def test_orthogonal_scales_the_weights_of_the_inputs_and_biases(make):
    layer = make()
    names = [name for name, _ in layer.named_parameters() if name.endswith(("weight_ih", "weight_x", "bias"))]
    before = {name: layer.get_parameter(name).detach().clone() for name in names}
    orthogonal_(layer, input_scale=0.25)
    assert len(names) == (4 if isinstance(layer, RNN) else 2)
    for name in names:
        assert_close(layer.get_parameter(name).detach(), 0.25 * before[name])


def test_small_inputs_keep_the_first_one_through_tanh():
    """Of 60 inputs, the derivative of the last state by the first keeps its size only where states stay small."""

    def kept(input_scale):
        torch.manual_seed(0)
        layer = orthogonal_(RNN(4, 64), input_scale=input_scale).double()
        x = torch.randn(60, 4, dtype=torch.float64, requires_grad=True)
        edges = torch.stack([torch.arange(59), torch.arange(1, 60)])
        layer(x, edges)[0][-1].norm().backward()
        return float(x.grad[0].norm() / x.grad[-1].norm())

    assert kept(0.01) > 20 * kept(1.0)


def test_orthogonal_nary():
    layer = orthogonal_(NaryTreeLSTM(3, H, 3))
    (cell,) = layer.cells
    blocks = [*cell.weight_igo.detach().view(-1, H, H), *cell.weight_f.detach().view(-1, H, H)]
    assert len(blocks) == 3 * 3 + 3 * 3
    for block in blocks:
        assert_close(block @ block.t(), torch.eye(H), atol=1e-5, rtol=0)


def test_identity():
    layer = identity_(RNN(3, H, 2), 0.5)
    for cell in layer.cells:
        assert_close(cell.weight_hh.detach(), 0.5 * torch.eye(H))
        assert not cell.bias.any()


def test_identity_without_bias():
    assert_close(identity_(RNN(3, H, bias=False)).cells[0].weight_hh.detach(), torch.eye(H))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chrono_(LSTM(3, H), 2), "max_steps is 2, expected at least 3"),
        (lambda: chrono_(RNN(3, H), 9), "has no gates with biases, expected an LSTM, GRU, Tree-LSTM or GCRN"),
        (lambda: chrono_(LSTM(3, H, bias=False), 9), "has no gates with biases"),
        (lambda: chrono_(nn.Linear(2, 2), 9), "module is a Linear without a recurrent layer, expected at least one"),
        (lambda: orthogonal_(nn.Linear(2, 2)), "module is a Linear without a recurrent layer"),
        (lambda: orthogonal_(RNN(3, H), input_scale=0), "input_scale is 0, expected a positive number"),
        (lambda: identity_(LSTM(3, H)), "has gates, expected a vanilla RNN"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
