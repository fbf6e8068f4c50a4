"""Any directed acyclic graph, cut into levels that a recurrence can take one after the other.

Everything here is integer arithmetic in NumPy without a loop over nodes or edges; the only loop over levels
is the one that peels a graph whose nodes have several targets.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Ints = NDArray[np.int64]


class Level(NamedTuple):
    """What a recurrence needs to know of one level.

    The *carry* that enters a level holds the states of all nodes of the level before it, then those older
    nodes that some edge still needs.

    Attributes:
        size: number of nodes of the level; those without incoming edges come last.
        child: position in the carry of each incoming edge's source ``[E_l]``.
        parent: position in the level of each incoming edge's target ``[E_l]``, in ascending order.
        keep: positions in the carry of the older nodes that stay in it after this level; empty on trees.
        leaf: positions in the level of the nodes without incoming edges.
    """

    size: int
    child: Ints
    parent: Ints
    keep: Ints
    leaf: Ints


class TensorLevel(NamedTuple):
    """One level as tensors on the device of the edges; see `Level`.

    Attributes:
        size: number of nodes of the level.
        leaves: how many of them, the last ones, have no incoming edges.
        child: position in the carry of each incoming edge's source ``[E_l]``.
        parent: position in the level of each incoming edge's target ``[E_l]``.
        keep: positions in the carry of the older nodes that stay in it; None where there are none.
    """

    size: int
    leaves: int
    child: Tensor
    parent: Tensor
    keep: Tensor | None


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
    """Follows edges among nodes that never reach a root until one repeats."""
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

    The children of a path or tree then lie exactly one level below their parent. An edge that spans more
    levels keeps its source in the carry.
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
    child, keep = _carry_positions(source, target, step, local, size)
    parent, into = local[target], place[target]
    leaf = np.flatnonzero(is_leaf[order])
    edge_cuts, leaf_cuts = np.searchsorted(into, first).tolist(), np.searchsorted(leaf, first).tolist()
    leaf -= first[step[order[leaf]]]
    levels = [
        Level(n, child[e:f], parent[e:f], kept, leaf[a:b])
        for n, e, f, kept, a, b in zip(
            size.tolist(), edge_cuts[:-1], edge_cuts[1:], keep, leaf_cuts[:-1], leaf_cuts[1:], strict=True
        )
    ]
    return Levels(levels, order, edge_order)


def _stable_order(key: Ints) -> Ints:
    """A stable sort of small integers; NumPy has a radix sort for 16 bits."""
    if (key[1:] >= key[:-1]).all():
        return np.arange(len(key))
    return np.argsort(key.astype(np.uint16) if key.max() < 2**16 else key, kind="stable")


def _carry_positions(source: Ints, target: Ints, step: Ints, local: Ints, size: Ints) -> tuple[Ints, list[Ints]]:
    """Position of every edge's source in the carry, and what each level keeps of its carry.

    An edge that spans ``s`` levels keeps its source for ``s - 1`` more levels; each of these stays is one entry.
    """
    span = step[target] - step[source]
    child = local[source].copy()
    empty = np.empty(0, dtype=np.int64)
    if (span == 1).all():
        return child, [empty] * len(size)
    stays = np.zeros(len(step), dtype=np.int64)
    np.maximum.at(stays, source, span - 1)
    owner = np.repeat(np.arange(len(step)), stays)
    base = np.cumsum(stays) - stays  # first entry of each node
    age = np.arange(len(owner)) - base[owner]
    entering = step[owner] + 2 + age
    rank = np.empty(len(owner), dtype=np.int64)
    by_level = np.lexsort((local[owner], age, entering))
    start = np.searchsorted(entering[by_level], np.arange(len(size) + 1))
    rank[by_level] = np.arange(len(owner)) - start[entering[by_level]]
    position = size[entering - 1] + rank
    before = np.where(age == 0, local[owner], position[np.maximum(np.arange(len(owner)) - 1, 0)])

    far = span > 1
    child[far] = position[base[source[far]] + span[far] - 2]
    kept = before[by_level]
    keep = [kept[start[t + 1] : start[t + 2]] for t in range(len(size) - 1)]
    return child, [*keep, empty]
