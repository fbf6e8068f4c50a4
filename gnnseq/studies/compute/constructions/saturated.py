"""Recurrences with saturated units, which correct errors: weights for any automaton and any algebra on trees."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gnnseq.data.synthetic.automata import Automaton
from gnnseq.data.synthetic.formulas import Algebra
from gnnseq.layers import DAGNN, GRU, LSTM, RNN
from gnnseq.models import NodeClassifier
from gnnseq.studies.compute.constructions.parts import classifier, put_linear

_STEEP, _OPEN = 20.0, 80.0  # tanh(20) and the logistic function of 80 are 1 in float32


def track(layer: RNN | LSTM, automaton: Automaton) -> NodeClassifier:
    r"""A model whose RNN, GRU or LSTM is in the state of an automaton after every symbol, at any length.

    A unit for each pair of a state q and a symbol s is on where s is read in q (Minsky 1967, tanh for thresholds):

    .. math::
        u_{qs} = \tanh \beta \Big(2 [x = s] + \sum_{\delta(q', s') = q} (u_{q's'} + b) + 2 [q = 0] (1 - b) - 3\Big)

    with the unit b that is on after the first symbol. Units saturate, so errors do not add up. Gates of a GRU or LSTM
    are constant, near 0 or 1.

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
    put_linear(head, weight, weight.sum(1) * on)
    return classifier(built, head, symbols)


def fold(layer: RNN | LSTM, algebra: Algebra) -> NodeClassifier:
    r"""A model whose RNN, GRU, LSTM or DAGNN has the value of every subtree of a binary tree, of any depth.

    Value v has the code :math:`2^v`, so the sum S of two children's codes tells which two they are, in any order. A
    unit for each value is on at the leaves that have it, and for each operator and each possible sum :math:`\sigma` one
    that is on where the operator stands and :math:`S \ge \sigma`. The code of a node is then a sum over its units.
    Units saturate, so errors do not add up.

    Args:
        layer: of one layer in one direction; its class alone matters. An LSTM is the child-sum Tree-LSTM.
        algebra: V values and P operators; V is small, as codes grow.

    Returns:
        Logits of the values at each node; the layer has :math:`V + P V (V + 1) / 2` units.
    """
    V, P = algebra.num_values, len(algebra.tables)
    two = sorted({2**p + 2**q: (p, q) for p in range(V) for q in range(V)}.items())
    sums, pairs = torch.tensor([float(total) for total, _ in two]), [pair for _, pair in two]
    values = torch.tensor([[algebra.tables[o][p][q] for p, q in pairs] for o in range(P)])
    steps = one_hot(values, V).float()  # [P, sums, V]
    steps[:, 1:] -= steps[:, :-1].clone()
    reads = torch.cat([torch.eye(V), steps.flatten(0, 1)])  # [units, V]
    code, units, far = reads @ 2.0 ** torch.arange(V), len(reads), 4.0 * 2**V
    symbol = torch.cat([torch.arange(V), V + torch.arange(P).repeat_interleave(len(pairs))])
    inputs = far * one_hot(symbol, algebra.num_symbols)
    bias = torch.cat([torch.ones(V), code.sum() - sums.repeat(P) + 0.5]) - far
    read = 2.0 if isinstance(layer, DAGNN) else 1.0  # without attention it reads the mean of two children
    hidden = read / 2 * code * (symbol >= V).unsqueeze(1)
    built = type(layer)(algebra.num_symbols, units)
    on = _fill(built, _STEEP * inputs, _STEEP * hidden, _STEEP * bias)
    head = nn.Linear(units, V)
    put_linear(head, reads.t() / 2 / on, reads.sum(0) / 2)
    return classifier(built, head, algebra.num_symbols)


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
