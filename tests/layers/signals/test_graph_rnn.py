"""The graph RNN and GRU against dense references and torch's modules."""

import pytest
import reference
from gradients import assert_same
from signal_graphs import F, H, K, N, dense, graph, num_weights, random_states, signals
from torch import nn

from gnnseq.layers import GraphGRU, GraphRNN


@pytest.mark.parametrize("normalization", ["sym", "rw"])
def test_graph_gru_and_rnn_are_the_references(normalization):
    (edges, weight), x = graph(), signals()
    (h0,) = random_states(1, N)
    L = dense(edges, N, weight, normalization)
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


def test_numbers_of_weights():
    d, n = 3, 7
    assert num_weights(GraphRNN(d, n, K)) == K * (d * n + n * n) + n
    assert num_weights(GraphGRU(d, n, K)) == 3 * K * (d * n + n * n) + 4 * n
