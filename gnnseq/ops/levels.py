"""Directed acyclic graphs cut into levels, which a recurrence computes one after the other.

Everything here is integer arithmetic in NumPy without a loop over nodes or edges; the only loop over levels
is the one that peels a graph whose nodes have several targets.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gnnseq.ops.carry import Ints, carry_positions


class Level(NamedTuple):
    """The indices that a recurrence needs for one level.

    The *carry* that enters a level holds the states of all nodes of the level before it, then those older nodes that
    some edge still needs, then the nodes that were *parked* for this level (see `gnnseq.ops.carry`).

    Attributes:
        size: number of nodes of the level; those without incoming edges come last.
        child: position in the carry of each incoming edge's source ``[E_l]``.
        parent: position in the level of each incoming edge's target ``[E_l]``, in ascending order.
        keep: positions in the carry of the older nodes that stay in it after this level; empty on trees.
        leaf: positions in the level of the nodes without incoming edges.
        park: positions in the level of the nodes that are set aside for later levels.
        goals: levels that read the parked nodes, in the order of ``park``, each with the number of nodes it reads.
    """

    size: int
    child: Ints
    parent: Ints
    keep: Ints
    leaf: Ints
    park: Ints
    goals: list[tuple[int, int]]


class TensorLevel(NamedTuple):
    """One level as tensors on the device of the edges; see `Level`.

    Attributes:
        size: number of nodes of the level.
        leaves: how many of them, the last ones, have no incoming edges.
        child: position in the carry of each incoming edge's source ``[E_l]``.
        parent: position in the level of each incoming edge's target ``[E_l]``.
        keep: positions in the carry of the older nodes that stay in it; None where there are none.
        park: positions in the level of the nodes that are set aside; None where there are none.
        goals: levels that read them, each with the number of nodes it reads.
    """

    size: int
    leaves: int
    child: Tensor
    parent: Tensor
    keep: Tensor | None
    park: Tensor | None
    goals: list[tuple[int, int]]


class Levels(NamedTuple):
    """The levels of a graph, from the first to be computed to the roots.

    Attributes:
        levels: one `Level` per step.
        order: nodes in the order of computation ``[N]``.
        edge_order: edges in the order of computation ``[E]``; ``Level.child`` of all levels, joined.
    """

    levels: list[Level]
    order: Ints
    edge_order: Ints


def height_to_root(source: Ints, target: Ints, num_nodes: int) -> Ints:
    """Longest number of edges from every node to a node without outgoing edges."""
    return height_and_root(source, target, num_nodes)[0]


def height_and_root(source: Ints, target: Ints, num_nodes: int) -> tuple[Ints, Ints | None]:
    """`height_to_root` of every node and, in a forest, which node that root is.

    Raises:
        ValueError: where the edges form a cycle, with the nodes of one.
    """
    out_degree = np.bincount(source, minlength=num_nodes)
    if out_degree.max(initial=0) <= 1:
        return _height_by_jumping(source, target, num_nodes)
    return _height_by_peeling(source, target, out_degree), None


def _height_by_jumping(source: Ints, target: Ints, num_nodes: int) -> tuple[Ints, Ints]:
    jump = np.arange(num_nodes)
    jump[source] = target
    height = np.zeros(num_nodes, dtype=np.int64)
    height[source] = 1
    is_root = height == 0
    for _ in range(max(num_nodes, 1).bit_length() + 1):
        if is_root[jump].all():
            return height, jump
        height += height[jump]
        jump = jump[jump]
    raise ValueError(_cycle_message(source, target, ~is_root[jump]))


def _height_by_peeling(source: Ints, target: Ints, out_degree: Ints) -> Ints:
    num_nodes = len(out_degree)
    by_target = np.argsort(target, kind="stable")
    incoming = source[by_target]
    start = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=num_nodes))])
    remaining = out_degree.copy()
    height = np.full(num_nodes, -1, dtype=np.int64)
    front, level = np.flatnonzero(remaining == 0), 0
    while front.size:
        height[front] = level
        children = incoming[_ranges(start[front], start[front + 1])]
        np.subtract.at(remaining, children, 1)
        front, level = np.unique(children[remaining[children] == 0]), level + 1
    if (height < 0).any():
        raise ValueError(_cycle_message(source, target, height < 0))
    return height


def _ranges(start: Ints, stop: Ints) -> Ints:
    """The integers of all half-open ranges, one after the other."""
    length = stop - start
    ends = np.cumsum(length)
    ranges: Ints = np.arange(ends[-1] if len(ends) else 0) + np.repeat(start - (ends - length), length)
    return ranges


def _cycle_message(source: Ints, target: Ints, suspect: NDArray[np.bool_]) -> str:
    """Names a cycle, found by following edges among nodes that never reach a root until a node repeats."""
    inside = suspect[source] & suspect[target]
    following = dict(zip(source[inside].tolist(), target[inside].tolist(), strict=True))
    node = next(iter(following))
    seen: dict[int, int] = {}
    while node not in seen:
        seen[node] = len(seen)
        node = following[node]
    cycle = [*list(seen)[seen[node] :], node]
    names = cycle if len(cycle) <= 10 else [*cycle[:5], "...", *cycle[-3:]]
    shown = " -> ".join(str(n) for n in names)
    return f"edge_index has a cycle, expected a directed acyclic graph: {shown}"


def cut(source: Ints, target: Ints, height: Ints) -> Levels:
    """Cuts a graph into levels aligned at the roots; in each, nodes without incoming edges come last.

    The children of a path or tree then lie exactly one level below their parent. An edge that spans more levels keeps
    its source in the carry, or parks it.
    """
    num_nodes = len(height)
    nodes = np.arange(num_nodes)
    step = (height.max() if num_nodes else 0) - height
    is_leaf = np.ones(num_nodes, dtype=bool)
    is_leaf[target] = False
    order = _stable_order(2 * step + is_leaf)
    size = np.bincount(step)
    first = np.concatenate([[0], np.cumsum(size)])
    place = np.empty_like(nodes)
    place[order] = nodes
    local = place - first[step]

    edge_order = _stable_order(source)
    edge_order = edge_order[_stable_order(place[target[edge_order]])]
    source, target = source[edge_order], target[edge_order]
    carried = carry_positions(source, target, step, local, size)
    parent, into = local[target], place[target]
    leaf = np.flatnonzero(is_leaf[order])
    edge_cuts, leaf_cuts = np.searchsorted(into, first).tolist(), np.searchsorted(leaf, first).tolist()
    leaf -= first[step[order[leaf]]]
    levels = [
        Level(n, carried.child[e:f], parent[e:f], kept, leaf[a:b], *parked)
        for n, e, f, a, b, kept, *parked in zip(
            size.tolist(),
            edge_cuts[:-1],
            edge_cuts[1:],
            leaf_cuts[:-1],
            leaf_cuts[1:],
            carried.keep,
            carried.park,
            carried.goals,
            strict=True,
        )
    ]
    return Levels(levels, order, edge_order)


def _stable_order(key: Ints) -> Ints:
    """A stable sort of small integers; NumPy has a radix sort for 16 bits."""
    if (key[1:] >= key[:-1]).all():
        return np.arange(len(key))
    return np.argsort(key.astype(np.uint16) if key.max() < 2**16 else key, kind="stable")
