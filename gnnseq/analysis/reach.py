"""Which nodes can reach which: hops, layers, and how many of them a task needs."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnnseq.ops.edges import check_edges, check_weights

Ints = NDArray[np.int64]


def hop_distance(
    edge_index: Tensor, num_nodes: int, max_hops: int | None = None, edge_weight: Tensor | None = None
) -> Tensor:
    """Number of edges on the shortest way from one node to another.

    Args:
        edge_index: edges ``[2, E]``, from source to target.
        num_nodes: number of nodes N.
        max_hops: longer ways are not looked for.
        edge_weight: weights ``[E]``; an edge of weight zero carries nothing and counts as missing.

    Returns:
        ``[N, N]`` (int64): row v, column u holds the hops from u to v; -1 where there is no way, as between the graphs
        of a batch.

    Raises:
        ValueError: for a node out of range, or weights that do not fit.
    """
    source, target = _edges(edge_index, num_nodes, edge_weight)
    nodes = np.arange(num_nodes)
    hops = _search(source, target, nodes, nodes, nodes, (num_nodes, num_nodes), max_hops)
    return torch.from_numpy(hops.T.astype(np.int64))


def reach(
    edge_index: Tensor | Sequence[Tensor],
    num_layers: int | None,
    num_nodes: int,
    edge_weight: Tensor | None = None,
    self_loops: bool = True,
) -> Tensor:
    r"""Which inputs a stack of layers can pass to which outputs: the pattern of :math:`\prod_l (A_l + I)`.

    Args:
        edge_index: edges ``[2, E]``, or one such tensor for each layer, the first layer first.
        num_layers: number of layers, each of one hop; K Chebyshev terms count as K - 1 of them. None means a
            recurrence, which reaches all ancestors.
        num_nodes: number of nodes N.
        edge_weight: weights ``[E]`` of one graph; edges of weight zero count as missing.
        self_loops: whether a layer's input contains the node itself, by a self-loop or a separate weight.

    Returns:
        ``[N, N]`` (bool): row v, column u is True where input u can reach output v.

    Raises:
        ValueError: for a node out of range, weights that do not fit, or a number of graphs other than ``num_layers``.
    """
    if isinstance(edge_index, Tensor) and (num_layers is None or self_loops):
        return hop_distance(edge_index, num_nodes, num_layers, edge_weight) >= 0
    if num_layers is None:
        raise ValueError("num_layers is None, expected a number where layers differ or do not read the node itself")
    graphs = [edge_index] * num_layers if isinstance(edge_index, Tensor) else list(edge_index)
    if len(graphs) != num_layers:
        raise ValueError(f"edge_index lists {len(graphs)} graphs, expected {num_layers}, one for each layer")
    reached = torch.eye(num_nodes, dtype=torch.bool)
    for graph in graphs:
        source, target = (torch.from_numpy(ends) for ends in _edges(graph, num_nodes, edge_weight))
        passed = torch.zeros(num_nodes, num_nodes).index_add(0, target, reached[source].float()) > 0
        reached = passed | reached if self_loops else passed
    return reached


def hops_needed(edge_index: Tensor, source: Tensor, target: Tensor, num_nodes: int) -> Tensor:
    """The hops that a task requires: the edges from each node that holds an answer to the node that predicts it.

    Args:
        edge_index: edges ``[2, E]`` of one graph or a batch.
        source: nodes that hold the answer ``[P]``.
        target: nodes that predict ``[P]``.
        num_nodes: number of nodes N.

    Returns:
        ``[P]`` (int64), -1 where no number of layers is enough.
    """
    return hop_distance(edge_index, num_nodes)[target, source]


def layers_needed(hops: int, K: int = 2) -> int:
    """The smallest depth that covers so many hops, with filters of K Chebyshev terms (a GCN layer counts as K = 2).

    Raises:
        ValueError: for negative hops, or K = 1, which reaches no other node at any depth.
    """
    if hops < 0:
        raise ValueError(f"hops is {hops}, expected >= 0: no depth joins nodes without a way between them")
    if K < 1 or (K == 1 and hops > 0):
        raise ValueError(f"K is {K}, expected at least 2 to reach {hops} hops")
    return -(-hops // max(K - 1, 1))


def chebyshev_hops(K: int, num_layers: int = 1) -> int:
    """Hops that filters of K Chebyshev terms reach in so many layers, or a GCRN in so many steps: K - 1 each."""
    if K < 1 or num_layers < 0:
        raise ValueError(f"K is {K} and num_layers is {num_layers}, expected at least 1 and 0")
    return (K - 1) * num_layers


def nearby(edge_index: Tensor, graph: Tensor, max_hops: int | None = None) -> Tensor:
    """`hop_distance` of a batch without its empty blocks.

    Args:
        edge_index: edges ``[2, E]`` within the graphs.
        graph: graph of each node ``[N]``, ascending.
        max_hops: longer ways are not looked for.

    Returns:
        ``[n, N]`` (int32) with n the nodes of the largest graph: row p, column v holds the hops to v from the node at
        position p of its graph; -1 where there is no way.
    """
    source, target = _edges(edge_index, len(graph), None)
    local, count = local_index(graph)
    nodes = np.arange(len(graph))
    hops = _search(target, source, nodes, nodes, local.cpu().numpy(), (len(graph), count), max_hops)
    return torch.from_numpy(hops).t()


def hops_from(edge_index: Tensor, seeds: Tensor) -> Tensor:
    """Hops to every node ``[P, N]`` from the nearest of some nodes ``[P, N]`` (bool); -1 where there is no way."""
    source, target = _edges(edge_index, seeds.size(1), None)
    row, node = seeds.nonzero().numpy().T
    return torch.from_numpy(_search(source, target, row, node, np.arange(seeds.size(1)), tuple(seeds.shape), None))


def local_index(graph: Tensor) -> tuple[Tensor, int]:
    """Position of each node in its graph ``[N]``, and the size of the largest; ``graph`` is ascending."""
    count = torch.bincount(graph)
    first = count.cumsum(0) - count
    return torch.arange(len(graph)) - first[graph], int(count.max())


def _edges(edge_index: Tensor, num_nodes: int, edge_weight: Tensor | None) -> tuple[Ints, Ints]:
    check_edges(edge_index, num_nodes)
    if edge_weight is not None:
        check_weights(edge_weight, edge_index.size(1))
        edge_index = edge_index[:, edge_weight != 0]
    source, target = edge_index.cpu().numpy()
    return source, target


def _search(
    source: Ints, target: Ints, row: Ints, node: Ints, column: Ints, shape: tuple[int, ...], max_hops: int | None
) -> NDArray[np.int32]:
    """Breadth-first searches side by side, one in each row, from ``node[i]`` in ``row[i]``.

    ``column`` says where a row notes each node, so that the rows of a batch can be as long as its largest graph.
    """
    by_source = np.argsort(source, kind="stable")
    following = target[by_source]
    start = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=len(column)))])
    hops = np.full(shape, -1, dtype=np.int32)
    flat = hops.reshape(-1)
    flat[row * shape[1] + column[node]] = 0
    level = 0
    while row.size and (max_hops is None or level < max_hops):
        level += 1
        length = start[node + 1] - start[node]
        ends = np.cumsum(length)
        edge = np.arange(ends[-1]) + np.repeat(start[node] - (ends - length), length)
        row, node = np.repeat(row, length), following[edge]
        place = row * shape[1] + column[node]
        new = np.flatnonzero(flat[place] < 0)
        place, first = np.unique(place[new], return_index=True)
        row, node = row[new[first]], node[new[first]]
        flat[place] = level
    return hops
