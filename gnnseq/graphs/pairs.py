"""Pairs of graphs: a pair is one graph of two parts that no edge joins."""

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data.batch import Batch

from gnnseq.graphs.batch import assemble
from gnnseq.graphs.edges import Edges


def pair_batch(left: Batch, right: Batch, y: Tensor | None = None) -> Batch:
    """Two batches as one batch of pairs: the i-th graph of each is a pair, the nodes of the left one first.

    Args:
        left: the first graph of each pair, such as :func:`parse_batch` makes them. ``x`` and what both batches say of
            their edges (``edge_slot``, ``edge_type``, ...) are kept; everything else is left out.
        right: the second graph of each pair.
        y: one target per pair ``[B]``.

    Returns:
        A batch of B graphs with ``x``, ``edge_index``, ``y``, ``batch``, ``ptr`` and ``left_nodes`` ``[B]``, the number
        of nodes of each pair's first part.

    Raises:
        ValueError: if the batches differ in their number of graphs, or ``y`` has another length.
    """
    count = int(left.num_graphs)
    if count != right.num_graphs:
        raise ValueError(f"left has {count} graphs and right has {right.num_graphs}, expected as many")
    if y is not None and len(y) != count:
        raise ValueError(f"y has {len(y)} targets, expected {count}, one per pair")
    bounds = [batch.ptr.cpu().numpy() for batch in (left, right)]
    shifts = bounds[1][:-1], bounds[0][1:]  # where each graph's nodes go, after those of the pairs before
    owners = [batch.batch.cpu().numpy() for batch in (left, right)]
    moved = [np.arange(len(owner)) + shift[owner] for owner, shift in zip(owners, shifts, strict=True)]
    ends = [batch.edge_index.cpu().numpy() for batch in (left, right)]
    pair = np.concatenate([owner[end[0]] for owner, end in zip(owners, ends, strict=True)])
    order = np.argsort(pair, kind="stable")
    edges = np.concatenate([place[end] for place, end in zip(moved, ends, strict=True)], axis=1)[:, order]
    node_order = torch.from_numpy(np.argsort(np.concatenate(moved))).to(left.x.device)
    names = [name for name in left.keys() if name.startswith("edge_") and name != "edge_index" and name in right]  # noqa: SIM118
    return assemble(
        torch.cat([left.x, right.x])[node_order],
        np.diff(bounds[0]) + np.diff(bounds[1]),
        Edges(np.ascontiguousarray(edges), np.bincount(pair, minlength=count)),
        {"y": y, "left_nodes": left.ptr.diff()},
        {name: torch.cat([left[name], right[name]]).cpu().numpy()[order] for name in names},
    )
