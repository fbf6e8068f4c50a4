"""Weights that track a finite automaton exactly, written down and not trained."""

from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.data.synthetic.automata import Automaton, flip_flop, modular
from gnnseq.layers import GRU, LSTM, RNN, DeltaNet, GatedLinearAttention, MinGRU, MinLSTM
from gnnseq.models import EdgeEncoder, NodeClassifier, SymbolEmbedding

_STEEP, _OPEN = 20.0, 80.0  # tanh(20) and the logistic function of 80 are 1 in float32


def track(layer: RNN | LSTM, automaton: Automaton) -> NodeClassifier:
    r"""A model whose RNN, GRU or LSTM is in the state of an automaton after every symbol, at any length.

    A unit for each pair of a state q and a symbol s is on where s is read in q (Minsky 1967, tanh for thresholds):

    .. math::
        u_{qs} = \tanh \beta \Big(2 [x = s] + \sum_{\delta(q', s') = q} (u_{q's'} + b) + 2 [q = 0] (1 - b) - 3\Big)

    with the unit b that is on after the first symbol. Units saturate, so errors do not add up. Gates of a GRU or LSTM
    stay open or shut.

    Args:
        layer: of one layer in one direction; its class alone matters.
        automaton: with Q states and S symbols.

    Returns:
        Logits of the states at each symbol; the layer has Q S + 1 units, less pairs that cannot be.
    """
    pairs = (torch.from_numpy(automaton.table) >= 0).nonzero()
    state, symbol = pairs.unbind(1)
    after = torch.from_numpy(automaton.table)[state, symbol]
    units, symbols = len(pairs), automaton.num_symbols
    built = type(layer)(symbols, units + 1)
    inputs, hidden = torch.zeros(units + 1, symbols), torch.zeros(units + 1, units + 1)
    inputs[torch.arange(units), symbol] = 2.0
    hidden[:units, :units] = (after == state.unsqueeze(1)).float()
    hidden[:units, units] = hidden[:units, :units].sum(1) - 2.0 * (state == 0)
    bias = torch.cat([2.0 * (state == 0) - 3.0, torch.ones(1)])
    on = _fill(built, _STEEP * inputs, _STEEP * hidden, _STEEP * bias)
    head = nn.Linear(units + 1, automaton.num_states)
    weight = torch.zeros(automaton.num_states, units + 1)
    weight[after, torch.arange(units)] = 1.0 / on
    _set(head.weight, weight)
    _set(head.bias, weight.sum(1) * on)
    return _model(built, head, symbols)


@torch.no_grad()
def _fill(layer: RNN | LSTM, inputs: Tensor, hidden: Tensor, bias: Tensor) -> float:
    """Writes tanh(inputs + hidden u + bias) into a layer, and gives what a unit that is on says."""
    cell: Any = layer.cells[0]
    H, on = len(bias), 1.0
    gates: list[float | None] = [None]
    if isinstance(layer, LSTM):
        on, gates = float(torch.ones(()).tanh()), [_OPEN, -_OPEN, None, _OPEN]  # i, f, g, o
    elif isinstance(layer, GRU):
        gates = [_OPEN, -_OPEN, None]  # r, z, n
    for weight in cell.parameters():
        weight.zero_()
    for number, gate in enumerate(gates):
        rows = slice(number * H, (number + 1) * H)
        if gate is not None:
            cell.bias[rows] = gate
            continue
        cell.weight_ih[rows], cell.weight_hh[rows], cell.bias[rows] = inputs, hidden / on, bias
    return on


def toggle(layer: MinGRU | DeltaNet) -> NodeClassifier:
    """Parity: a signed `MinGRU` or `DeltaNet` whose one number becomes 1 less itself at each one, and stays at zeros.

    Its gate is -1 at ones (Grazzi et al. 2024, https://arxiv.org/abs/2411.12537). Ones and zeros are whole numbers, so
    nothing drifts.

    Raises:
        ValueError: for a layer without signed gates.
    """
    if not layer.signed:
        raise ValueError("layer has signed=False, expected signed=True: gates that are never negative know no parity")
    if isinstance(layer, DeltaNet):
        built: nn.Module = DeltaNet(2, 1, heads=1, signed=True)
        rows = [[9.0, 9.0], [9.0, 9.0], [0.0, 0.5], [9.0, 9.0], [-_OPEN, _OPEN]]  # q, k, v, the output gate, beta
    else:
        built = type(layer)(2, 1, signed=True)
        rows = [*_gates(layer, [-_OPEN, _OPEN]), [0.0, 1.0]]
    return _of_symbols(built, rows, modular(2))


def latch(layer: MinGRU | GatedLinearAttention) -> NodeClassifier:
    """The flip-flop: a `MinGRU` or `GatedLinearAttention` that takes what is written and keeps it where nothing is."""
    if isinstance(layer, GatedLinearAttention):
        built: nn.Module = GatedLinearAttention(3, 1, heads=1)
        rows = [[9.0] * 3, [0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [9.0] * 3, [1e4, -1e4, -1e4]]  # q, k, v, gate, decay
    else:
        built = type(layer)(3, 1)
        rows = [*_gates(layer, [-_OPEN, _OPEN, _OPEN]), [0.0, 0.0, 1.0]]
    return _of_symbols(built, rows, flip_flop())


def _gates(layer: MinGRU, write: list[float]) -> list[list[float]]:
    """The gates before the candidate: z of a MinGRU, i and f of a MinLSTM."""
    return [write, [-value for value in write]] if isinstance(layer, MinLSTM) else [write]


@torch.no_grad()
def _of_symbols(layer: nn.Module, rows: list[list[float]], automaton: Automaton) -> NodeClassifier:
    """A model of one unit whose projections are given for each symbol, and whose output is positive in state 1."""
    (cell,) = layer.cells  # type: ignore[misc]
    _set(cell.weight_ih, torch.tensor(rows))
    _set(cell.bias, torch.zeros(len(rows)))
    if hasattr(cell, "weight_out"):
        _set(cell.weight_out, torch.ones(1, 1))
    head = nn.Linear(1, 2)
    _set(head.weight, torch.tensor([[-1.0], [1.0]]))
    _set(head.bias, torch.tensor([0.25, -0.25]))
    return _model(layer, head, automaton.num_symbols)


def _model(layer: nn.Module, head: nn.Linear, symbols: int) -> NodeClassifier:
    embedding = SymbolEmbedding(symbols, symbols)
    _set(embedding.weight, torch.eye(symbols + 1, symbols))
    return NodeClassifier(embedding, EdgeEncoder(layer), head)


@torch.no_grad()
def _set(goal: Tensor, values: Tensor) -> None:
    goal.copy_(values)
