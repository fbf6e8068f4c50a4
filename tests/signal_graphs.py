"""A batch of two weighted graphs and signals on it, for the tests of the layers that read them."""

import reference
import torch
from dags import undirected_edges

F, C, H, T, K = 3, 2, 4, 5, 3  # features, channels in between, states, steps, terms
SIZES = [4, 4]
N = sum(SIZES)


def signals(n=N, steps=T):
    return torch.randn(n, steps, F, dtype=torch.float64, requires_grad=True)


def graph(sizes=SIZES):
    """Undirected edges and a positive weight of each, the same in both directions."""
    edges = undirected_edges(sizes, 0.7)
    half = torch.rand(edges.size(1) // 2, dtype=torch.float64) + 0.2
    return edges, torch.cat([half, half]).requires_grad_()


def dense(edges, n, weight, normalization="sym", lambda_max=2.0):
    """The matrix whose polynomials the filters are."""
    adjacency = reference.adjacency(edges, n, weight)
    return reference.scaled_laplacian(reference.laplacian(adjacency, normalization), lambda_max)


def random_states(count, *shape):
    return tuple(torch.randn(count, *shape, H, dtype=torch.float64, requires_grad=True))


def num_weights(module):
    return sum(p.numel() for p in module.parameters())
