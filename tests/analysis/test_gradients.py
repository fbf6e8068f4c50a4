import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gnnseq.analysis import RNNWeights, lstm_gradients, lstm_parameters, rnn_gradients, rnn_jacobian, rnn_states
from gnnseq.layers import LSTM

EXACT = {"rtol": 1e-12, "atol": 1e-12}


def weights(d=3, n=5, k=4):
    shapes = ((n, d), (n, n), (n,), (k, n), (k,))
    return RNNWeights(*(torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes))


def test_states_are_torch_s():
    given = weights()
    rnn = nn.RNN(3, 5, batch_first=True).double()
    values = (given.W_hx, given.W_hh, given.b_h, torch.zeros(5))
    for parameter, value in zip(rnn.parameters(), values, strict=True):
        parameter.data = value.detach().double()
    x = torch.randn(2, 6, 3).double()
    assert_close(rnn_states(x, given).transpose(0, 1), rnn(x)[0])


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_rnn_gradients_are_autograd_s(steps):
    given, x, y = weights(), torch.randn(7, steps, 3).double(), torch.randint(0, 4, (7,))
    states = rnn_states(x, given)
    loss = nn.functional.cross_entropy(states[-1] @ given.W_ph.t() + given.b_p, y)
    expected = torch.autograd.grad(loss, given)
    found = rnn_gradients(x, y, given)
    for one, other in zip(found.weights, expected, strict=True):
        assert_close(one, other, **EXACT)
    assert_close(found.W_hh_by_step.sum(0), expected[1], **EXACT)


def test_each_step_has_its_share():
    given, x, y = weights(), torch.randn(4, 6, 3).double(), torch.randint(0, 4, (4,))
    copies = [given.W_hh.detach().clone().requires_grad_() for _ in range(6)]
    h, states = torch.zeros(4, 5).double(), []
    for x_t, W_hh in zip(x.unbind(1), copies, strict=True):
        h = torch.tanh(x_t @ given.W_hx.t() + h @ W_hh.t() + given.b_h)
        states.append(h)
    loss = nn.functional.cross_entropy(h @ given.W_ph.t() + given.b_p, y)
    expected = torch.autograd.grad(loss, [*copies, *states])
    found = rnn_gradients(x, y, given)
    assert_close(found.W_hh_by_step, torch.stack(expected[:6]), **EXACT)
    assert_close(found.hidden, torch.stack(expected[6:]), **EXACT)
    assert not found.W_hh_by_step[0].any()  # the first step reads no state


def test_jacobian_of_the_recurrence():
    given, x = weights(), torch.randn(1, 7, 3).double()
    states = rnn_states(x, given)[:, 0].detach()
    found = rnn_jacobian(states, given.W_hh.detach())

    def last(h):
        for x_t in x[0, 3:]:
            h = torch.tanh(given.W_hx @ x_t + given.W_hh @ h + given.b_h)
        return h

    assert_close(found[2], torch.autograd.functional.jacobian(last, states[2]), **EXACT)
    assert torch.equal(found[-1], torch.eye(5).double())


def test_lstm_gradients_are_autograd_s():
    lstm = nn.LSTM(3, 5, batch_first=True).double()
    x, grad = torch.randn(4, 8, 3).double(), torch.randn(4, 5).double()
    W, U, b, _ = lstm.parameters()
    nn.init.zeros_(lstm.bias_hh_l0)
    expected = torch.autograd.grad(lstm(x)[0][:, -1], (W, U, b), grad)
    found = lstm_gradients(x, grad, *(p.detach() for p in (W, U, b)))
    for one, other in zip((found.W, found.U, found.b), expected, strict=True):
        assert_close(one, other, **EXACT)
    assert torch.equal(found.h[-1], grad)


def test_lstm_states_gradients():
    cell = nn.LSTMCell(3, 5).double()
    nn.init.zeros_(cell.bias_hh)
    x, grad = torch.randn(4, 6, 3).double(), torch.randn(4, 5).double()
    states, state = [], (torch.zeros(4, 5).double(), torch.zeros(4, 5).double())
    for x_t in x.unbind(1):
        state = cell(x_t, state)
        states.append(state)
    expected = torch.autograd.grad(state[0], [t for pair in states for t in pair], grad)
    found = lstm_gradients(x, grad, cell.weight_ih.detach(), cell.weight_hh.detach(), cell.bias_ih.detach())
    assert_close(found.h, torch.stack(expected[::2]), **EXACT)
    assert_close(found.c, torch.stack(expected[1::2]), **EXACT)


@pytest.mark.parametrize(("d", "n"), [(1, 1), (10, 128), (7, 3)])
def test_lstm_parameters(d, n):
    assert lstm_parameters(d, n) == sum(p.numel() for p in LSTM(d, n).parameters())
    assert lstm_parameters(d, n) + 4 * n == sum(p.numel() for p in nn.LSTM(d, n).parameters())
