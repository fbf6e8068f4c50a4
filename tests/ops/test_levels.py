"""Heights and levels of DAGs, against a definition by recursion."""

import numpy as np
import pytest
import torch
from dags import dag_batches, dag_edges, path_edges, tree_edges
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.ops import carry as carry_module
from gnnseq.ops.levels import cut, height_to_root


def slow_height(edge_index, num_nodes):
    parents = {v: [] for v in range(num_nodes)}
    for source, target in edge_index.t().tolist():
        parents[source].append(target)

    def height(v):
        return 1 + max(map(height, parents[v])) if parents[v] else 0

    return [height(v) for v in range(num_nodes)]


@given(dag_batches())
def test_height_is_the_longest_way_to_a_root(graph):
    edge_index, sizes = graph
    height = height_to_root(*edge_index.numpy(), sum(sizes))
    assert height.tolist() == slow_height(edge_index, sum(sizes))


def test_jumping_and_peeling_agree_on_a_tree():
    edge_index = tree_edges([50])
    twice = torch.cat([edge_index, edge_index], dim=1)  # repeated edges leave the fast way
    left, right = height_to_root(*edge_index.numpy(), 50), height_to_root(*twice.numpy(), 50)
    assert left.tolist() == right.tolist() == slow_height(edge_index, 50)


@given(dag_batches(), st.sampled_from([0, 1, 32]))
def test_levels_carry_what_they_read(graph, copies):
    edge_index, sizes = graph
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carry_module, "_COPIES", copies)
        follow_the_carry(edge_index, sum(sizes))


def far_edges(n):
    """A path to whose end every node has an edge, and every tenth node to the three before it."""
    nodes = torch.arange(n - 1)
    some = nodes[nodes % 10 == 0][:-1]
    target = torch.cat([nodes + 1, torch.full_like(nodes, n - 1), *(torch.full_like(some, n - k) for k in (2, 3, 4))])
    return torch.stack([torch.cat([nodes, nodes, some, some, some]), target])


@pytest.mark.parametrize("n", [30, 80, 200])
def test_levels_of_far_edges_find_what_they_read(n):
    follow_the_carry(far_edges(n), n)


def test_rows_handed_on_are_linear_in_the_edges():
    def rows(n):
        source, target = far_edges(n).numpy()
        levels = cut(source, target, height_to_root(source, target, n)).levels
        return sum(len(level.keep) + len(level.park) for level in levels)

    assert rows(800) < 2.2 * rows(400)


def test_short_waits_are_carried():
    """A lattice reads every state a few levels later: setting each aside would take more operations."""
    nodes = np.arange(100)
    source = np.concatenate([nodes[:-k] for k in (1, 2, 16)])
    target = np.concatenate([nodes[k:] for k in (1, 2, 16)])
    levels = cut(source, target, height_to_root(source, target, 100)).levels
    assert all(len(level.park) == 0 for level in levels)
    assert max(len(level.keep) for level in levels) == 15


def follow_the_carry(edge_index, n):
    """Follows the carry with node numbers as states: every edge finds its source."""
    source, target = edge_index.numpy()
    levels, order, edge_order = cut(source, target, height_to_root(source, target, n))
    assert sorted(order.tolist()) == list(range(n))
    assert sorted(edge_order.tolist()) == list(range(edge_index.size(1)))
    carry, first, edge = np.empty(0, dtype=np.int64), 0, 0
    parked = [[] for _ in levels]
    for number, level in enumerate(levels):
        carry = np.concatenate([carry, *parked[number]])
        nodes = order[first : first + level.size]
        here = edge_order[edge : edge + len(level.child)]
        assert carry[level.child].tolist() == source[here].tolist()
        assert nodes[level.parent].tolist() == target[here].tolist()
        assert nodes[level.leaf].tolist() == [v for v in nodes if v not in target]
        start = 0
        for goal, size in level.goals:
            parked[goal].append(nodes[level.park[start : start + size]])
            start += size
        assert start == len(level.park)
        carry = np.concatenate([nodes, carry[level.keep]])
        first, edge = first + level.size, edge + len(here)
    assert first == n


def test_trees_keep_nothing():
    edge_index = tree_edges([30, 1, 12])
    levels, _, _ = cut(*edge_index.numpy(), height_to_root(*edge_index.numpy(), 43))
    assert all(len(level.keep) == 0 for level in levels)
    assert len(levels) == max(slow_height(edge_index, 43)) + 1


@pytest.mark.parametrize("extra", [[], [[0, 2]]], ids=["one target each", "several targets"])
def test_cycle_is_named(extra):
    edges = torch.tensor([[0, 1], [1, 2], [2, 3], [3, 1], *extra]).t()
    with pytest.raises(
        ValueError,
        match=r"cycle.* 1 -> 2 -> 3 -> 1|cycle.* 2 -> 3 -> 1 -> 2|cycle.* 3 -> 1 -> 2 -> 3",
    ):
        height_to_root(*edges.numpy(), 4)


def test_self_loop_is_a_cycle():
    with pytest.raises(ValueError, match="cycle, expected a directed acyclic graph: 2 -> 2"):
        height_to_root(np.array([0, 2]), np.array([1, 2]), 3)


def test_long_cycle_is_shortened():
    nodes = np.arange(100)
    with pytest.raises(ValueError, match=r"-> \.\.\. ->") as error:
        height_to_root(nodes, (nodes + 1) % 100, 100)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("edges", [path_edges([20000]), dag_edges([1])])
def test_extreme_sizes(edges):
    n = edges.size(1) + 1
    assert height_to_root(*edges.numpy(), n).tolist() == list(range(n - 1, -1, -1))
