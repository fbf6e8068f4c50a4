"""Graph filters: the normalised adjacency of a GCN, the scaled Laplacian, and Chebyshev polynomials of it."""

import torch
from torch import Tensor

from gnnseq.ops.edges import check_edges, check_weights
from gnnseq.ops.operators.sparse import SparseOperator, as_real
from gnnseq.ops.transforms import in_float32, is_recorded


def gcn_operator(
    edge_index: Tensor,
    num_nodes: int,
    edge_weight: Tensor | None = None,
    add_self_loops: bool = True,
) -> SparseOperator:
    r"""The propagation matrix of a graph convolution (Kipf and Welling 2017, https://arxiv.org/abs/1609.02907).

    .. math:: \hat A = \tilde D^{-1/2} (A + I) \tilde D^{-1/2}

    Degrees count the edges into a node, weights included. A node of degree zero has a row of zeros. A node with
    a self-loop keeps it with its weight and gets no second one; several self-loops at one node add up.

    Args:
        edge_index: edges ``[2, E]``.
        num_nodes: number of nodes N.
        edge_weight: weights ``[E]``, finite.
        add_self_loops: whether every node reads itself.

    Raises:
        ValueError: for a node out of range, weights of another length or not finite, or a negative degree.
    """
    weight = checked_weight(edge_index, num_nodes, edge_weight)
    if add_self_loops:
        edge_index, weight = _with_self_loops(edge_index, weight, num_nodes)
    degree = weight.new_zeros(num_nodes).index_add(0, edge_index[1], weight)
    if not is_recorded() and bool((degree < 0).any()):
        node = int((degree < 0).nonzero()[0])
        raise ValueError(f"edge_weight gives node {node} the degree {degree[node].item()}, expected >= 0")
    scale = inverse_power(degree, 0.5)
    source, target = (scale.index_select(0, end) for end in edge_index.unbind())
    return SparseOperator(edge_index, source * weight * target, num_nodes)


def _with_self_loops(edge_index: Tensor, weight: Tensor, num_nodes: int) -> tuple[Tensor, Tensor]:
    """A further self-loop at every node, of weight 0 where there are some and of weight 1 where there is none."""
    others = (edge_index[0] != edge_index[1]).to(weight.dtype)
    loops = weight.new_ones(num_nodes).scatter_reduce(0, edge_index[1], others, "amin")
    node = torch.arange(num_nodes, device=edge_index.device)
    return torch.cat([edge_index, node.expand(2, -1)], dim=1), torch.cat([weight, loops])


def scaled_laplacian(
    edge_index: Tensor,
    num_nodes: int,
    edge_weight: Tensor | None = None,
    normalization: str | None = "sym",
    lambda_max: Tensor | float | None = None,
    batch: Tensor | None = None,
) -> SparseOperator:
    r"""The Laplacian with its spectrum moved into [-1, 1], the domain of the Chebyshev polynomials.

    .. math:: \tilde L = 2 L / \lambda_{max} - I

    with :math:`L = I - D^{-1/2} A D^{-1/2}` ("sym"), :math:`I - A D^{-1}` ("rw") or :math:`D - A` (None), the matrices
    by which `torch_geometric.nn.ChebConv` multiplies: self-loops are dropped, repeated edges add up, signals travel
    along the edges. A node of degree zero has 1 on the diagonal of L, and 0 under None.

    The graphs of a batch never share a ``lambda_max``. By default it is 2 for "sym" and "rw", the bound that holds for
    every graph; and for None the bound of each graph by itself, the largest sum of the degrees of two neighbours
    (Anderson and Morley 1985). Negative weights give negative eigenvalues, which no ``lambda_max`` moves into [-1, 1];
    under None they are accepted with an explicit ``lambda_max``.

    Args:
        edge_index: edges ``[2, E]`` of an undirected graph, so both directions of each.
        num_nodes: number of nodes N.
        edge_weight: weights ``[E]``, finite; non-negative for "sym" and "rw" and without ``lambda_max``. The two
            directions of an edge should carry the same weight; this is not checked, so that weights may be learned.
        normalization: "sym", "rw" or None.
        lambda_max: largest eigenvalue, one number or one per graph ``[G]``; positive. Graphs without nodes may follow
            the last one of ``batch``.
        batch: graph of each node ``[N]``; one graph where it is None.

    Raises:
        ValueError: for arguments that break these rules, or a directed graph. To filter along a directed graph, make
            the operator yourself: any `SparseOperator` can take the Laplacian's place.
    """
    if normalization not in ("sym", "rw", None):
        raise ValueError(f'normalization is {normalization!r}, expected "sym", "rw" or None')
    weight = checked_weight(edge_index, num_nodes, edge_weight)
    _check_spectral(edge_index, num_nodes, weight, normalization is not None or lambda_max is None, normalization)
    if batch is not None and not is_recorded() and batch.shape != (num_nodes,):
        raise ValueError(f"batch has shape {list(batch.shape)}, expected [{num_nodes}], one per node")
    inside = edge_index[0] != edge_index[1]
    edge_index, weight = edge_index[:, inside], weight[inside]
    degree = weight.new_zeros(num_nodes).index_add(0, edge_index[0], weight)
    scale = 2.0 / _lambda_max(edge_index, degree, normalization, lambda_max, batch)
    if normalization is None:
        diagonal = degree
    else:
        power = inverse_power(degree, 0.5 if normalization == "sym" else 1.0)
        weight = power[edge_index[0]] * weight * (power[edge_index[1]] if normalization == "sym" else 1.0)
        diagonal = torch.ones_like(degree)
    diagonal = scale * diagonal - 1.0
    weight = -weight * scale[edge_index[1]]
    two = lambda_max is None or (not isinstance(lambda_max, Tensor) and lambda_max == 2)
    if normalization is not None and two:  # the diagonal is zero
        return SparseOperator(edge_index, weight, num_nodes)
    loop = torch.arange(num_nodes, device=edge_index.device).expand(2, -1)
    return SparseOperator(torch.cat([edge_index, loop], dim=1), torch.cat([weight, diagonal]), num_nodes)


