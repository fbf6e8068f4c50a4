"""Nodes and edges in the order of the levels."""

import pytest
import torch
from dags import dag_edges, tree_edges

from gnnseq.ops.level_order import LevelOrder


@pytest.fixture(params=["dag", "forest"])
def order(request):
    sizes = [7, 1, 5]
    edges = dag_edges(sizes, 0.4) if request.param == "dag" else tree_edges(sizes)
    return LevelOrder(edges[:, torch.randperm(edges.size(1))], sum(sizes))


def depth(order):
    """Of each node: the longest way to a node without outgoing edges, by asking all its targets."""
    targets = {n: order.edge_index[1][order.edge_index[0] == n].tolist() for n in range(order.num_nodes)}
    found = {}
    for node in reversed(range(order.num_nodes)):  # edges go from lower to higher numbers
        found[node] = max((found[t] + 1 for t in targets[node]), default=0)
    return found


def test_levels_hold_the_nodes_by_their_distance_from_the_end(order):
    found = depth(order)
    sizes = [level.size for level in order.levels]
    parts = [part.tolist() for part in order.order.split(sizes)]
    assert [{found[n] for n in part} for part in parts] == [{h} for h in range(max(found.values()), -1, -1)]
    assert sorted(n for part in parts for n in part) == list(range(order.num_nodes))


def test_places_are_the_inverse_of_orders(order):
    nodes = torch.arange(order.num_nodes)
    assert torch.equal(order.order[order.inverse_order], nodes)
    assert torch.equal(order.scan_order[order.scan_place], nodes)
    assert sorted(order.edge_order.tolist()) == list(range(order.edge_index.size(1)))


def test_leaves_come_first_in_a_scan(order):
    leaves = set(range(order.num_nodes)) - set(order.edge_index[1].tolist())
    assert set(order.order[order.is_leaf].tolist()) == leaves
    assert set(order.scan_order[: len(leaves)].tolist()) == leaves
    assert torch.equal(order.scan_order[len(leaves) :], order.order[~order.is_leaf])


def test_every_edge_stands_in_the_level_of_its_target(order):
    position = iter(order.edge_order.tolist())
    first = 0
    for level in order.levels:
        for place in level.parent.tolist():
            assert order.order[first + place] == order.edge_index[1, next(position)]
        first += level.size
    assert next(position, None) is None


def test_a_forest_has_one_way_from_every_node():
    assert LevelOrder(torch.tensor([[0, 1], [2, 2]]), 3).is_forest
    assert not LevelOrder(torch.tensor([[0, 0], [1, 2]]), 3).is_forest


def test_small_arrays_become_tensors_together(order):
    parts = [level.child for level in order.arrays.levels]
    assert [part.tolist() for part in order.to_tensors(parts)] == [part.tolist() for part in parts]
    assert len(order.to_tensors([])) == 0


def test_a_cycle_is_named():
    with pytest.raises(ValueError, match="cycle"):
        _ = LevelOrder(torch.tensor([[0, 1], [1, 0]]), 2).levels


def test_incoming_edges_and_leaves(order):
    targets = order.edge_index[1].tolist()
    assert order.in_degree.tolist() == [targets.count(v) for v in range(order.num_nodes)]
    assert order.leaves.tolist() == [v for v in range(order.num_nodes) if v not in targets]
