"""Data that are graphs by nature: networks, trees of neighbours, signals over space and time."""

from copy import copy
from typing import TypeVar, cast

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data.batch import Batch
from torch_geometric.data.data import Data

from gnnseq.graphs.attributes import Levels, check_graph, levels_of
from gnnseq.graphs.batch import assemble
from gnnseq.graphs.edges import Edges
from gnnseq.graphs.trees.tree import balanced_tree_batch

Graphs = TypeVar("Graphs", bound=Data)


def network_batch(features: Tensor, adjacency: Tensor, y: Tensor | None = None) -> Batch:
    """Networks of n nodes each, from their adjacency matrices.

    Args:
        features: ``[B, n, F]`` (floats) or symbols ``[B, n]``.
        adjacency: ``[B, n, n]``; entry (u, v) that is not 0 is an edge from u to v.
        y: a target per node ``[B, n]`` or per network ``[B]``.

    Returns:
        A batch with ``x`` ``[B * n, F]``, ``edge_index``, ``y``, ``batch`` and ``ptr``; in each graph the edges stand
        by source, then by target.

    Raises:
        ValueError: if the shapes do not fit.
    """
    if features.dim() not in (2, 3, 4):
        raise ValueError(f"features has shape {list(features.shape)}, expected [B, n, F] or symbols [B, n]")
    size, nodes = features.shape[:2]
    if adjacency.shape != (size, nodes, nodes):
        raise ValueError(f"adjacency has shape {list(adjacency.shape)}, expected [{size}, {nodes}, {nodes}]")
    if y is not None and y.shape not in ((size,), (size, nodes)):
        raise ValueError(f"y has shape {list(y.shape)}, expected [{size}, {nodes}] or [{size}]")
    _check_weights(adjacency)
    graph, source, target = (part.numpy() for part in adjacency.nonzero(as_tuple=True))
    ends = np.stack([source, target]) + graph * nodes
    edges = Edges(ends, np.bincount(graph, minlength=size))
    targets = None if y is None else y.reshape(-1)
    return assemble(features.flatten(0, 1), np.full(size, nodes), edges, {"y": targets})


def match_tree_batch(features: Tensor, y: Tensor | None = None) -> Batch:
    """Complete binary trees, children to parents, whose leaves and root have features and whose inner nodes have none.

    Nodes and edges are those of :func:`gnnseq.graphs.balanced_tree_batch`: leaves first, the root last.

    Args:
        features: of the K leaves from left to right, and last of the root ``[B, K + 1, F]``.
        y: one target per tree ``[B]``.

    Raises:
        ValueError: if the shapes do not fit.
    """
    if features.dim() != 3 or features.size(1) < 3:
        raise ValueError(f"features has shape {list(features.shape)}, expected [B, K + 1, F] with K >= 2 leaves")
    batch = balanced_tree_batch(features[:, :-1], y=y)
    cast(Tensor, batch.x)[batch.ptr[1:] - 1] = features[:, -1]
    return batch


def both_ways(batch: Graphs, *, levels: Levels | None = None) -> Graphs:
    """The same graphs with every edge followed by its reverse; attributes of edges are left out.

    Args:
        batch: of directed graphs, with any attributes per graph or per node; or one graph.
        levels: "node", "edge" or "graph" for attributes whose name says nothing and that fit several.

    Raises:
        TypeError: if ``batch`` is no ``Data`` nor a batch of them.
        ValueError: if ``edge_index`` is missing or does not fit, or the level of an attribute is open.
    """
    ends, _ = check_graph(batch)
    double = copy(batch)
    dropped = [name for name, level in levels_of(batch, levels).items() if level == "edge"]
    for name in dropped:
        del double[name]
    double.edge_index = torch.stack([ends, ends.flip(0)], dim=2).reshape(2, -1)
    for table in ("_slice_dict", "_inc_dict"):
        if (kept := getattr(batch, table, None)) is not None:
            kept = {name: value for name, value in kept.items() if name not in dropped}
            setattr(double, table, kept | {"edge_index": 2 * kept["edge_index"]} if table == "_slice_dict" else kept)
    return double


