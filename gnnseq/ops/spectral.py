"""Graph filters: the normalised adjacency of a GCN, the scaled Laplacian, and Chebyshev polynomials of it."""

import torch
from torch import Tensor
from torch_geometric.nn.conv.gcn_conv import gcn_norm
from torch_geometric.utils import get_laplacian, is_undirected

from gnnseq.ops.edges import check_edges, check_weights
from gnnseq.ops.sparse import SparseOperator


def gcn_operator(
    edge_index: Tensor, num_nodes: int, edge_weight: Tensor | None = None, add_self_loops: bool = True
) -> SparseOperator:
    r"""The propagation matrix of a graph convolution (Kipf and Welling 2017, https://arxiv.org/abs/1609.02907).

    .. math:: \hat A = \tilde D^{-1/2} (A + I) \tilde D^{-1/2}

    Degrees count the edges into a node, weights included. A node of degree zero keeps a row of zeros.

    Args:
        edge_index: edges ``[2, E]``.
        num_nodes: number of nodes N.
        edge_weight: weights ``[E]``, finite.
        add_self_loops: whether every node reads itself.
    """
    _check(edge_index, num_nodes, edge_weight)
    edge_index, weight = gcn_norm(edge_index, edge_weight, num_nodes, add_self_loops=add_self_loops)
    return SparseOperator(edge_index, weight, num_nodes)


def scaled_laplacian(
    edge_index: Tensor,
    num_nodes: int,
    edge_weight: Tensor | None = None,
    normalization: str | None = "sym",
    lambda_max: Tensor | float | None = None,
    batch: Tensor | None = None,
) -> SparseOperator:
    r"""The Laplacian with its spectrum moved into [-1, 1], where Chebyshev polynomials live.

    .. math:: \tilde L = 2 L / \lambda_{max} - I

    with :math:`L = I - D^{-1/2} A D^{-1/2}` ("sym"), :math:`I - D^{-1} A` ("rw") or :math:`D - A` (None), as
    `torch_geometric.utils.get_laplacian` builds them: self-loops are dropped, an isolated node has L = 0 (None)
    or 1 on the diagonal, and signals travel along the edges.

    The graphs of a batch never share a ``lambda_max``. By default it is 2 for "sym" and "rw", the bound that
    holds for every graph; and for None the bound of each graph by itself, the largest sum of the degrees of two
    neighbours (Anderson and Morley 1985).

    Args:
        edge_index: edges ``[2, E]`` of an undirected graph, so both directions of each.
        num_nodes: number of nodes N.
        edge_weight: weights ``[E]``, finite; non-negative for "sym" and "rw".
        normalization: "sym", "rw" or None.
        lambda_max: largest eigenvalue, one number or one per graph ``[G]``; positive.
        batch: graph of each node ``[N]``; one graph where it is None.

    Raises:
        ValueError: for arguments that break these rules, or a directed graph.
    """
    _check(edge_index, num_nodes, edge_weight)
    if normalization not in ("sym", "rw", None):
        raise ValueError(f'normalization is {normalization!r}, expected "sym", "rw" or None')
    _check_spectral(edge_index, num_nodes, edge_weight, normalization)
    dtype = torch.get_default_dtype() if edge_weight is None else edge_weight.dtype
    edges, weight = get_laplacian(edge_index, edge_weight, normalization, dtype, num_nodes)
    scale = _lambda_max(edges, weight, num_nodes, normalization, lambda_max, batch)
    if isinstance(scale, float) and scale == 2.0 and normalization is not None:
        off_diagonal = slice(0, edges.size(1) - num_nodes)  # the diagonal comes last, and 2 / 2 - 1 = 0
        return SparseOperator(edges[:, off_diagonal], weight[off_diagonal], num_nodes)
    per_edge = scale if isinstance(scale, float) else scale[edges[1]].to(weight.dtype)
    return SparseOperator(edges, 2.0 * weight / per_edge, num_nodes, diagonal=-1.0)


def _lambda_max(
    edges: Tensor,
    weight: Tensor,
    num_nodes: int,
    normalization: str | None,
    lambda_max: Tensor | float | None,
    batch: Tensor | None,
) -> Tensor | float:
    """One number for all nodes, or one per node ``[N]``."""
    graph = torch.zeros(num_nodes, dtype=torch.long, device=edges.device) if batch is None else batch
    num_graphs = int(graph.max()) + 1 if graph.numel() else 0
    if lambda_max is None:
        if normalization is not None:
            return 2.0
        degree = weight[edges.size(1) - num_nodes :].detach()
        pair = torch.where(edges[0] == edges[1], 0.0, degree[edges[0]] + degree[edges[1]])
        bound = degree.new_zeros(num_graphs).scatter_reduce(0, graph[edges[1]], pair, "amax")
        return torch.where(bound > 0, bound, 2.0)[graph]
    value = torch.as_tensor(lambda_max, device=edges.device)
    if value.dim() > 1 or (value.dim() == 1 and value.numel() not in (1, num_graphs)):
        raise ValueError(f"lambda_max has shape {list(value.shape)}, expected one number or [{num_graphs}]")
    if not bool((value > 0).all()) or not bool(torch.isfinite(value).all()):
        raise ValueError(f"lambda_max is {value.tolist()}, expected positive finite numbers")
    return float(value) if value.numel() == 1 else value[graph]


def _check(edge_index: Tensor, num_nodes: int, edge_weight: Tensor | None) -> None:
    check_edges(edge_index, num_nodes)
    if edge_weight is not None:
        check_weights(edge_weight, edge_index.size(1))


def _check_spectral(edge_index: Tensor, num_nodes: int, edge_weight: Tensor | None, normalization: str | None) -> None:
    if not is_undirected(edge_index, num_nodes=num_nodes):
        raise ValueError(
            "edge_index is directed, but a Laplacian needs both directions of every edge: "
            "use torch_geometric.utils.to_undirected, or a direction='both' batch"
        )
    if normalization is not None and edge_weight is not None and bool((edge_weight < 0).any()):
        bad = int((edge_weight < 0).nonzero()[0])
        raise ValueError(
            f"edge_weight[{bad}] is {edge_weight[bad].item()}, expected >= 0 with normalization={normalization!r}"
        )


def chebyshev_terms(operator: SparseOperator, x: Tensor, K: int) -> list[Tensor]:
    r"""The first K Chebyshev polynomials of an operator, applied to a signal.

    .. math:: T_0 x = x, \quad T_1 x = \tilde L x, \quad T_k x = 2 \tilde L T_{k-1} x - T_{k-2} x

    Term k reaches k hops, so K terms reach K - 1.

    Args:
        operator: the scaled Laplacian.
        x: signal ``[N, ...]``.
        K: number of terms, at least 1.
    """
    if K < 1:
        raise ValueError(f"K is {K}, expected at least 1")
    terms = [x]
    if K > 1:
        terms.append(operator @ x)
    for _ in range(2, K):
        terms.append(2.0 * (operator @ terms[-1]) - terms[-2])
    return terms
