"""Signals that spread over a random geometric graph, by one of several rules; the best possible error is known."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.signals.series import Signals, standardised

Rule = Literal["symmetric", "mean", "signed", "saturating"]
_BEFORE = 100  # steps that are left out, so that the start does not count


def spreading_signals(
    num_nodes: int = 40, num_steps: int = 800, seed: int = 0, strength: float = 0.95, rule: Rule = "symmetric"
) -> Signals:
    r"""Signals that spread over a random geometric graph, where the graph matters by construction.

    .. math:: x_{t+1} = f(x_t) + \epsilon_t, \qquad \epsilon_t \sim N(0, 1)

    with A the adjacency matrix, D its degrees, and by ``rule``

    - "symmetric": :math:`f(x) = \rho D^{-1/2} A D^{-1/2} x`, an operator that many graph layers have built in;
    - "mean": :math:`f(x) = \rho D^{-1} A x`;
    - "signed": :math:`f(x) = W x`, where every direction of an edge has a separate weight from N(0, 1), scaled to the
      spectral radius :math:`\rho`; no filter that all edges share is right;
    - "saturating": :math:`f(x) = 2 \rho \tanh(D^{-1} A x)`.

    A node's next value depends on its neighbours only: its own past has an effect only through them. The
    best forecast uses f itself; its error is the noise.

    Args:
        num_nodes: nodes, placed at random in the unit square; each is joined to its four nearest.
        num_steps: steps T.
        seed: of the graph and the noise.
        strength: the factor ρ, below 1 so that signals stay bounded.
        rule: what spreads.

    Raises:
        ValueError: for fewer than six nodes, a strength outside (0, 1), or another rule.
    """
    x, adjacency, _ = _simulated(num_nodes, num_steps, seed, strength, rule)
    return standardised(x, adjacency, [f"node {v}" for v in range(num_nodes)], noise=1.0)


def spreading_noise(
    num_nodes: int = 40, num_steps: int = 800, seed: int = 0, strength: float = 0.95, rule: Rule = "symmetric"
) -> Tensor:
    """What the true rule errs by at every step and node ``[T, N]`` of `spreading_signals`, in z-scores."""
    units = spreading_signals(num_nodes, num_steps, seed, strength, rule).units
    assert units is not None
    return _simulated(num_nodes, num_steps, seed, strength, rule)[2] / units[1]


def _simulated(nodes: int, steps: int, seed: int, strength: float, rule: Rule) -> tuple[Tensor, Tensor, Tensor]:
    """Values ``[T, N]``, adjacency ``[N, N]`` and noise ``[T, N]``."""
    if nodes < 6:
        raise ValueError(f"num_nodes is {nodes}, expected at least 6")
    if not 0.0 < strength < 1.0:
        raise ValueError(f"strength is {strength}, expected 0 < strength < 1")
    if rule not in get_args(Rule):
        raise ValueError(f"rule is {rule!r}, expected one of {', '.join(get_args(Rule))}")
    generator = np.random.default_rng(seed)  # torch's normal numbers depend on the processor
    place = torch.from_numpy(generator.random((nodes, 2)))
    nearest = torch.cdist(place, place).fill_diagonal_(torch.inf).topk(4, largest=False).indices
    adjacency = torch.zeros(nodes, nodes, dtype=torch.float64).scatter_(1, nearest, 1.0)
    adjacency = torch.maximum(adjacency, adjacency.t())
    noise = torch.from_numpy(generator.standard_normal((steps + _BEFORE, nodes)))
    spread = _rule(rule, adjacency, strength, generator)
    x = torch.zeros(nodes, dtype=torch.float64)
    found = []
    for drawn in noise:
        x = spread(x) + drawn
        found.append(x)
    return torch.stack(found[_BEFORE:]), adjacency, noise[_BEFORE:]


def _rule(rule: Rule, adjacency: Tensor, strength: float, generator: np.random.Generator) -> Callable[[Tensor], Tensor]:
    degree = adjacency.sum(1)
    if rule == "symmetric":
        scale = degree.rsqrt()
        matrix = strength * scale.unsqueeze(1) * adjacency * scale
    elif rule == "signed":
        weights = adjacency * torch.from_numpy(generator.standard_normal(tuple(adjacency.shape)))
        matrix = strength * weights / torch.linalg.eigvals(weights).abs().max()
    else:
        matrix = adjacency / degree.unsqueeze(1)
        if rule == "saturating":
            return lambda x: 2 * strength * torch.tanh(matrix @ x)
        matrix = strength * matrix
    return lambda x: matrix @ x
