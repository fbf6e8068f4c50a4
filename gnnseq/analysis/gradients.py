"""Gradients of the vanilla RNN and the LSTM in closed form, as plain functions beside automatic differentiation."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import one_hot


class RNNWeights(NamedTuple):
    """Weights of a vanilla RNN with a linear read-out: W_hx ``[n, d]``, W_hh ``[n, n]``, b_h, W_ph ``[k, n]``, b_p."""

    W_hx: Tensor
    W_hh: Tensor
    b_h: Tensor
    W_ph: Tensor
    b_p: Tensor


class RNNGradients(NamedTuple):
    """Gradients of the mean loss of a batch.

    Attributes:
        weights: one for each weight, in the shapes of `RNNWeights`.
        W_hh_by_step: the share of each step in that of W_hh ``[T, n, n]``; they add up to it.
        hidden: of each hidden state ``[T, B, n]``.
    """

    weights: RNNWeights
    W_hh_by_step: Tensor
    hidden: Tensor


def rnn_states(x: Tensor, weights: RNNWeights) -> Tensor:
    r"""States :math:`h^{(t)} = \tanh(W_{hx} x^{(t)} + W_{hh} h^{(t-1)} + b_h)`, ``[B, T, d]`` to ``[T, B, n]``."""
    h = x.new_zeros(x.size(0), weights.W_hh.size(0))
    states = []
    for x_t in x.unbind(1):
        h = torch.tanh(x_t @ weights.W_hx.t() + h @ weights.W_hh.t() + weights.b_h)
        states.append(h)
    return torch.stack(states)


def rnn_gradients(x: Tensor, y: Tensor, weights: RNNWeights) -> RNNGradients:
    r"""The gradients of the cross-entropy at the last step, in closed form.

    With :math:`p = W_{ph} h^{(T)} + b_p` and :math:`\hat y = \mathrm{softmax}(p)`,

    .. math::
        \partial L / \partial W_{ph} &= (\hat y - y)\, h^{(T)\,\top} \\
        g^{(t)} = \partial L / \partial h^{(t)}
            &= \Big[ \textstyle\prod_{k=t+1}^{T} W_{hh}^\top D_k \Big] W_{ph}^\top (\hat y - y),
            \qquad D_k = \mathrm{diag}(1 - (h^{(k)})^2) \\
        \partial L / \partial W_{hh} &= \textstyle\sum_{t=1}^{T} D_t\, g^{(t)}\, h^{(t-1)\,\top}

    W_ph depends on the last step only; W_hh on every earlier step, through a product that grows with the distance
    and can vanish or explode.

    Args:
        x: inputs ``[B, T, d]``.
        y: classes ``[B]``.
        weights: of the network.
    """
    states = rnn_states(x, weights)
    before = torch.cat([torch.zeros_like(states[:1]), states[:-1]])
    scores = states[-1] @ weights.W_ph.t() + weights.b_p
    error = (scores.softmax(-1) - one_hot(y, scores.size(-1))) / len(y)
    grad, hidden, slopes = error @ weights.W_ph, [], []
    for h in states.flip(0).unbind(0):
        hidden.append(grad)
        slopes.append(grad * (1 - h.square()))
        grad = slopes[-1] @ weights.W_hh
    slope = torch.stack(slopes).flip(0)  # [T, B, n], of the argument of each tanh
    by_step = slope.transpose(1, 2) @ before
    found = RNNWeights(
        torch.einsum("tbn,btd->nd", slope, x),
        by_step.sum(0),
        slope.sum((0, 1)),
        error.t() @ states[-1],
        error.sum(0),
    )
    return RNNGradients(found, by_step, torch.stack(hidden).flip(0))


def rnn_jacobian(states: Tensor, W_hh: Tensor) -> Tensor:
    r"""How each state moves the last, :math:`\partial h^{(T)} / \partial h^{(t)} = \prod_{k=T}^{t+1} D_k W_{hh}`.

    Args:
        states: of one sequence ``[T, n]``.
        W_hh: ``[n, n]``.

    Returns:
        ``[T, n, n]``; the last is the identity.
    """
    product = torch.eye(W_hh.size(0), dtype=W_hh.dtype)
    products = [product]
    for h in states[1:].flip(0).unbind(0):
        product = product @ ((1 - h.square()).unsqueeze(1) * W_hh)
        products.append(product)
    return torch.stack(products).flip(0)


def lstm_parameters(in_channels: int, out_channels: int) -> int:
    """Weights of an LSTM cell, 4nd + 4n² + 4n for d inputs and n outputs (torch keeps a second bias, 4n more)."""
    d, n = in_channels, out_channels
    return 4 * n * d + 4 * n * n + 4 * n


class LSTMGradients(NamedTuple):
    """Gradients with respect to W ``[4n, d]``, U ``[4n, n]``, b ``[4n]``, and each state h and c ``[T, B, n]``."""

    W: Tensor
    U: Tensor
    b: Tensor
    h: Tensor
    c: Tensor


def lstm_gradients(x: Tensor, grad: Tensor, W: Tensor, U: Tensor, b: Tensor) -> LSTMGradients:
    r"""Gradients of an LSTM in closed form, given that of a loss with respect to the last output.

    With gates :math:`i, f, g, o` in this order, :math:`c_t = f \odot c_{t-1} + i \odot g` and
    :math:`h_t = o \odot \tanh c_t`, the cell state passes gradients on only through the forget gate:

    .. math::
        \frac{\partial L}{\partial c_t} = \frac{\partial L}{\partial h_t} \odot o_t \odot (1 - \tanh^2 c_t)
            + f_{t+1} \odot \frac{\partial L}{\partial c_{t+1}}

    Args:
        x: inputs ``[B, T, d]``.
        grad: gradient of the last output ``[B, n]``.
        W: input weights ``[4n, d]``.
        U: recurrent weights ``[4n, n]``.
        b: biases ``[4n]``.
    """
    h = c = x.new_zeros(x.size(0), U.size(1))
    tape = []
    for x_t in x.unbind(1):
        i, f, g, o = (x_t @ W.t() + h @ U.t() + b).chunk(4, dim=-1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        new = f * c + i * g
        tape.append((x_t, h, c, new, i, f, g, o))
        h, c = o * new.tanh(), new
    on_W, on_U, on_b = torch.zeros_like(W), torch.zeros_like(U), torch.zeros_like(b)
    dh, dc, hidden, cell = grad, torch.zeros_like(grad), [], []
    for x_t, h, c, new, i, f, g, o in reversed(tape):
        squashed = new.tanh()
        dc = dc + dh * o * (1 - squashed.square())
        hidden.append(dh)
        cell.append(dc)
        parts = [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g.square()), dh * squashed * o * (1 - o)]
        dz = torch.cat(parts, dim=-1)
        on_W, on_U, on_b = on_W + dz.t() @ x_t, on_U + dz.t() @ h, on_b + dz.sum(0)
        dh, dc = dz @ U, dc * f
    return LSTMGradients(on_W, on_U, on_b, torch.stack(hidden).flip(0), torch.stack(cell).flip(0))
