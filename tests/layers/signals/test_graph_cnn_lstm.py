"""Model 1 of Seo et al. against dense references, with a state per node and per graph."""

import pytest
import reference
import torch
from dags import batch_vector, one_by_one
from gradients import assert_same
from signal_graphs import SIZES, C, F, H, K, N, T, dense, graph, num_weights, random_states, signals
from torch import nn
from torch.testing import assert_close

from gnnseq.layers import BidirectionalSignals, FlatGraphCNNLSTM, GraphCNNLSTM


def lstm_weights(lstm):
    return lstm.weight_x[0].t(), lstm.weight_h[0].t(), lstm.peephole, lstm.bias


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
    with pytest.raises(ValueError, match=r"batch is \[0, 0, .*\], expected graphs of num_nodes=4 nodes each"):
        FlatGraphCNNLSTM(F, C, H, K, num_nodes=4)(torch.ones(N, T, F), graph()[0], batch=torch.arange(N) // 2 // 3)
    with pytest.raises(ValueError, match="num_nodes is 0, expected at least 1"):
        FlatGraphCNNLSTM(F, C, H, K, num_nodes=0)


def test_flat_model_in_both_directions_with_lengths():
    (edges, weight), x = graph(), signals()
    layer = BidirectionalSignals(*(FlatGraphCNNLSTM(F, C, H, K, 4) for _ in range(2))).double()
    lengths = torch.tensor([2, T])
    out, _ = layer(x, edges, weight, batch=batch_vector(SIZES), lengths=lengths)
    for g, (nodes, own, which) in enumerate(one_by_one(edges, SIZES)):
        alone, _ = layer(x[nodes, : lengths[g]], own, weight[which])
        assert_close(out[g, : lengths[g]], alone[0])


def test_numbers_of_weights():
    d, m, n = 3, 5, 7
    assert num_weights(GraphCNNLSTM(d, m, n, K)) == K * d * m + m + 4 * n * (m + n) + 7 * n
    assert num_weights(FlatGraphCNNLSTM(d, m, n, K, 6)) == K * d * m + m + 4 * n * (6 * m + n) + 7 * n


@pytest.mark.parametrize(
    ("sizes", "message"),
    [({"cnn_channels": 0}, "cnn_channels is 0, expected at least 1"), ({"K": 0}, "K is 0, expected at least 1")],
)
def test_bad_sizes(sizes, message):
    with pytest.raises(ValueError, match=message):
        GraphCNNLSTM(**{"in_channels": F, "cnn_channels": C, "out_channels": H, "K": K, **sizes})
