"""Which graph of a batch each node belongs to, read from the edges alone."""

import numpy as np

from gnnseq.ops.carry import Ints


def components(source: Ints, target: Ints, num_nodes: int) -> Ints:
    """The weakly connected component of each node, numbered in the order of the components' first nodes.

    Every round hooks the larger of two neighbouring labels to the smaller and shortens all chains, so a path of
    any length takes a logarithmic number of rounds.
    """
    label = np.arange(num_nodes)
    while True:
        low = np.minimum(label[source], label[target])
        high = np.maximum(label[source], label[target])
        apart = low != high
        if not apart.any():
            break
        np.minimum.at(label, high[apart], low[apart])
        while not np.array_equal(shorter := label[label], label):
            label = shorter
    return count_labels(label)


def count_labels(label: Ints) -> Ints:
    """Numbers 0, 1, 2 ... in place of labels, each of which is the first node that carries it."""
    is_first = label == np.arange(len(label))
    number: Ints = (np.cumsum(is_first.astype(np.int64)) - 1)[label]
    return number


def trees(root: Ints) -> Ints:
    """`components` of a forest, from the root of each node."""
    nodes = np.arange(len(root))
    first = np.empty_like(nodes)
    first[root[::-1]] = nodes[::-1]  # of several values the last one stays
    return count_labels(first[root])
