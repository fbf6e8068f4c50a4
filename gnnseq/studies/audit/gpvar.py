"""GP-VAR: signals made by a polynomial of a graph, with known best possible error."""

import math

import torch
from torch import Tensor

from gnnseq.data.signals.series import Signals

SIGMA = 0.4  # of the noise
WEIGHTS = ((5.0, 2.0), (-4.0, 6.0), (-1.0, 0.0))  # of hop 0, 1 and 2, at t - 2 and t - 1
BEST_MAE = math.sqrt(2 / math.pi) * SIGMA
_TRIANGLE = ((0, 1), (1, 2), (3, 4), (1, 3), (2, 4), (4, 5), (0, 3), (1, 4), (3, 5))


def community_graph(communities: int = 5) -> Tensor:
    """Triangles of six nodes in a row, each joined to the next: adjacency ``[6 C, 6 C]``, undirected."""
    edges = [(6 * c + u, 6 * c + v) for c in range(communities) for u, v in _TRIANGLE]
    edges += [(6 * c - 1, 6 * c) for c in range(1, communities)]
    adjacency = torch.zeros(6 * communities, 6 * communities)
    adjacency[tuple(torch.tensor(edges).t())] = 1.0
    return torch.maximum(adjacency, adjacency.t())


def gpvar_signals(steps: int = 30_000, communities: int = 5, seed: int = 1234) -> Signals:
    r"""The signals of Zambon and Alippi 2022 (https://arxiv.org/abs/2204.11135), as the library tsl makes them.

    .. math:: x_t = \tanh \sum_{l, p} \theta_{lp} (A + I)^l x_{t-p} + \epsilon_t, \qquad \epsilon_t \sim N(0, 0.4^2)

    The best forecast has the mean absolute error :math:`0.4 \sqrt{2 / \pi} = 0.3192`, and the squared one 0.16. Values
    are not standardised.

    Args:
        steps: T.
        communities: triangles of the graph.
        seed: of the noise; 1234 for the data of the paper.
    """
    adjacency = community_graph(communities)
    nodes = len(adjacency)
    generator = torch.Generator().manual_seed(seed)
    hop = adjacency + torch.eye(nodes)
    powers = torch.stack([torch.eye(nodes), hop, hop @ hop])
    early, late = torch.einsum("lp,luv->puv", torch.tensor(WEIGHTS), powers)
    x = torch.empty(steps + 2, nodes, 1).normal_(generator=generator).squeeze(-1) * SIGMA
    for t in range(2, steps + 2):
        noise = torch.empty(1, 1, nodes, 1).normal_(generator=generator).flatten()
        x[t] = torch.tanh(early @ x[t - 2] + late @ x[t - 1]) + SIGMA * noise
    names = [str(node) for node in range(nodes)]
    return Signals(x[2:].clone(), adjacency, names, noise=SIGMA**2)
