"""The other layers over signals on a graph: model 1, GRU, RNN, any convolution, stacks, both directions."""

import pytest
import reference
import torch
from dags import batch_vector, one_by_one, undirected_edges
from gradients import assert_same
from torch import nn
from torch.testing import assert_close
from torch_geometric.nn import ChebConv, GATConv, GCNConv, GraphConv

from gnnseq.layers import (
    GCRN,
    BidirectionalSignals,
    ChebFilter,
    ConvLSTM,
    FlatGraphCNNLSTM,
    GraphCNNLSTM,
    GraphGRU,
    GraphRNN,
    SignalStack,
)

F, C, H, T, K = 3, 2, 4, 5, 3
SIZES = [4, 4]
N = sum(SIZES)


def signals(n=N):
    return torch.randn(n, T, F, dtype=torch.float64, requires_grad=True)


def graph(sizes=SIZES):
    edges = undirected_edges(sizes, 0.7)
    half = torch.rand(edges.size(1) // 2, dtype=torch.float64) + 0.2
    return edges, torch.cat([half, half]).requires_grad_()


def dense(edges, n, weight):
    return reference.scaled_laplacian(reference.laplacian(reference.adjacency(edges, n, weight)))


def random_states(count, *shape):
    return tuple(torch.randn(count, *shape, H, dtype=torch.float64, requires_grad=True))


def lstm_weights(lstm):
    return lstm.weight_x[0].t(), lstm.weight_h[0].t(), lstm.peephole, lstm.bias


@pytest.mark.parametrize("normalization", ["sym", "rw"])
def test_graph_gru_and_rnn_are_the_references(normalization):
    (edges, weight), x = graph(), signals()
    (h0,) = random_states(1, N)
    L = reference.scaled_laplacian(reference.laplacian(reference.adjacency(edges, N, weight), normalization))
    gru, rnn = (kind(F, H, K, normalization).double() for kind in (GraphGRU, GraphRNN))
    expected = reference.gcrn_gru(x, L, gru.weight_x, gru.weight_h, gru.bias, gru.bias_hn, h0)
    assert_same(list(gru(x, edges, weight, h0)), list(expected), [x, weight, h0, *gru.parameters()])
    expected = reference.gcrn_rnn(x, L, rnn.weight_x, rnn.weight_h, rnn.bias, h0)
    assert_same(list(rnn(x, edges, weight, h0)), list(expected), [x, weight, h0, *rnn.parameters()])


@pytest.mark.parametrize(("kind", "torch_kind"), [(GraphGRU, nn.GRU), (GraphRNN, nn.RNN)])
@pytest.mark.parametrize("bias", [True, False])
def test_one_term_is_torch_s_module(kind, torch_kind, bias):
    module = torch_kind(F, H, batch_first=True, bias=bias).double()
    x, (h0,) = signals(), random_states(1, N)
    out, h = module(x, h0.unsqueeze(0))
    assert_same(list(kind.from_torch(module)(x, graph()[0], state=h0)), [out, h[0]], [x, h0])


@pytest.mark.parametrize("steps", [None, T])
@pytest.mark.parametrize("peephole", [True, False])
def test_model_one_is_the_reference(steps, peephole):
    (edges, weight), x, state = graph(), signals(), random_states(2, N)
    layer = GraphCNNLSTM(F, C, H, K, peephole=peephole).double()
    nn.init.normal_(layer.cnn.bias)
    L = dense(edges, N, weight)
    weights = layer.cnn.weight, layer.cnn.bias, *lstm_weights(layer.lstm)
    out, final = reference.graph_cnn_lstm(x, L, *weights, state)
    given = (edges, weight) if steps is None else ([edges] * steps, [weight] * steps)
    got, got_final = layer(x, *given, state)
    assert_same([got, *got_final], [out, *final], [x, weight, *state, *layer.parameters()])


def test_flat_model_one_is_the_reference():
    (edges, weight), x, state = graph(), signals(), random_states(2, 2)
    layer = FlatGraphCNNLSTM(F, C, H, K, num_nodes=4).double()
    nn.init.normal_(layer.cnn.bias)
    weights = layer.cnn.weight, layer.cnn.bias, *lstm_weights(layer.lstm)
    out, final = reference.graph_cnn_lstm_flat(x, dense(edges, N, weight), 2, *weights, state=state)
    got, got_final = layer(x, edges, weight, state)
    assert_same([got, *got_final], [out, *final], [x, weight, *state, *layer.parameters()])


def test_flat_model_one_stops_with_each_graph():
    (edges, weight), x = graph(), signals()
    layer = FlatGraphCNNLSTM(F, C, H, K, num_nodes=4).double()
    lengths = torch.tensor([2, T])
    out, state = layer(x, edges, weight, batch=batch_vector(SIZES), lengths=lengths)
    for g, (nodes, own, which) in enumerate(one_by_one(edges, SIZES)):
        alone, last = layer(x[nodes, : lengths[g]], own, weight[which])
        assert_close(out[g, : lengths[g]], alone[0])
        assert not out[g, lengths[g] :].any()
        assert_close([s[g] for s in state], [s[0] for s in last])


def test_flat_model_one_needs_whole_graphs():
    with pytest.raises(ValueError, match="x has 8 nodes, expected a multiple of num_nodes=3"):
        FlatGraphCNNLSTM(F, C, H, K, num_nodes=3)(torch.ones(N, T, F), graph()[0])
    with pytest.raises(ValueError, match="num_nodes is 0, expected at least 1"):
        FlatGraphCNNLSTM(F, C, H, K, num_nodes=0)


def test_numbers_of_weights():
    d, m, n = 3, 5, 7

    def count(module):
        return sum(p.numel() for p in module.parameters())

    assert count(GraphRNN(d, n, K)) == K * (d * n + n * n) + n
    assert count(GraphGRU(d, n, K)) == 3 * K * (d * n + n * n) + 4 * n
    assert count(ChebFilter(d, n, K)) == K * d * n + n
    assert count(GraphCNNLSTM(d, m, n, K)) == K * d * m + m + 4 * n * (m + n) + 7 * n
    assert count(FlatGraphCNNLSTM(d, m, n, K, 6)) == K * d * m + m + 4 * n * (6 * m + n) + 7 * n


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("normalization", ["sym", "rw", None])
def test_filter_is_cheb_conv(bias, normalization):
    (edges, weight), x = graph(), torch.randn(N, F, dtype=torch.float64, requires_grad=True)
    conv = ChebConv(F, H, K, normalization, bias=bias).double()
    layer = ChebFilter.from_cheb_conv(conv)
    bound = torch.tensor(3.0)
    assert_same([layer(x, edges, weight, lambda_max=bound)], [conv(x, edges, weight, lambda_max=bound)], [x, weight])


def test_filter_of_steps_and_signals():
    (edges, weight), x = graph(), signals()
    layer = ChebFilter(F, H, K).double()
    each = torch.stack([layer(x_t, edges, weight) for x_t in x.unbind(1)], dim=1)
    assert_same([layer(x, edges, weight)], [each], [x, weight, *layer.parameters()])
    assert_close(layer(torch.stack([x, -x]), edges, weight)[0], each)
    assert_close(layer(x, [edges] * T, [weight] * T), each)


def test_filter_refuses_other_modules():
    with pytest.raises(TypeError, match=r"conv is a Linear, expected torch_geometric\.nn\.ChebConv"):
        ChebFilter.from_cheb_conv(nn.Linear(2, 2))


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


def test_flat_model_in_both_directions_with_lengths():
    (edges, weight), x = graph(), signals()
    layer = BidirectionalSignals(*(FlatGraphCNNLSTM(F, C, H, K, 4) for _ in range(2))).double()
    lengths = torch.tensor([2, T])
    out, _ = layer(x, edges, weight, batch=batch_vector(SIZES), lengths=lengths)
    for g, (nodes, own, which) in enumerate(one_by_one(edges, SIZES)):
        alone, _ = layer(x[nodes, : lengths[g]], own, weight[which])
        assert_close(out[g, : lengths[g]], alone[0])


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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SignalStack([]), "layers is empty"),
        (lambda: SignalStack([GCRN(F, H, K)], 1.0), "dropout is 1.0, expected 0 <= dropout < 1"),
        (lambda: SignalStack([GCRN(F, H, K)])(torch.ones(N, T, F), graph()[0], state=[]), "state has 0 entries"),
        (lambda: ConvLSTM(0, H, GCNConv), "in_channels is 0"),
        (lambda: GraphCNNLSTM(F, 0, H, K), "cnn_channels is 0"),
        (lambda: GraphCNNLSTM(F, C, H, 0), "K is 0, expected at least 1"),
        (lambda: ConvLSTM(F, H, GCNConv)(torch.ones(N, T, 1), graph()[0]), r"x has shape \[8, 5, 1\], expected"),
        (lambda: ConvLSTM(F, H, GCNConv)(torch.ones(N, T, F), [graph()[0]]), "list 1 and 1 graphs"),
        (
            lambda: ConvLSTM(F, H, GCNConv)(torch.ones(N, T, F), graph()[0], state=(torch.ones(2, H),) * 2),
            r"expected 2 of \[8, 4\]",
        ),
        (
            lambda: BidirectionalSignals(GCRN(F, H, K), GCRN(F, H, K))(
                torch.ones(N, T, F), [graph()[0]] * T, lengths=torch.tensor([2])
            ),
            "lengths is given with a list of graphs",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
