"""Random walks along directed edges, and diffusion in both directions, for graphs that have no Laplacian."""

import torch
from torch import Tensor

from gnnseq.ops.operators.sparse import SparseOperator
from gnnseq.ops.operators.spectral import checked_weight, inverse_power


class DiffusionOperator(SparseOperator):
    """Two random walks, with the edges and against them; a filter adds up the polynomials of both.

    As a plain operator (``op @ x``) it is the walk with the edges.

    Args:
        walk: with the edges.
        reverse: against them.

    Raises:
        ValueError: if the two are of different numbers of nodes.
    """

    def __init__(self, walk: SparseOperator, reverse: SparseOperator) -> None:
        if walk.num_nodes != reverse.num_nodes:
            raise ValueError(f"reverse has {reverse.num_nodes} nodes, expected {walk.num_nodes} as walk")
        super().__init__(walk.edge_index, walk.weight, walk.num_nodes, walk.diagonal)
        self.reverse = reverse

    def __repr__(self) -> str:
        return f"DiffusionOperator(nodes={self.num_nodes}, edges={self.edge_index.size(1)})"

    @property
    def directions(self) -> tuple[SparseOperator, ...]:
        """This walk, and the one against the edges."""
        return self, self.reverse


def random_walk(edge_index: Tensor, num_nodes: int, edge_weight: Tensor | None = None) -> SparseOperator:
    r"""One step of a random walk: each node passes its value on along its outgoing edges, shared out by their weights.

    .. math:: (P^\top x)_v = \sum_{u \to v} \frac{w_{uv}}{\sum_{t} w_{ut}}\, x_u

    On an undirected graph without self-loops it is :math:`-\tilde L` of `scaled_laplacian` with "rw". A node
    without outgoing edges passes nothing on. Self-loops count as edges.

    Args:
        edge_index: edges ``[2, E]``, of one direction or both.
        num_nodes: number of nodes N.
        edge_weight: weights ``[E]``, finite and not negative.

    Raises:
        ValueError: for a node out of range, or weights of another length, not finite or negative.
    """
    weight = checked_weight(edge_index, num_nodes, edge_weight)
    if bool((weight < 0).any()):
        bad = int((weight < 0).nonzero()[0])
        raise ValueError(f"edge_weight[{bad}] is {weight[bad].item()}, expected >= 0: shares of a walk")
    leaving = weight.new_zeros(num_nodes).index_add(0, edge_index[0], weight)
    return SparseOperator(edge_index, weight * inverse_power(leaving, 1.0)[edge_index[0]], num_nodes)


def diffusion_operator(edge_index: Tensor, num_nodes: int, edge_weight: Tensor | None = None) -> DiffusionOperator:
    r"""The diffusion convolution of DCRNN (Li et al. 2018, https://arxiv.org/abs/1707.01926) for directed graphs.

    .. math::
        W *_G x = x W_0 + \sum_{k=1}^{h} T_k(P_f^\top)\, x\, W_k + \sum_{k=1}^{h} T_k(P_b^\top)\, x\, W_{h+k},
        \qquad P_f = D_O^{-1} A, \quad P_b = D_I^{-1} A^\top

    Passed as ``edge_index`` to a `GCRN` (or any layer with Chebyshev filters) of K = 1 + 2 h terms, it reaches h hops
    in both directions: ``GCRN(1, 16, K=5)(x, diffusion_operator(edge_index, N, edge_weight))``. The paper uses
    powers of P. The authors' code uses Chebyshev polynomials T of the transposes, as here. Both span the same filters,
    except that the paper divides by the degree of the node that reads and the code by that of the node that is read.

    Args:
        edge_index: directed edges ``[2, E]``.
        num_nodes: number of nodes N.
        edge_weight: weights ``[E]``, finite and not negative.

    Raises:
        ValueError: as `random_walk`; in a filter, for an even K.
    """
    reverse = random_walk(torch.flip(edge_index, [0]), num_nodes, edge_weight)
    return DiffusionOperator(random_walk(edge_index, num_nodes, edge_weight), reverse)