def chebyshev_terms(operator: SparseOperator, x: Tensor, K: int) -> list[Tensor]:
    r"""The first K Chebyshev polynomials of an operator, applied to a signal.

    .. math:: T_0 x = x, \quad T_1 x = \tilde L x, \quad T_k x = 2 \tilde L T_{k-1} x - T_{k-2} x

    Term k reaches k hops, so K terms reach K - 1. For an operator of two directions the terms are x, then
    (K - 1) / 2 terms of each direction.

    Args:
        operator: the scaled Laplacian, or any other.
        x: signal ``[N, ...]``.
        K: number of terms, at least 1; odd for two directions.
    """
    if K < 1:
        raise ValueError(f"K is {K}, expected at least 1")
    directions = operator.directions
    hops, left = divmod(K - 1, len(directions))
    if left:
        raise ValueError(f"K is {K}, expected an odd number for {operator}: 1 + 2 * hops")
    terms = [x]
    for one in directions:
        old, new = x, x
        for k in range(hops):
            old, new = new, one.apply(x) if k == 0 else 2.0 * one.apply(new) - old
            terms.append(new)
    return terms


def inverse_power(degree: Tensor, power: float) -> Tensor:
    """``degree ** -power``, and zero with a zero gradient where the degree is zero."""
    lonely = degree == 0
    return torch.where(lonely, 1.0, degree).pow(-power).masked_fill(lonely, 0.0)


def _lambda_max(
    edge_index: Tensor,
    degree: Tensor,
    normalization: str | None,
    lambda_max: Tensor | float | None,
    batch: Tensor | None,
) -> Tensor:
    """The value of each node's graph ``[N]``."""
    if lambda_max is None and normalization is not None:
        return torch.full_like(degree, 2.0)
    graph = torch.zeros_like(degree, dtype=torch.long) if batch is None else batch
    if lambda_max is None:
        pair = (degree[edge_index[0]] + degree[edge_index[1]]).detach()
        bound = degree.new_zeros(_num_graphs(graph)).scatter_reduce(0, graph[edge_index[1]], pair, "amax")
        return torch.where(bound > 0, bound, 2.0)[graph]
    value = torch.as_tensor(lambda_max, device=degree.device)
    if not is_recorded():
        _check_lambda_max(value, 1 if batch is None else _num_graphs(graph), batch is None)
    value = value.to(degree.dtype).view(-1)
    return value.expand(len(degree)) if len(value) == 1 else value[graph]


def _num_graphs(graph: Tensor) -> int:
    if is_recorded():
        raise ValueError("normalization is None without lambda_max, expected lambda_max inside torch.jit.trace")
    return int(graph.max()) + 1


def _check_lambda_max(value: Tensor, num_graphs: int, alone: bool) -> None:
    few = value.dim() == 1 and value.numel() < num_graphs
    if value.dim() > 1 or (value.numel() != 1 and (few or alone)):
        raise ValueError(f"lambda_max has shape {list(value.shape)}, expected one number or [{num_graphs}]")
    if not bool((value > 0).all()) or not bool(torch.isfinite(value).all()):
        raise ValueError(f"lambda_max is {value.tolist()}, expected positive finite numbers")


def checked_weight(edge_index: Tensor, num_nodes: int, edge_weight: Tensor | None) -> Tensor:
    """The weights, in float32 at least; ones where there are none."""
    check_edges(edge_index, num_nodes)
    if edge_weight is None:
        return torch.ones(edge_index.size(1), device=edge_index.device)
    check_weights(edge_weight, edge_index.size(1))
    return in_float32(as_real(edge_weight))


def _check_spectral(
    edge_index: Tensor, num_nodes: int, weight: Tensor, positive: bool, normalization: str | None
) -> None:
    if is_recorded():
        return
    source, target = edge_index[0], edge_index[1]
    if not torch.equal((source * num_nodes + target).sort().values, (target * num_nodes + source).sort().values):
        raise ValueError(
            "edge_index is directed, but a Laplacian needs both directions of every edge: "
            "use torch_geometric.utils.to_undirected, or a direction='both' batch; to keep the directions apart, "
            "pass gnnseq.ops.diffusion_operator(edge_index, num_nodes, edge_weight) as edge_index"
        )
    if positive and bool((weight < 0).any()):
        bad = int((weight < 0).nonzero()[0])
        without = "" if normalization else " and without lambda_max"
        raise ValueError(
            f"edge_weight[{bad}] is {weight[bad].item()}, expected >= 0 with normalization={normalization!r}{without}"
        )
