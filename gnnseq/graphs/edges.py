"""Edges of graphs over sequences, without a loop over sequences.

In all functions ``lengths`` ``[B]`` are the symbols of each sequence, and ``first`` ``[B]`` the
number of each graph's first node.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from gnnseq.data.sequences import IntArray

Direction: TypeAlias = Literal["forward", "backward", "both"]

_TOGETHER = 128  # graphs; as many edges stay in the cache


class Edges(NamedTuple):
    """The edges of some graphs, one graph after the other.

    Args:
        nodes: ``[2, E]``, source and target.
        counts: ``[B]``, edges of each graph.
    """

    nodes: IntArray
    counts: IntArray


Builder: TypeAlias = Callable[[IntArray, IntArray], Edges]

_KEPT: dict[Hashable, Edges] = {}  # of one graph, by kind and length
_MOST, _LARGEST = 32, 2**16  # graphs, and numbers in the edges of one


def connect(build: Builder, lengths: IntArray, nodes: IntArray, kind: Hashable | None = None) -> Edges:
    """The edges of a batch.

    Args:
        build: a function of ``lengths`` and ``first``. Called for one graph only, whose edges are
            then repeated, where all lengths are the same.
        lengths: symbols of each sequence ``[B]``.
        nodes: nodes of each graph ``[B]``; as many for the same length.
        kind: what decides the edges of one graph beside its length; they are then kept for the next batch.
    """
    first = np.cumsum(nodes) - nodes
    if (lengths != lengths[0]).any():
        return build(lengths, first)
    key = None if kind is None else (kind, int(lengths[0]))
    one = _KEPT.get(key) or build(lengths[:1], first[:1])
    if key is not None and one.nodes.size <= _LARGEST:
        while len(_KEPT) > _MOST:
            _KEPT.pop(next(iter(_KEPT)), None)
        _KEPT[key] = one
    return Edges(_repeat(one.nodes, first), one.counts.repeat(len(lengths)))


def _repeat(nodes: IntArray, first: IntArray) -> IntArray:
    """The edges of one graph ``[2, E]`` for graphs of one size that begin at each of ``first`` ``[B]``.

    Those of some graphs are made first and then added as one row: long rows are added faster than many short ones.
    """
    size, edges = len(first), nodes.shape[1]
    some = min(size, _TOGETHER)
    rows = size // some
    head = (nodes[:, None, :] + first[:some, None]).reshape(2, some * edges)
    if size == some:
        return head
    placed = np.empty((2, size * edges), np.int64)
    whole = placed[:, : rows * some * edges].reshape(2, rows, some * edges)
    np.add(head[:, None, :], first[: rows * some : some, None], out=whole)
    rest = placed[:, rows * some * edges :]
    if rest.size:
        np.add(head[:, : rest.shape[1]], first[rows * some], out=rest)
    return placed


def hops_apart(lengths: IntArray, first: IntArray, hops: Sequence[int]) -> Edges:
    """From every position to the one ``hop`` later: in each graph by hop, then by position."""
    runs = np.maximum(lengths[:, None] - np.array(hops, np.int64), 0)  # [B, K]
    sizes = runs.ravel()
    nodes = np.empty((2, sizes.sum()), np.int64)
    count_from(first.repeat(len(hops)), sizes, out=nodes[0])
    steps = hops[0] if len(hops) == 1 else np.repeat(np.tile(hops, len(lengths)), sizes)
    np.add(nodes[0], steps, out=nodes[1])
    return Edges(nodes, runs.sum(axis=1))


def loops(lengths: IntArray, first: IntArray) -> Edges:
    """From every position to itself."""
    positions = count_from(first, lengths)
    return Edges(np.stack([positions, positions]), lengths)


def orient(edges: Edges, direction: Direction) -> Edges:
    """Edges as they are, reversed, or each one followed by its reverse."""
    if direction not in get_args(Direction):
        expected = ", ".join(get_args(Direction))
        raise ValueError(f"direction is {direction!r}, expected one of {expected}")
    if direction == "forward":
        return edges
    reverse = edges.nodes[[1, 0]]
    if direction == "backward":
        return Edges(reverse, edges.counts)
    return Edges(np.stack([edges.nodes, reverse], axis=2).reshape(2, -1), 2 * edges.counts)


def concatenate(head: Edges, tail: Edges) -> Edges:
    """In every graph the edges of one kind, then those of another."""
    nodes = np.empty((2, head.nodes.shape[1] + tail.nodes.shape[1]), np.int64)
    ends = np.cumsum(head.counts + tail.counts)
    nodes[:, count_from(ends - tail.counts - head.counts, head.counts)] = head.nodes
    nodes[:, count_from(ends - tail.counts, tail.counts)] = tail.nodes
    return Edges(nodes, head.counts + tail.counts)


def count_from(starts: IntArray, sizes: IntArray, out: IntArray | None = None) -> IntArray:
    """Counts up from each start, end to end: 7, 8, 9, 2, 3 from starts 7, 2 and sizes 3, 2."""
    filled = sizes > 0
    if not filled.all():
        starts, sizes = starts[filled], sizes[filled]
    numbers = np.empty(sizes.sum(), np.int64) if out is None else out
    numbers.fill(1)  # steps first, whose running sum is the count; no other array of this size
    numbers[:1] = starts[:1]
    if len(sizes) > 1:
        numbers[np.cumsum(sizes[:-1])] = starts[1:] - starts[:-1] - sizes[:-1] + 1
    return np.cumsum(numbers, out=numbers)
