"""One Chebyshev filter against PyG's."""

import pytest
import torch
from gradients import assert_same
from signal_graphs import F, H, K, N, T, graph, num_weights, signals
from torch import nn
from torch.testing import assert_close
from torch_geometric.nn import ChebConv

from gnnseq.layers import ChebFilter


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


def test_number_of_weights():
    assert num_weights(ChebFilter(3, 7, K)) == K * 3 * 7 + 7
    assert num_weights(ChebFilter(3, 7, K, bias=False)) == K * 3 * 7