def space_time_batch(series: Tensor, adjacency: Tensor, y: Tensor | None = None) -> Batch:
    """Signals on a graph as one graph over space and time.

    Every node v of the graph stands there once for each of the L steps, and once more, without a value, for the step
    that follows. Edges lead from (v, t) to (v, t + 1) and, where u and v are joined, from (u, t) to (v, t + 1); so
    there are no cycles. Nodes are ordered by step.

    Args:
        series: ``[B, N, L]``.
        adjacency: ``[N, N]``, symmetric; entries that are not 0 are edges.
        y: what follows ``[B, N]``.

    Returns:
        A batch of graphs of ``N * (L + 1)`` nodes with ``x`` ``[.., 1]``, 0 where there is no value, and ``y`` per
        node, NaN but for the last N.

    Raises:
        ValueError: if the shapes do not fit.
    """
    size, nodes, steps = _check_series(series, adjacency)
    if y is not None and (y.shape != (size, nodes) or not y.is_floating_point()):
        raise ValueError(f"y is {y.dtype} {list(y.shape)}, expected floats [{size}, {nodes}]")
    joined = (adjacency != 0) | torch.eye(nodes, dtype=torch.bool, device=adjacency.device)
    one = joined.nonzero().t().cpu().numpy() + np.array([[0], [nodes]])
    slices = one[:, None, :] + nodes * np.arange(steps)[:, None]  # [2, L, E]
    graph = slices.reshape(2, 1, -1) + nodes * (steps + 1) * np.arange(size)[:, None]
    edges = Edges(graph.reshape(2, -1), np.full(size, slices[0].size))
    x = series.new_zeros(size, steps + 1, nodes)
    x[:, :-1] = series.transpose(1, 2)
    targets = None if y is None else only_last(y, steps + 1).flatten()
    return assemble(x.reshape(-1, 1), np.full(size, nodes * (steps + 1)), edges, {"y": targets})


def signal_batch(series: Tensor, adjacency: Tensor, y: Tensor | None = None) -> Batch:
    """Signals on a graph as input of a GCRN: nodes with a series each.

    Args:
        series: ``[B, N, L]``.
        adjacency: ``[N, N]``, symmetric; entries that are not 0 are edges.
        y: what follows ``[B, N]``.

    Returns:
        A batch with ``x`` ``[B * N, L, 1]`` and ``y`` ``[B * N]``.

    Raises:
        ValueError: if the shapes do not fit.
    """
    _check_series(series, adjacency)
    same = adjacency.expand(len(series), -1, -1)
    return network_batch(series.unsqueeze(-1), same, y)


def only_last(y: Tensor, steps: int) -> Tensor:
    """Targets ``[B, N]`` as those of the last of several steps ``[B, steps, N]``, NaN at the others."""
    targets = y.new_full((len(y), steps, y.size(1)), torch.nan)
    targets[:, -1] = y
    return targets


def _check_series(series: Tensor, adjacency: Tensor) -> tuple[int, int, int]:
    if series.dim() != 3:
        raise ValueError(f"series has shape {list(series.shape)}, expected [B, N, L]")
    size, nodes, steps = series.shape
    if adjacency.shape != (nodes, nodes):
        raise ValueError(f"adjacency has shape {list(adjacency.shape)}, expected [{nodes}, {nodes}]: one node a series")
    _check_weights(adjacency)
    return size, nodes, steps


def _check_weights(adjacency: Tensor) -> None:
    if adjacency.layout != torch.strided:
        raise ValueError("adjacency is a sparse tensor, expected a dense one")
    if adjacency.isnan().any():
        raise ValueError("adjacency has NaN, expected numbers: those that are not 0 are edges")
