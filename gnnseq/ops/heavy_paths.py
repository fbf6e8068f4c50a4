"""Directed acyclic graphs cut into paths and stages: a stage reads earlier stages only.

Everything here is integer arithmetic in NumPy; its loops take a logarithmic number of rounds.
"""

from typing import NamedTuple

import numpy as np

from gnnseq.ops.carry import Ints


class Decomposition(NamedTuple):
    """Every node lies on one path; an edge joins two neighbours of a path, or leads to a path of a later stage.

    Attributes:
        path: path of each node ``[N]``.
        position: place of each node on its path, from 0 in the direction of the edges ``[N]``.
        stage: stage of each node, the same for all nodes of a path ``[N]``.
    """

    path: Ints
    position: Ints
    stage: Ints

    def reversed(self) -> "Decomposition":
        """The decomposition of the graph with every edge turned round."""
        length = np.bincount(self.path)
        return Decomposition(self.path, length[self.path] - 1 - self.position, self.stage.max() - self.stage)


def single_nodes(height: Ints) -> Decomposition:
    """A path of its own for each node, and a stage for each level."""
    return Decomposition(np.arange(len(height)), np.zeros_like(height), height.max() - height)


def heavy_paths(source: Ints, target: Ints, num_nodes: int) -> Decomposition:
    """Heavy paths of a forest with edges from child to parent, in at most log2 N stages.

    The heavy child of a node has the largest subtree. A path's stage is one more than the latest among its light
    children's paths (Sleator and Tarjan 1983).
    """
    parent = np.full(num_nodes, num_nodes)  # N: none
    parent[source] = target
    heavy = _heavy_child(source, target, _subtree_sizes(parent))
    above = np.arange(num_nodes)
    above[heavy[target]] = target
    top, distance = _follow(above)
    is_top = top == np.arange(num_nodes)
    path = (np.cumsum(is_top) - 1)[top]
    position = np.bincount(path)[path] - 1 - distance
    light = np.flatnonzero(is_top & (parent < num_nodes))
    return Decomposition(path, position, _stages(path[light], path[parent[light]], int(path.max()) + 1)[path])


def _subtree_sizes(parent: Ints) -> Ints:
    """Number of nodes of each node's subtree: after k rounds, of those at most 2^k - 1 edges below."""
    num_nodes = len(parent)
    jump = np.append(parent, num_nodes)
    size = np.append(np.ones(num_nodes, dtype=np.int64), 0)
    while (jump < num_nodes).any():
        size += np.bincount(jump, weights=size, minlength=num_nodes + 1).astype(np.int64)
        size[num_nodes] = 0
        jump = jump[jump]
    return size[:-1]


def _heavy_child(source: Ints, target: Ints, size: Ints) -> Ints:
    """The child with the largest subtree of each node that has children; of several the last one."""
    largest = np.zeros_like(size)
    np.maximum.at(largest, target, size[source])
    is_heavy = size[source] == largest[target]
    child = np.full_like(size, -1)
    child[target[is_heavy]] = source[is_heavy]
    return child


def _follow(above: Ints) -> tuple[Ints, Ints]:
    """Where a chain of nodes ends, and after how many steps."""
    distance = (above != np.arange(len(above))).astype(np.int64)
    while not np.array_equal(further := above[above], above):
        distance += distance[above]
        above = further
    return above, distance


def _stages(child: Ints, parent: Ints, num_paths: int) -> Ints:
    """Longest number of edges from a path without children to each path, in as many rounds."""
    stage = np.zeros(num_paths, dtype=np.int64)
    while True:
        before = stage.copy()
        np.maximum.at(stage, parent, before[child] + 1)
        if np.array_equal(stage, before):
            return stage
