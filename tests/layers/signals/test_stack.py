"""Stacks and both directions in time, against their layers one after the other and torch's LSTM."""

import pytest
import torch
from dags import batch_vector
from gradients import assert_same
from signal_graphs import SIZES, C, F, H, K, N, T, graph, signals
from torch import nn
from torch.testing import assert_close
from torch_geometric.nn import GraphConv

from gnnseq.layers import (
    GCRN,
    BidirectionalSignals,
    ChebFilter,
    ConvLSTM,
    GraphCNNLSTM,
    GraphGRU,
    GraphRNN,
    SignalStack,
)


def test_stack_is_its_layers_one_after_the_other():
    (edges, weight), x = graph(), signals()
    layers = [GCRN(F, H, K), GraphGRU(H, H, 2), GraphCNNLSTM(H, C, H, K)]
    stack = SignalStack(layers).double()
    lengths, batch = torch.tensor([2, 5]), batch_vector(SIZES)
    mask = torch.rand(N, T) > 0.3
    out, states = stack(x, edges, weight, mask=mask, batch=batch, lengths=lengths)
    expected, finals = x, []
    for number, layer in enumerate(layers):
        given = {"mask": mask} if number == 0 else {}
        expected, final = layer(expected, edges, weight, batch=batch, lengths=lengths, **given)
        finals.append(final)
    assert_same([out], [expected], [x, weight, *stack.parameters()])
    assert_close(states, finals)
    again, _ = stack(x, edges, weight, state=states)
    expected = x
    for layer, state in zip(layers, states, strict=True):
        expected, _ = layer(expected, edges, weight, state)
    assert_close(again, expected)


def test_stack_of_single_terms_is_torch_s_lstm():
    module = nn.LSTM(F, H, 2, batch_first=True, bidirectional=True).double()
    x, (edges, _) = signals(), graph()
    lengths = torch.tensor([3, 5])
    stack = SignalStack(
        BidirectionalSignals(*(GCRN.from_torch(part(module, layer, suffix)) for suffix in ("", "_reverse")))
        for layer in range(2)
    )
    per_node = lengths[batch_vector(SIZES)]
    packed = nn.utils.rnn.pack_padded_sequence(x, per_node, batch_first=True, enforce_sorted=False)
    expected, (h, c) = module(packed)
    out, states = stack(x, edges, batch=batch_vector(SIZES), lengths=lengths)
    assert_same([out], [nn.utils.rnn.pad_packed_sequence(expected, batch_first=True)[0]], [x])
    assert_close(torch.stack([s[0] for pair in states for s in pair]), h)
    assert_close(torch.stack([s[1] for pair in states for s in pair]), c)
    assert_close(stack(x, edges)[0], module(x)[0])


def part(module, layer, suffix):
    """One layer and direction of a torch LSTM as a module of its own."""
    width = F if layer == 0 else 2 * H
    alone = nn.LSTM(width, H, batch_first=True).double()
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    alone.load_state_dict({f"{n}_l0": getattr(module, f"{n}_l{layer}{suffix}") for n in names})
    return alone


def test_both_directions():
    (edges, weight), x = graph(), signals()
    layer = BidirectionalSignals(GCRN(F, H, K), GraphRNN(F, 2, K)).double()
    graphs = [graph() for _ in range(T)]
    for e, w, back in ((edges, weight, (edges, weight)), ([g[0] for g in graphs], [g[1] for g in graphs], None)):
        out, (last, first) = layer(x, e, w)
        backwards = back or (e[::-1], w[::-1])
        there, there_last = layer.forward_layer(x, e, w)
        against, against_first = layer.backward_layer(x.flip(1), *backwards)
        assert_same([out], [torch.cat([there, against.flip(1)], dim=-1)], [x, *layer.parameters()])
        assert_close((last, first), (there_last, against_first))
    one, _ = layer(x[:, 0], edges, weight)
    assert one.shape == (N, H + 2)


def test_dropout_between_layers_only():
    (edges, weight), x = graph(), signals()
    stack = SignalStack([GCRN(F, H, K), GCRN(H, H, K)], dropout=0.5).double()
    assert not torch.equal(stack(x, edges, weight)[0], stack(x, edges, weight)[0])
    stack.eval()
    assert torch.equal(stack(x, edges, weight)[0], stack(x, edges, weight)[0])
    single = SignalStack([GCRN(F, H, K)], dropout=0.5).double()
    assert torch.equal(single(x, edges, weight)[0], single(x, edges, weight)[0])


def test_stack_with_two_normalisations():
    (edges, weight), x = graph(), signals()
    layers = [GCRN(F, H, K), GCRN(H, H, K, normalization="rw")]
    stack = SignalStack(layers).double()
    expected = layers[1](layers[0](x, edges, weight)[0], edges, weight)[0]
    assert_close(stack(x, edges, weight)[0], expected)


def test_convolutions_and_filters_together():
    """A convolution that wants edges gets edges; one that takes operators gets those."""
    (edges, weight), x = graph(), signals()
    both = BidirectionalSignals(ConvLSTM(F, H, GraphConv), GCRN(F, H, K)).double()
    expected = both.forward_layer(x, edges, weight)[0]
    assert_close(SignalStack([both])(x, edges, weight)[0][..., :H], expected)
    layer = ConvLSTM(F, H, lambda i, o: ChebFilter(i, o, K)).double()
    operator = layer.conv_x.operator(edges, N, weight)
    assert_close(layer(x, operator), layer(x, edges, weight))
    assert_close(SignalStack([layer])(x, operator)[0], layer(x, edges, weight)[0])
    with pytest.raises(ValueError, match="edge_weight is given beside a ready operator"):
        layer(x, operator, weight)
    with pytest.raises(ValueError, match=f"the operator is of {N} nodes, but x has {N - 1}"):
        layer(x[1:], operator)


def test_bad_stacks():
    with pytest.raises(ValueError, match="layers is empty"):
        SignalStack([])
    with pytest.raises(ValueError, match=r"dropout is 1\.0, expected 0 <= dropout < 1"):
        SignalStack([GCRN(F, H, K)], 1.0)
    with pytest.raises(ValueError, match="state has 0 entries, expected one for each of 1 layers"):
        SignalStack([GCRN(F, H, K)])(torch.ones(N, T, F), graph()[0], state=[])


def test_no_way_back_along_graphs_that_change_at_unequal_lengths():
    layer = BidirectionalSignals(GCRN(F, H, K), GCRN(F, H, K))
    with pytest.raises(ValueError, match="lengths is given with a list of graphs"):
        layer(torch.ones(N, T, F), [graph()[0]] * T, lengths=torch.tensor([2]))
