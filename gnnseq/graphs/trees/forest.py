"""Arrays of parents: checks, depths, places among siblings. Roots are their own parents here."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.sequences import IntArray, place_of
from gnnseq.data.trees.heads import name_cycle


def join_rows(name: str, rows: Sequence[Tensor], lengths: IntArray) -> IntArray:
    """Rows of integers end to end; each must be as long as its sequence."""
    if len(rows) != len(lengths):
        raise ValueError(f"{name} has {len(rows)} rows, expected {len(lengths)}, one per tree")
    for kind in set(map(type, rows)):
        if not issubclass(kind, Tensor):
            row = list(map(type, rows)).index(kind)
            raise TypeError(f"{name}[{row}] is a {kind.__name__}, expected a tensor of integers")
    expected = lengths.tolist()
    if set(map(Tensor.dim, rows)) == {1} and list(map(Tensor.numel, rows)) == expected:
        joined = torch.cat(list(rows))
        if not joined.is_floating_point():
            return joined.long().cpu().numpy()
    for row, length in zip(range(len(rows)), expected, strict=True):
        if rows[row].shape != (length,) or rows[row].is_floating_point():
            shape, dtype = list(rows[row].shape), rows[row].dtype
            raise ValueError(f"{name}[{row}] is {dtype} {shape}, expected {length} integers")
    return torch.cat(list(rows)).long().cpu().numpy()


def check_parents(parents: IntArray, lengths: IntArray) -> IntArray:
    """Parents in the numbering of the batch, from parents in that of each tree, -1 for roots.

    Raises:
        ValueError: if a parent is out of range or the node itself, or a tree has several roots.
    """
    first = np.cumsum(lengths) - lengths
    tree = np.repeat(np.arange(len(lengths)), lengths)
    outside = np.flatnonzero((parents < -1) | (parents >= lengths[tree]))
    if len(outside):
        row = tree[outside[0]]
        raise ValueError(
            f"parents[{row}] refers to node {parents[outside[0]]} of {lengths[row]}, expected -1 for the root or a node"
        )
    roots = np.flatnonzero(parents < 0)
    extra = np.flatnonzero(tree[roots][1:] == tree[roots][:-1])
    if len(extra):
        one, two = roots[extra[0]], roots[extra[0] + 1]
        row, start = tree[one], first[tree[one]]
        raise ValueError(f"parents[{row}] has roots {one - start} and {two - start}, expected one root")
    nodes = np.arange(len(parents))
    joined = np.where(parents < 0, nodes, parents + first[tree])
    own = np.flatnonzero((joined == nodes) & (parents >= 0))
    if len(own):
        _raise_cycle(int(own[0]), joined, lengths)
    return joined


def depths(parents: IntArray, lengths: IntArray) -> IntArray:
    """Edges from every node to its root, by pointer jumping.

    Raises:
        ValueError: if a node never gets to a root.
    """
    ancestor = parents
    depth: IntArray = (parents != np.arange(len(parents))).astype(np.int64)
    for _ in range(int(lengths.max()).bit_length()):
        depth = depth + depth[ancestor]
        ancestor = ancestor[ancestor]
    lost = np.flatnonzero(parents[ancestor] != ancestor)
    if len(lost):
        _raise_cycle(int(ancestor[lost[0]]), parents, lengths)
    return depth


def sibling_ranks(parents: IntArray) -> IntArray:
    """How many nodes with the same parent stand before a node; 0 for roots."""
    ranks = np.zeros_like(parents)
    children = np.flatnonzero(parents != np.arange(len(parents)))
    key = parents[children]
    if len(parents) <= 2**16:
        key = key.astype(np.uint16)  # which NumPy sorts by radix
    children = children[np.argsort(key, kind="stable")]
    families = np.bincount(parents[children])
    ranks[children] = np.arange(len(children)) - (np.cumsum(families) - families)[parents[children]]
    return ranks


def check_slots(slots: IntArray, parents: IntArray, lengths: IntArray) -> IntArray:
    """Slots as given.

    Raises:
        ValueError: if one is negative, or two children share one.
    """
    children = np.flatnonzero(parents != np.arange(len(parents)))
    children = children[np.lexsort((slots[children], parents[children]))]
    parent, slot = parents[children], slots[children]
    shared = np.flatnonzero((parent[1:] == parent[:-1]) & (slot[1:] == slot[:-1]))
    negative = np.flatnonzero(slot < 0)
    if len(negative):
        row, node = place_of(lengths, int(children[negative[0]]))
        raise ValueError(f"slots[{row}] is {slot[negative[0]]} at node {node}, expected >= 0")
    if len(shared):
        row, node = place_of(lengths, int(parent[shared[0]]))
        raise ValueError(f"slots[{row}] gives two children of node {node} slot {slot[shared[0]]}")
    return slots


def _raise_cycle(node: int, parents: IntArray, lengths: IntArray) -> None:
    cycle = [node]
    while (node := int(parents[node])) != cycle[0]:
        cycle.append(node)
    row, place = place_of(lengths, node)
    named = name_cycle([one - node + place for one in cycle])
    raise ValueError(f"parents[{row}] has the cycle {named}, expected a tree")
