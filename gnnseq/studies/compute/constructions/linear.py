"""Linear recurrences with gates of 0, 1 and -1, which do not drift."""

import torch
from torch import nn

from gnnseq.data.synthetic.automata import Automaton, flip_flop, modular
from gnnseq.layers import DeltaNet, GatedLinearAttention, MinGRU, MinLSTM
from gnnseq.models import NodeClassifier
from gnnseq.studies.compute.constructions.parts import classifier, put, put_linear

_OPEN = 80.0  # the logistic function of 80 is 1 in float32


def toggle(layer: MinGRU | DeltaNet) -> NodeClassifier:
    """Parity: a signed `MinGRU` or `DeltaNet` with one number h, which becomes 1 - h at a one and stays at a zero.

    Its gate is -1 at ones (Grazzi et al. 2024, https://arxiv.org/abs/2411.12537). All states are integers, so rounding
    errors do not occur.

    Raises:
        ValueError: for a layer without signed gates.
    """
    if not layer.signed:
        raise ValueError(
            "layer has signed=False, expected signed=True: gates that are never negative cannot compute parity"
        )
    if isinstance(layer, DeltaNet):
        built: nn.Module = DeltaNet(2, 1, heads=1, signed=True)
        rows = [[9.0, 9.0], [9.0, 9.0], [0.0, 0.5], [9.0, 9.0], [-_OPEN, _OPEN]]  # q, k, v, the output gate, beta
    else:
        built = type(layer)(2, 1, signed=True)
        rows = [*_gates(layer, [-_OPEN, _OPEN]), [0.0, 1.0]]
    return _of_symbols(built, rows, modular(2))


def latch(layer: MinGRU | GatedLinearAttention | DeltaNet) -> NodeClassifier:
    """The flip-flop: a linear recurrence that stores the last written bit."""
    if isinstance(layer, GatedLinearAttention):
        built: nn.Module = GatedLinearAttention(3, 1, heads=1)
        rows = [[9.0] * 3, [0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [9.0] * 3, [1e4, -1e4, -1e4]]  # q, k, v, gate, decay
    elif isinstance(layer, DeltaNet):
        built, write = DeltaNet(3, 1, heads=1, signed=layer.signed), 0.0 if layer.signed else _OPEN
        rows = [[9.0] * 3, [9.0] * 3, [0.0, 0.0, 1.0], [9.0] * 3, [-_OPEN, write, write]]  # q, k, v, gate, beta
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
    put(cell.weight_ih, torch.tensor(rows))
    put(cell.bias, torch.zeros(len(rows)))
    if hasattr(cell, "weight_out"):
        put(cell.weight_out, torch.ones(1, 1))
    head = nn.Linear(1, 2)
    put_linear(head, torch.tensor([[-1.0], [1.0]]), torch.tensor([0.25, -0.25]))
    return classifier(layer, head, automaton.num_symbols)
