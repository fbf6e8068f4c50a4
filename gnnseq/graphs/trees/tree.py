"""Trees, children to parents: balanced over a sequence, or from arrays of parents."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data.batch import Batch

from gnnseq.data.sequences import IntArray, Sequences, flatten
from gnnseq.graphs.batch import append_empty, assemble
from gnnseq.graphs.edges import Edges, connect, count_from
from gnnseq.graphs.trees.forest import check_parents, check_slots, depths, join_rows, sibling_ranks


def balanced_tree_batch(
    sequences: Sequences,
    *,
    empty: int | None = None,
    y: Tensor | None = None,
    alphabet: str | None = None,
) -> Batch:
    """Sequences as the leaves of binary trees of least depth.

    All leaves lie ceil(log2(T)) edges from the root, or one less; the deeper ones come first in the
    sequence. No node has a single child. Nodes are numbered leaves first, in reading order, then
    level by level, so children come before their parent and the root comes last.

    Args:
        sequences: as for :func:`gnnseq.graphs.path_batch`; T symbols make 2T - 1 nodes.
        empty: the symbol of inner nodes, such as the number of symbols; ``None`` for features,
            where inner nodes hold zeros.
        y: one target per sequence ``[B]`` or per node ``[N]``.
        alphabet: a character's symbol is its position here; its Unicode code point if ``None``.

    Returns:
        As :func:`gnnseq.graphs.path_batch`, and ``edge_slot`` ``[E]`` (int64), 0 for left children
        and 1 for right ones. Edges stand by parent, then by slot.

    Raises:
        TypeError: if the sequences are of another type, or of several.
        ValueError: if the sequences or ``empty`` do not fit.
    """
    symbols, lengths = flatten(sequences, alphabet)
    nodes = 2 * lengths - 1
    edges = connect(_balanced_edges, lengths, nodes, "balanced")
    slots = {"edge_slot": np.tile(np.arange(2), edges.nodes.shape[1] // 2)}
    return assemble(append_empty(symbols, lengths, nodes, empty), nodes, edges, {"y": y}, slots)


def _balanced_edges(lengths: IntArray, first: IntArray) -> Edges:
    """Two edges into every inner node.

    Let 2**d be the largest power of two up to T, and r = T - 2**d. The first 2r leaves are joined
    in pairs; these r nodes and the other leaves are a row of 2**d, over which the tree is perfect.
    """
    widths = 1 << (np.frexp(lengths.astype(np.float64))[1].astype(np.int64) - 1)  # 2**d
    counts = 2 * (lengths - 1)
    length, width, start = (np.repeat(part, counts) for part in (lengths, widths, first))
    child = count_from(np.zeros_like(first), counts)  # twice the parent's rank, plus the slot
    pairs = length - width  # r
    parent = start + length + child // 2
    place = child - 2 * pairs  # in the row, then among the inner nodes above it
    node = place + np.where(place < pairs, length, np.where(place < width, pairs, 2 * pairs))
    return Edges(np.stack([start + np.where(place < 0, child, node), parent]), counts)


def tree_batch(
    parents: Sequence[Tensor],
    symbols: Sequences,
    *,
    slots: Sequence[Tensor] | None = None,
    y: Tensor | None = None,
) -> Batch:
    """Trees from the parent of every node, such as parses.

    A tree whose nodes already come before their parents keeps its numbering. Any other is
    renumbered by depth, the deepest nodes first and the root last; ``position`` tells where a node
    stood.

    Args:
        parents: for each tree the number of every node's parent ``[n]``, -1 for the root.
        symbols: for each tree the nodes' symbols ``[n]`` or features ``[n, F]``.
        slots: for each tree which child of its parent a node is ``[n]``, from 0; the root's is
            not read. If ``None``, children of a node are counted as they stand.
        y: one target per tree ``[B]``, or per node ``[N]`` in the order of ``parents``.

    Returns:
        A batch with ``x``, ``edge_index``, ``y``, ``batch``, ``ptr``, ``edge_slot`` ``[E]``
        (int64), and ``position`` ``[N]`` (int64), the number that a node has in ``parents``. Edges
        stand by child.

    Raises:
        TypeError: if the symbols are of another type, or of several.
        ValueError: if a parent is out of range, there is no root or a second one, nodes form a
            cycle, two children share a slot, or lengths differ.
    """
    x, lengths = flatten(symbols)
    up = check_parents(join_rows("parents", parents, lengths), lengths)
    order = _topological_order(up, lengths)
    slot = sibling_ranks(up) if slots is None else check_slots(join_rows("slots", slots, lengths), up, lengths)
    position = np.arange(len(up))
    if order is not None:
        x, y = x[order], y[order] if y is not None and y.dim() and len(y) == len(order) else y
        position, slot = order, slot[order]
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        up = rank[up[order]]
    children = np.flatnonzero(up != np.arange(len(up)))
    position = position - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return assemble(
        x,
        lengths,
        Edges(np.stack([children, up[children]]), lengths - 1),
        {"y": y, "position": torch.from_numpy(position).to(x.device)},
        {"edge_slot": slot[children]},
    )


def _topological_order(parents: IntArray, lengths: IntArray) -> IntArray | None:
    """Nodes with children before parents: by depth in the trees that need it; None where all stand so already."""
    nodes = np.arange(len(parents))
    if (parents >= nodes).all():  # a root is its own parent
        return None
    depth = depths(parents, lengths)
    late = (parents <= nodes) & (depth > 0)
    tree = np.repeat(np.arange(len(lengths)), lengths)
    unsorted = np.bincount(tree[late], minlength=len(lengths)) > 0
    return np.lexsort((np.where(unsorted[tree], -depth, 0), tree))
