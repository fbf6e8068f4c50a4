"""Initialisations that determine how long a recurrence keeps information."""

from collections.abc import Iterator
from typing import TypeVar

import torch
from torch import Tensor, nn

from gnnseq.layers.cells import Cell, GRUCell, RNNCell
from gnnseq.layers.linear.min_rnns import MinGRUCell, MinLSTMCell
from gnnseq.layers.signals.graph_recurrent import GraphRecurrent
from gnnseq.layers.signals.graph_rnn import GraphGRU
from gnnseq.layers.tree_lstm import NaryCell

Recurrence = Cell | NaryCell | GraphRecurrent
Layer = TypeVar("Layer")


def _recurrences(module: nn.Module) -> list[Recurrence]:
    return _found(module, [m for m in module.modules() if isinstance(m, Recurrence)])


def _found(module: nn.Module, layers: list[Layer]) -> list[Layer]:
    if not layers:
        raise ValueError(f"module is a {type(module).__name__} without a recurrent layer, expected at least one")
    return layers


def _gates(layer: Recurrence | MinGRUCell) -> int:
    return layer.weight_ih.size(0) // layer.out_channels if isinstance(layer, NaryCell) else layer.gates


@torch.no_grad()
def chrono_(module: nn.Module, max_steps: int) -> nn.Module:
    r"""Sets the gates' biases so that memories last up to ``max_steps`` steps, at random times in between.

    .. math:: b_f \sim \log U(1, T_{max} - 1), \qquad b_i = -b_f

    (Tallec and Ollivier 2018, https://arxiv.org/abs/1804.11188). A GRU gets the same on its update gate; the biases
    of all other gates become zero. Of a `MinGRU` and `MinLSTM` the gates are set so too. Every recurrent layer inside
    the module is set, so a whole model may be given.

    Args:
        module: an `LSTM`, `GRU`, Tree-LSTM, `GCRN`, `MinGRU` or `MinLSTM`, or a model that holds some.
        max_steps: longest memory in steps, at least 3.

    Returns:
        The module.

    Raises:
        ValueError: for a layer without gates or without biases, or ``max_steps`` under 3.
    """
    if max_steps < 3:
        raise ValueError(f"max_steps is {max_steps}, expected at least 3")
    for layer in _found(module, [m for m in module.modules() if isinstance(m, Recurrence | MinGRUCell)]):
        if layer.bias is None or _gates(layer) == 1:
            raise ValueError(f"{layer} has no gates with biases, expected an LSTM, GRU, Tree-LSTM or GCRN")
        H = layer.out_channels
        memory = torch.empty(H, dtype=layer.bias.dtype).uniform_(1.0, max_steps - 1.0).log_().to(layer.bias.device)
        layer.bias.zero_()
        if _gates(layer) > 2:
            layer.bias[H : 2 * H] = memory  # the LSTM's forget gate, the GRU's update gate
        if _gates(layer) in (2, 4) or isinstance(layer, MinLSTMCell):
            layer.bias[:H] = -memory
        elif isinstance(layer, GRUCell | GraphGRU) and layer.bias_hn is not None:
            layer.bias_hn.zero_()
    return module


@torch.no_grad()
def orthogonal_(module: nn.Module, gain: float = 1.0, input_scale: float = 1.0) -> nn.Module:
    """Makes every block of the recurrent weights orthogonal, so that a linear recurrence keeps the norm of its state.

    (Saxe et al. 2014, https://arxiv.org/abs/1312.6120.) Of a graph filter only the term of a node itself is set so,
    and the others are zeroed; of an N-ary Tree-LSTM every block is. With tanh the norm is kept only while states are
    small. T inputs add up to a state of about sqrt(T) times the size of one, and a bias adds up too: long sequences
    need small inputs and biases.

    Args:
        module: a recurrent layer, or a model that holds some.
        gain: factor on the orthogonal matrices.
        input_scale: factor on the weights of the inputs and on the biases, as they are.

    Returns:
        The module.

    Raises:
        ValueError: for a module without a recurrent layer, or an ``input_scale`` that is not positive.
    """
    if not input_scale > 0:
        raise ValueError(f"input_scale is {input_scale}, expected a positive number")
    for layer in _recurrences(module):
        for block in _hidden_blocks(layer):
            nn.init.orthogonal_(block, gain)
        (layer.weight_x if isinstance(layer, GraphRecurrent) else layer.weight_ih).mul_(input_scale)
        if layer.bias is not None:
            layer.bias.mul_(input_scale)
    return module


@torch.no_grad()
def identity_(module: nn.Module, scale: float = 1.0) -> nn.Module:
    """Makes the recurrent weights of every vanilla RNN a multiple of the identity, and its bias zero.

    (Le et al. 2015, https://arxiv.org/abs/1504.00941.) The state then starts as a sum of the past.

    Args:
        module: an `RNN`, or a model that holds one.
        scale: factor on the identity.

    Returns:
        The module.
    """
    for layer in _recurrences(module):
        if not isinstance(layer, RNNCell):
            raise ValueError(f"{layer} has gates, expected a vanilla RNN")
        nn.init.eye_(layer.weight_hh).mul_(scale)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return module


def _hidden_blocks(layer: Recurrence) -> Iterator[Tensor]:
    """Views of the square blocks ``[H, H]`` of the recurrent weights."""
    H = layer.out_channels
    if isinstance(layer, NaryCell):
        yield from layer.weight_igo.reshape(-1, H, H).unbind()
        yield from layer.weight_f.view(-1, H, H).unbind()
    elif isinstance(layer, GraphRecurrent):
        nn.init.zeros_(layer.weight_h[1:])
        yield from layer.weight_h[0].split(H, dim=1)
    else:
        yield from layer.weight_hh.split(H)
