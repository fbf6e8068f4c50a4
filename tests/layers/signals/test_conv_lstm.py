"""A peephole LSTM around any graph convolution, against the GCRN and a loop."""

import pytest
import torch
from dags import batch_vector
from gradients import assert_same
from signal_graphs import SIZES, F, H, K, N, T, graph, random_states, signals
from torch import nn
from torch.testing import assert_close
from torch_geometric.nn import ChebConv, GATConv, GCNConv, GraphConv

from gnnseq.layers import GCRN, ConvLSTM


def cheb(in_channels, out_channels):
    return ChebConv(in_channels, out_channels, K)


@pytest.mark.parametrize("peephole", [True, False])
def test_conv_lstm_with_cheb_conv_is_the_gcrn(peephole):
    (edges, weight), x, state = graph(), signals(), random_states(2, N)
    layer, gcrn = ConvLSTM(F, H, cheb, peephole).double(), GCRN(F, H, K, peephole=peephole).double()
    copy_conv_lstm(layer, gcrn)
    for arguments in ({}, {"lengths": torch.tensor([2, 4])}, {"mask": torch.rand(N, T) > 0.3}):
        batch = batch_vector(SIZES)
        (left, left_state), (right, right_state) = (
            m(x, edges, weight, state, batch=batch, **arguments) for m in (layer, gcrn)
        )
        assert_same([left, *left_state], [right, *right_state], [x, weight, *state])
    one = [m(x[:, 0], edges, weight, state) for m in (layer, gcrn)]
    assert_close(*one)
    many = [m(torch.stack([x, -x]), edges, weight, lengths=torch.tensor([1, 4])) for m in (layer, gcrn)]
    assert_close(*many)
    changing = [m(x, [edges] * T, [weight] * T) for m in (layer, gcrn)]
    assert_close(*changing)


@torch.no_grad()
def copy_conv_lstm(layer, gcrn):
    for conv, weight in ((layer.conv_x, gcrn.weight_x), (layer.conv_h, gcrn.weight_h)):
        nn.init.normal_(conv.bias)
        for lin, term in zip(conv.lins, weight, strict=True):
            term.copy_(lin.weight.t())
    gcrn.bias.copy_(layer.conv_x.bias + layer.conv_h.bias)
    if gcrn.peephole is not None:
        gcrn.peephole.copy_(layer.peephole)


@pytest.mark.parametrize("conv", [GCNConv, GraphConv, GATConv])
def test_conv_lstm_around_other_convolutions(conv):
    (edges, _), x = graph(), signals()
    layer = ConvLSTM(F, H, conv).double()
    h = c = x.new_zeros(N, H)
    w_i, w_f, w_o = layer.peephole
    for x_t in x.unbind(1):
        i, f, g, o = (layer.conv_x(x_t, edges) + layer.conv_h(h, edges)).chunk(4, dim=-1)
        i, f = (i + w_i * c).sigmoid(), (f + w_f * c).sigmoid()
        c = f * c + i * g.tanh()
        h = (o + w_o * c).sigmoid() * c.tanh()
    out, state = layer(x, edges)
    assert_same([out[:, -1], *state], [h, h, c], [x, *layer.parameters()])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": torch.ones(N, T, 1)}, r"x has shape \[8, 5, 1\], expected"),
        ({"edge_index": [torch.tensor([[0, 1], [1, 0]])]}, "list 1 and 1 graphs"),
        ({"state": (torch.ones(2, H),) * 2}, r"expected 2 of \[8, 4\]"),
    ],
)
def test_bad_input(arguments, message):
    usual = {"x": torch.ones(N, T, F), "edge_index": graph()[0]}
    with pytest.raises(ValueError, match=message):
        ConvLSTM(F, H, GCNConv)(**{**usual, **arguments})


def test_bad_sizes():
    with pytest.raises(ValueError, match="in_channels is 0, expected at least 1"):
        ConvLSTM(0, H, GCNConv)
