"""Influence in theory, to compare with measurements."""

from typing import NamedTuple

import torch
from torch import Tensor

from gnnseq.ops.edges import check_edges, check_weights


def mean_operator(
    edge_index: Tensor, num_nodes: int, edge_weight: Tensor | None = None, self_loops: bool = True
) -> Tensor:
    r"""The row-normalised adjacency :math:`\tilde D^{-1} \tilde A`, by which a layer takes means.

    Args:
        edge_index: edges ``[2, E]``, from source to target.
        num_nodes: number of nodes N.
        edge_weight: weights ``[E]``, not negative.
        self_loops: whether every node has an edge to itself.

    Returns:
        ``[N, N]`` (float64), one row per target; a node without incoming edges has a row of zeros.

    Raises:
        ValueError: for a node out of range, or weights that do not fit or are negative.
    """
    check_edges(edge_index, num_nodes)
    weight = torch.ones(edge_index.size(1)) if edge_weight is None else edge_weight
    check_weights(weight, edge_index.size(1))
    if bool((weight < 0).any()):
        raise ValueError(f"edge_weight holds {weight.min().item()}, expected weights >= 0")
    matrix = torch.zeros(num_nodes, num_nodes, dtype=torch.float64)
    matrix = matrix.index_put((edge_index[1], edge_index[0]), weight.double(), accumulate=True)
    matrix = matrix + torch.eye(num_nodes, dtype=torch.float64) if self_loops else matrix
    degree = matrix.sum(1, keepdim=True)
    return matrix / torch.where(degree > 0, degree, 1.0)


def random_walk(
    edge_index: Tensor,
    num_layers: int,
    num_nodes: int,
    edge_weight: Tensor | None = None,
    self_loops: bool = True,
) -> Tensor:
    r"""The expected influence distribution of mean aggregation: a random walk of as many steps as there are layers.

    .. math:: E\left[ I(v, u) \Big/ \textstyle\sum_w I(v, w) \right] = \left[ (\tilde D^{-1} \tilde A)^k \right]_{vu}

    (Xu et al. 2018, theorem 1, https://arxiv.org/abs/1806.03536). The expectation is over ReLU units that are open with
    one probability for all paths; linear layers meet it exactly. Arguments are those of `mean_operator`.

    Args:
        edge_index: edges ``[2, E]``.
        num_layers: number of layers k.
        num_nodes: number of nodes N.
        edge_weight: weights ``[E]``.
        self_loops: whether every node has an edge to itself.

    Returns:
        ``[N, N]`` (float64), row v, column u.
    """
    if num_layers < 0:
        raise ValueError(f"num_layers is {num_layers}, expected an integer >= 0")
    operator = mean_operator(edge_index, num_nodes, edge_weight, self_loops)
    walk: Tensor = torch.linalg.matrix_power(operator, num_layers)
    return walk


def end_to_end(length: int, both_ways: bool = True, self_loops: bool = True) -> float:
    r"""What is left of the first node at the last one, on a path of L nodes through L - 1 layers of mean aggregation.

    Only one walk has that many steps. It takes a half out of the last node and a third out of each inner one,
    :math:`\frac12 3^{-(L-2)}`; along directed edges with self-loops :math:`2^{-(L-1)}`, and without them 1: a delay
    line. The symmetric normalisation of a GCN gives the same product on an undirected path.

    Args:
        length: number of nodes L.
        both_ways: whether edges run both ways.
        self_loops: whether every node has an edge to itself.

    Raises:
        ValueError: for a length below 1.
    """
    if length < 1:
        raise ValueError(f"length is {length}, expected an integer >= 1")
    if length == 1:
        return 1.0
    own = 1 if self_loops else 0
    if not both_ways:
        return float((1 + own) ** -(length - 1))
    return 1 / (1 + own) * float((2 + own) ** -(length - 2))


def sensitivity_bound(operator: Tensor, num_layers: int, width: int, weight: float, lipschitz: float = 1.0) -> Tensor:
    r"""A bound on how much an input can move an output, that width raises and depth does not.

    .. math:: \left\| \partial h_v^{(m)} / \partial x_u \right\|_1 \le (c\, w\, p)^m \left( S^m \right)_{vu}

    (Topping et al. 2022, https://arxiv.org/abs/2111.14522; Di Giovanni et al. 2023, https://arxiv.org/abs/2302.02941).
    The norm is that of a linear map between L1 spaces, the largest sum of a column. The sum over all entries, as `l1`
    adds them up, is at most as many times larger as the input has features.

    Args:
        operator: what layers multiply by, S ``[N, N]``, not negative.
        num_layers: number of layers m.
        width: channels p of the widest layer.
        weight: largest absolute value w of any weight.
        lipschitz: Lipschitz constant c of the activation; 1 for ReLU and tanh.

    Returns:
        ``[N, N]``.
    """
    ways: Tensor = torch.linalg.matrix_power(operator, num_layers)
    return (lipschitz * weight * width) ** num_layers * ways


def jacobian_spectrum(operator: Tensor, weight: Tensor) -> Tensor:
    r"""The squared singular values of a linear graph convolution's Jacobian, in descending order.

    .. math:: H' = S H W: \quad \sigma^2 = \sigma_i(S)^2\, \mu_j(W W^T)

    for all i and j (Arroyo et al. 2025, https://arxiv.org/abs/2502.10818); for a symmetric S,
    :math:`\sigma_i(S)^2 = \lambda_i^2`.

    Args:
        operator: S ``[N, N]``.
        weight: W ``[F, H]``.

    Returns:
        ``[N * min(F, H)]``; a Jacobian with more singular values has zeros besides.
    """
    graph, channels = torch.linalg.svdvals(operator).square(), torch.linalg.svdvals(weight).square()
    return torch.outer(graph, channels).flatten().sort(descending=True).values


class Vanishing(NamedTuple):
    r"""What the largest singular value of a recurrence's weight implies.

    Attributes:
        sigma: the largest singular value of W_hh.
        threshold: :math:`1 / \gamma`.
        certain: whether gradients must vanish: :math:`\sigma < 1 / \gamma`.
        can_explode: whether they may explode: :math:`\sigma > 1 / \gamma`, which is necessary and not sufficient.
    """

    sigma: float
    threshold: float
    certain: bool
    can_explode: bool


def vanishing(weight_hh: Tensor, gamma: float = 1.0) -> Vanishing:
    r"""Whether gradients through a vanilla recurrence must vanish.

    .. math:: \left\| \partial h_T / \partial h_t \right\| \le (\gamma\, \sigma_{max}(W_{hh}))^{T - t}

    (Pascanu et al. 2013, https://arxiv.org/abs/1211.5063).

    Args:
        weight_hh: W_hh ``[H, H]``.
        gamma: largest slope of the activation: 1 for tanh, 1/4 for the sigmoid.

    Raises:
        ValueError: for a gamma that is not positive.
    """
    if not gamma > 0:
        raise ValueError(f"gamma is {gamma}, expected a positive number")
    sigma = float(torch.linalg.matrix_norm(weight_hh.detach(), ord=2))
    return Vanishing(sigma, 1 / gamma, sigma < 1 / gamma, sigma > 1 / gamma)
