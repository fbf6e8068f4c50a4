"""Positions of the states that a recurrence passes on to later levels, for edges that span several levels.

A *carried* state is copied at every level until the last one that reads it. A *parked* state is set aside once for each
level that reads it. A node is parked where carrying it would cost more, so the work is linear in the edges: a node with
one edge to a root 10,000 levels later is not copied 10,000 times.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_COPIES = 32  # rows that are copied in about the time in which a single one is set aside and fetched


class Carried(NamedTuple):
    """Each edge's source in the carry, and what each level keeps and parks; see `gnnseq.ops.levels.Level`."""

    child: Ints
    keep: list[Ints]
    park: list[Ints]
    goals: list[list[tuple[int, int]]]


def carry_positions(source: Ints, target: Ints, step: Ints, local: Ints, size: Ints) -> Carried:
    """Position of every edge's source in the carry, what each level keeps of its carry, and what it parks.

    Args:
        source: source of each edge, in the order in which the targets are computed.
        target: target of each edge, in the same order.
        step: level of each node.
        local: position of each node in its level.
        size: nodes of each level.
    """
    span = step[target] - step[source]
    child = local[source].copy()
    empty = np.empty(0, dtype=np.int64)
    keep, park = [empty] * len(size), [empty] * len(size)
    goals: list[list[tuple[int, int]]] = [[] for _ in size]
    far = span > 1
    if not far.any():
        return Carried(child, keep, park, goals)
    parked = far & _is_parked(source, target, step, far)[source]
    carried = far & ~parked
    kept = np.zeros(len(size) + 1, dtype=np.int64)
    if carried.any():
        child[carried], keep, kept = _carry(source[carried], span[carried], step, local, size)
    if parked.any():
        child[parked], park, goals = _park(source[parked], step[target[parked]], step, local, size, kept)
    return Carried(child, keep, park, goals)


def _is_parked(source: Ints, target: Ints, step: Ints, far: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether parking a node costs less than carrying it: more than `_COPIES` levels for each level that reads it."""
    longest, readers = (np.zeros(len(step), dtype=np.int64) for _ in range(2))
    np.maximum.at(longest, source[far], step[target[far]] - step[source[far]])
    pairs = np.unique(source[far] * (step.max() + 1) + step[target[far]])
    np.add.at(readers, pairs // (step.max() + 1), 1)
    return longest > _COPIES * readers


def _carry(source: Ints, span: Ints, step: Ints, local: Ints, size: Ints) -> tuple[Ints, list[Ints], Ints]:
    """Positions of the sources, what each level keeps, and how many older nodes enter each level.

    An edge that spans ``s`` levels keeps its source for ``s - 1`` more levels; each of these stays is one entry.
    """
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
    kept = before[by_level]
    keep = [kept[start[t + 1] : start[t + 2]] for t in range(len(size) - 1)]
    return position[base[source] + span - 2], [*keep, kept[:0]], np.diff(start, append=len(owner))


def _park(
    source: Ints, reader: Ints, step: Ints, local: Ints, size: Ints, kept: Ints
) -> tuple[Ints, list[Ints], list[list[tuple[int, int]]]]:
    """Positions of the sources, what each level parks, and for which levels.

    There is one entry for each node and each level that reads it. At the level that reads them, entries are in the
    order of their nodes' levels.
    """
    key, entry = np.unique(source * len(size) + reader, return_inverse=True)
    owner, goal = np.divmod(key, len(size))
    arriving = np.lexsort((local[owner], step[owner], goal))
    rank = np.empty(len(owner), dtype=np.int64)
    rank[arriving] = np.arange(len(owner)) - np.searchsorted(goal[arriving], goal[arriving])
    position = size[goal - 1] + kept[goal] + rank
    leaving = np.lexsort((local[owner], goal, step[owner]))
    cuts = np.searchsorted(step[owner[leaving]], np.arange(len(size) + 1)).tolist()
    entries = [leaving[a:b] for a, b in pairwise(cuts)]
    counts = (np.unique(goal[level], return_counts=True) for level in entries)
    goals = [list(zip(which.tolist(), count.tolist(), strict=True)) for which, count in counts]
    return position[entry], [local[owner[level]] for level in entries], goals
