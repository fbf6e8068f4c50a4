"""Attention among the nodes of each graph of a batch, on tensors that are padded to graphs of similar size."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gnnseq.ops.attention.dense import dense_attention
from gnnseq.ops.paths import PathLayout
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.transforms import outside_transforms, without_autocast

_WASTE = 4  # times as many pairs as there are, above which graphs are padded in groups


@dataclass(frozen=True)
class Block:
    """Some graphs of a batch in one padded tensor ``[B, T]``.

    Attributes:
        nodes: the nodes of these graphs, graph by graph ``[n]``; None for all nodes as they are.
        layout: where they stand.
        mask: which keys a query reads ``[B, 1, T or 1, T]``; None for all, or all earlier ones.
    """

    nodes: Tensor | None
    layout: PathLayout
    mask: Tensor | None


class WithinGraphs:
    """Attention of every node to the nodes of its graph: to all, to those before it, or to its ancestors.

    Padding grows with the largest graph, so graphs of a batch whose sizes differ much are padded in groups, each to
    less than twice a graph's size. There is no tensor over all pairs of nodes of a batch.

    Args:
        blocks: all graphs of the batch.
        causal: whether nodes stand in order, and read themselves and earlier ones only.
    """

    def __init__(self, blocks: list[Block], causal: bool = False) -> None:
        self.blocks = blocks
        self.causal = causal
        nodes = [block.nodes for block in blocks]
        joined = torch.cat([n for n in nodes if n is not None]) if nodes[0] is not None else None
        self.place = None if joined is None else joined.argsort()

    @classmethod
    def all_pairs(cls, batch: Tensor) -> "WithinGraphs":
        """Every node reads all nodes of its graph.

        Args:
            batch: graph of each node ``[N]``.
        """
        with outside_transforms():
            parts = _padded(batch, batch.argsort(stable=True))
            return cls([Block(nodes, layout, _filled(layout)) for nodes, layout in parts])

    @classmethod
    def ancestors(cls, schedule: Schedule) -> "WithinGraphs":
        """Every node reads itself and all nodes from which a way leads to it: on a path, itself and those before it.

        On other graphs that takes the transitive closure of each, found by squaring its adjacency matrix.
        """
        with outside_transforms():
            paths = schedule.paths
            if paths is not None:
                order = paths.positions.argsort()
                graph = paths.positions // paths.num_steps
                return cls([Block(*part, None) for part in _padded(graph, order)], causal=True)
            parts = _padded(schedule.graph, schedule.graph.argsort(stable=True))
            depth = int(schedule.heights[0].max())
            return cls([Block(n, layout, _closure(schedule, n, layout, depth)) for n, layout in parts])

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, dropout: float = 0.0) -> Tensor:
        """Queries, keys and values ``[N, heads, d]`` to outputs ``[N, heads, d]``."""
        out = [self._attend(block, q, k, v, dropout) for block in self.blocks]
        joined = out[0] if len(out) == 1 else torch.cat(out)
        return joined if self.place is None else joined.index_select(0, self.place)

    def _attend(self, block: Block, q: Tensor, k: Tensor, v: Tensor, dropout: float) -> Tensor:
        heads, size = q.shape[1:]
        flat = torch.cat([q, k, v], dim=1).flatten(1)  # [N, 3 * heads * d]
        flat = flat if block.nodes is None else flat.index_select(0, block.nodes)
        dense = block.layout.dense(flat).unflatten(-1, (3, heads, size))  # [B, T, 3, heads, d]
        queries, keys, values = dense.permute(2, 0, 3, 1, 4)
        out = dense_attention(queries, keys, values, block.mask, self.causal, dropout)
        rows: Tensor = block.layout.nodes(out.transpose(1, 2).flatten(2)).unflatten(-1, (heads, size))
        return rows


def _padded(graph: Tensor, order: Tensor) -> list[tuple[Tensor | None, PathLayout]]:
    """Layouts of all graphs, together or in groups of similar size, from the nodes listed graph by graph."""
    length = torch.bincount(graph)
    step = torch.arange(len(order), device=graph.device) - (length.cumsum(0) - length)[graph[order]]
    as_it_is = bool((order.diff() == 1).all())
    if len(length) * length.max() ** 2 <= _WASTE * length.square().sum():
        return [(None if as_it_is else order, _layout(graph[order], step, length))]
    group = length.clamp(min=1).log2().ceil().long()
    parts: list[tuple[Tensor | None, PathLayout]] = []
    for number in group.unique().tolist():
        inside = group == number
        chosen = inside[graph[order]]
        nodes = order[chosen]
        if len(nodes):
            local = inside.cumsum(0) - 1
            parts.append((nodes, _layout(local[graph[nodes]], step[chosen], length[inside])))
    return parts


def _layout(graph: Tensor, step: Tensor, length: Tensor) -> PathLayout:
    num_steps = int(length.max())
    full = bool((length == num_steps).all())
    return PathLayout(None if full else graph * num_steps + step, length, num_steps)


def _filled(layout: PathLayout) -> Tensor | None:
    """True at the nodes and False at the padding ``[B, 1, 1, T]``; None without padding."""
    if layout.equal:
        return None
    steps = torch.arange(layout.num_steps, device=layout.length.device)
    length = layout.length.clamp(min=1)  # an empty graph reads its own padding
    filled: Tensor = steps < length.unsqueeze(1)
    return filled[:, None, None]


def _closure(schedule: Schedule, nodes: Tensor | None, layout: PathLayout, depth: int) -> Tensor:
    """Which nodes are ancestors of which, or the node itself, ``[B, 1, T, T]``: of ways of up to ``depth`` edges."""
    steps, device = layout.num_steps, schedule.device
    nodes = torch.arange(schedule.num_nodes, device=device) if nodes is None else nodes
    place = torch.full((schedule.num_nodes,), -1, device=device)
    place[nodes] = layout.positions
    source, target = place[schedule.edge_index[:, place[schedule.edge_index[0]] >= 0]]
    reached = torch.eye(steps, device=device).repeat(layout.num_paths, 1, 1)
    reached.view(-1, steps)[target, source % steps] = 1.0
    with without_autocast(device), torch.no_grad():
        for _ in range(min(depth, steps).bit_length()):
            reached = (reached @ reached).clamp(max=1.0)
    return (reached > 0).unsqueeze(1)
