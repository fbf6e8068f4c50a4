"""What every recurrence over signals inherits, seen through a cell that is easy to do by hand."""

import pytest
import reference
import torch
from dags import batch_vector
from gradients import assert_same
from signal_graphs import SIZES, F, H, K, N, T, dense, graph, num_weights, random_states, signals
from torch import nn
from torch.testing import assert_close

from gnnseq.layers import GCRN
from gnnseq.layers.signals.graph_recurrent import GraphRecurrent


class Sum(GraphRecurrent):
    """h_t = the filtered input plus the filtered state, without any gate."""

    gates = 1
    num_states = 1
    torch_type = nn.RNN

    def step(self, x, operator, states):
        return (x + self.filter_hidden(operator, states[0]),)


def make(**options):
    layer = Sum(F, H, K, **options).double()
    layer.reset_parameters()
    return layer


def by_hand(layer, x, L, h):
    """The recurrence with dense polynomials of L."""
    outs = []
    for x_t in x.unbind(1):
        h = reference.cheb_filter(L, x_t, layer.weight_x) + reference.cheb_filter(L, h, layer.weight_h)
        h = h if layer.bias is None else h + layer.bias
        outs.append(h)
    return torch.stack(outs, dim=1), h


@pytest.mark.parametrize("bias", [True, False])
def test_a_subclass_needs_only_its_step(bias):
    (edges, weight), x, (h0,) = graph(), signals(), random_states(1, N)
    layer = make(bias=bias)
    L = dense(edges, N, weight)
    got, (last,) = layer.forward_signals(x, edges, weight, (h0,))
    assert_same([got, last], list(by_hand(layer, x, L, h0)), [x, weight, h0, *layer.parameters()])


def test_ended_sequences_keep_their_state_and_give_zeros():
    (edges, weight), x, layer = graph(), signals(), make()
    out, (last,) = layer.forward_signals(x, edges, weight, batch=batch_vector(SIZES), lengths=torch.tensor([2, T]))
    whole, _ = layer.forward_signals(x, edges, weight)
    assert_close(out[:4, :2], whole[:4, :2])
    assert not out[:4, 2:].any()
    assert_close(last, torch.cat([whole[:4, 1], whole[4:, -1]]))
    assert_close(out[4:], whole[4:])


def test_weights_are_drawn_within_torch_s_bound():
    torch.manual_seed(0)
    layer = make()
    bound = (K * H) ** -0.5
    values = torch.cat([weight.detach().flatten() for weight in layer.parameters()])
    assert num_weights(layer) == len(values) == K * (F * H + H * H) + H
    assert 0.8 * bound < values.abs().max() <= bound
    before = layer.weight_x.clone()
    layer.reset_parameters()
    assert not torch.equal(before, layer.weight_x)


def test_every_recurrence_needs_a_step():
    class Without(Sum):
        step = GraphRecurrent.step

    with pytest.raises(NotImplementedError):
        Without(F, H, K).double().forward_signals(signals(), graph()[0])


def test_arguments_are_printed():
    assert repr(GCRN(F, H, K, "rw")) == "GCRN(3, 4, K=3, normalization=rw)"


def test_rounds_of_one_s_own_keep_the_dtype_rule():
    layer, edges = GCRN(F, H, K), torch.tensor([[0, 1], [1, 0]])
    with pytest.raises(ValueError, match=r"x has dtype torch.int64, expected torch.float32 as the layer"):
        layer.project(layer.operator(edges, 2), torch.ones(2, 1, F, dtype=torch.long))
