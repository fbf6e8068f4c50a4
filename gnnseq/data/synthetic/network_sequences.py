"""Networks as sequences: an order of their nodes, and each node with its edges."""

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.indexing import check_integer
from gnnseq.data.sequences import UNLABELLED


def breadth_first(adjacency: Tensor) -> Tensor:
    """The nodes of networks in breadth-first order, as GraphRNN (You et al. 2018) makes them sequences.

    The search begins at node 0 and visits neighbours by their number. After a component, it continues at the unvisited
    node of least number.

    Args:
        adjacency: ``[B, n, n]`` (bool), symmetric.

    Returns:
        For each network the node at every place ``[B, n]``.

    Raises:
        ValueError: for another shape or dtype, or a matrix that is not symmetric.
    """
    shape, dtype = list(adjacency.shape), adjacency.dtype
    if adjacency.dim() != 3 or adjacency.size(1) != adjacency.size(2) or dtype != torch.bool:
        raise ValueError(f"adjacency has shape {shape} and dtype {dtype}, expected bool [B, n, n]")
    if not torch.equal(adjacency, adjacency.transpose(1, 2)):
        raise ValueError("adjacency is not symmetric, expected undirected networks")
    joined = adjacency.numpy()
    batch, nodes = joined.shape[:2]
    rows = np.arange(batch)
    found = np.broadcast_to(nodes * nodes + np.arange(nodes), (batch, nodes)).copy()  # when, then the number
    order = np.empty((batch, nodes), np.int64)
    for place in range(nodes):
        order[:, place] = found.argmin(axis=1)
        reached = np.where(joined[rows, order[:, place]], place * nodes + np.arange(nodes), found)
        done = np.iinfo(np.int64).max
        found = np.where(found == done, done, np.minimum(found, reached))
        found[rows, order[:, place]] = done
    return torch.from_numpy(order)


def adjacency_rows(features: Tensor, adjacency: Tensor, labels: Tensor, passes: int = 2) -> tuple[Tensor, Tensor]:
    """Networks as sequences that lose nothing: every node with its features and its row of the adjacency matrix.

    The nodes are in breadth-first order, and so do the columns of the matrix, whose diagonal is 1, which marks
    the node itself. With two passes the sequence is repeated, the second time with 1 as the last feature: a
    recurrence in one direction has received the whole network before its first label. Only the last pass has labels.

    GraphRNN (You et al. 2018, https://arxiv.org/abs/1802.08773) gives a node's edges to the nodes before it; here are
    also those to the nodes after it.

    Args:
        features: ``[B, n, F]``.
        adjacency: ``[B, n, n]`` (bool), symmetric.
        labels: ``[B, n]``.
        passes: how many times the nodes are repeated, at least 1.

    Returns:
        Sequences ``[B, passes * n, F + n + 1]`` and labels ``[B, passes * n]``, -100 in all passes but the last.

    Raises:
        ValueError: for shapes that do not fit, or no pass.
    """
    check_integer("passes", passes, 1)
    order = breadth_first(adjacency)
    for name, value, dims in (("features", features, 3), ("labels", labels, 2)):
        if value.dim() != dims or value.shape[:2] != order.shape:
            raise ValueError(
                f"{name} has shape {list(value.shape)}, expected {list(order.shape)} and {dims} dimensions"
            )
    rows = torch.arange(len(order)).unsqueeze(1)
    ordered = adjacency[rows.unsqueeze(2), order.unsqueeze(2), order.unsqueeze(1)]
    ordered = (ordered | torch.eye(order.size(1), dtype=torch.bool)).to(features.dtype)
    once = torch.cat([features[rows, order], ordered, features.new_zeros(*order.shape, 1)], dim=2)
    sequences = once.repeat(1, passes, 1)
    targets = labels.new_full((len(order), passes * order.size(1)), UNLABELLED)
    targets[:, -order.size(1) :] = labels.gather(1, order)
    if passes > 1:
        sequences[:, -order.size(1) :, -1] = 1.0
    return sequences, targets
