"""Positions of nodes in their graph."""

from typing import Any

import torch
from torch import Tensor

from gnnseq.ops.edges import check_batch
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.transforms import outside_transforms


def longest_way(edge_index: Any, num_nodes: int, batch: Tensor | None = None) -> Tensor:
    """The number of edges of the longest directed path to each node of directed acyclic graphs ``[N]``, int64.

    In a path graph this is the node's position from 0 on; in a tree with edges from child to parent, its height.

    Args:
        edge_index: edges ``[2, E]`` from the node read to the node that reads, or a `Schedule`.
        num_nodes: number of nodes N.
        batch: graph of each node ``[N]``.

    Raises:
        ValueError: as `Schedule`, for a cycle among others.
    """
    schedule = Schedule.from_edge_index(edge_index, num_nodes, batch)
    with outside_transforms():
        if schedule.paths is not None:
            return schedule.paths.positions % schedule.paths.num_steps
        return schedule.as_tensor(schedule.reversed().heights[0])


def number_in_graph(edge_index: Any, num_nodes: int, batch: Tensor | None = None) -> Tensor:
    """How many nodes of the same graph have lower numbers ``[N]``, int64.

    Args:
        edge_index: of which a `Schedule` tells the graphs; others are not read.
        num_nodes: number of nodes N.
        batch: graph of each node ``[N]``. Without it, and without a `Schedule`, all nodes are one graph.
    """
    if isinstance(edge_index, Schedule):
        batch = edge_index.graph
    if batch is None:
        return torch.arange(num_nodes)
    check_batch(batch, num_nodes)
    with outside_transforms():
        order = batch.argsort(stable=True)
        length = torch.bincount(batch)
        first = (length.cumsum(0) - length)[batch[order]]
        return torch.empty_like(batch).index_copy(0, order, torch.arange(num_nodes, device=batch.device) - first)
