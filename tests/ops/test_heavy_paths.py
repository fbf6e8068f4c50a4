"""Heavy paths against their definition by recursion."""

import numpy as np
import pytest
import torch
from dags import path_edges, tree_edges
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.ops.heavy_paths import Decomposition, heavy_paths, single_nodes


def check(edges, n, found):
    """Every path is a chain of edges in ascending positions, and every other edge leads to a later stage."""
    source, target = edges.numpy()
    path, position, stage = found
    along = path[source] == path[target]
    assert (position[target][along] == position[source][along] + 1).all()
    assert (stage[target][along] == stage[source][along]).all()
    assert (stage[target][~along] > stage[source][~along]).all()
    assert along.sum() == n - path.max() - 1  # a path of k nodes has k - 1 edges
    assert sorted(set(path.tolist())) == list(range(path.max() + 1))
    assert stage.min() == 0


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(0, 2**31))
def test_heavy_paths_of_random_forests(sizes, seed):
    torch.manual_seed(seed)
    n = sum(sizes)
    new = torch.randperm(n)
    edges = new[tree_edges(sizes)]
    found = heavy_paths(*edges.numpy(), n)
    check(edges, n, found)
    check(edges.flip(0), n, found.reversed())
    assert found.stage.max() <= np.log2(n)
    parent = dict(edges.t().tolist())
    size = [1] * n
    for v in new.tolist():  # children have lower numbers before they are renumbered
        if v in parent:
            size[parent[v]] += size[v]
    for v in range(n):
        children = [u for u, p in parent.items() if p == v]
        chosen = [size[u] for u in children if found.path[u] == found.path[v]]
        assert chosen == sorted((size[u] for u in children), reverse=True)[:1]


def test_a_path_is_one_path_and_a_caterpillar_has_two_stages():
    found = heavy_paths(*path_edges([1000]).numpy(), 1000)
    assert found.path.tolist() == [0] * 1000
    assert found.position.tolist() == list(range(1000))
    spine = torch.arange(50)
    edges = torch.cat([torch.stack([spine[:-1], spine[1:]]), torch.stack([spine + 50, spine])], dim=1)
    stage = heavy_paths(*edges.numpy(), 100).stage
    assert stage[1:50].tolist() == [1] * 49
    assert stage[51:].tolist() == [0] * 49


@pytest.mark.parametrize("n", [1, 3])
def test_without_edges_each_node_is_a_path(n):
    none = np.empty(0, dtype=np.int64)
    for found in (heavy_paths(none, none, n), single_nodes(np.zeros(n, dtype=np.int64))):
        assert isinstance(found, Decomposition)
        assert [part.tolist() for part in found] == [list(range(n)), [0] * n, [0] * n]


def test_levels_are_stages_of_single_nodes():
    found = single_nodes(np.array([2, 0, 1]))
    assert found.stage.tolist() == [0, 2, 1]
    assert found.reversed().stage.tolist() == [2, 0, 1]
