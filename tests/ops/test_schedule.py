"""Which graphs are paths, which node is a root, and what is refused."""

import pytest
import torch
from dags import batch_vector, dag_edges, path_edges, renumbered, tree_edges

from gnnseq.ops import Schedule


def roots_of(edge_index, num_nodes):
    return [v for v in range(num_nodes) if v not in edge_index[0].tolist()]


@pytest.mark.parametrize("lengths", [[5, 5], [3, 1, 4], [1, 1]])
def test_paths_are_recognised_whatever_the_numbers(lengths):
    n = sum(lengths)
    numbers = torch.randperm(n)
    schedule = Schedule(renumbered(path_edges(lengths), numbers), n)
    assert schedule.paths is not None
    x = torch.arange(n)
    dense = schedule.paths.dense(x.view(-1, 1)).squeeze(-1)
    found = sorted(row[:length].tolist() for row, length in zip(dense, schedule.paths.length, strict=True))
    assert found == sorted(part.tolist() for part in numbers.split(lengths))
    assert schedule.num_graphs == len(lengths)
    assert sorted(schedule.root_of_graph.tolist()) == sorted(part[-1].item() for part in numbers.split(lengths))
    assert repr(schedule) == f"Schedule(nodes={n}, edges={n - len(lengths)}, paths)"


def test_other_graphs_go_level_by_level():
    for edges in (
        torch.tensor([[0, 1], [2, 2]]),
        torch.tensor([[0, 0], [1, 2]]),
        torch.tensor([[0, 0], [1, 1]]),
    ):
        assert Schedule(edges, 3).paths is None
    assert repr(Schedule(torch.tensor([[0, 1], [2, 2]]), 3)) == "Schedule(nodes=3, edges=2, levels=2)"


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_paths_follow_the_batch(order):
    """The numbers of the graphs count, not the order in which their nodes come."""
    batch = torch.tensor(order)[batch_vector([2, 3])]
    schedule = Schedule(path_edges([2, 3]), 5, batch)
    assert schedule.paths.length.tolist() == [[2, 3][graph] for graph in order]
    assert schedule.root_of_graph.tolist() == [[1, 4][graph] for graph in order]
    assert schedule.graph.tolist() == batch.tolist()


def test_two_paths_in_one_graph_are_no_batch_of_paths():
    schedule = Schedule(path_edges([2, 3]), 5, torch.zeros(5, dtype=torch.long))
    assert schedule.paths is None
    assert schedule.num_graphs == 1
    assert schedule.root_of_graph is None
    assert schedule.at_roots(torch.eye(5)).tolist() == [[0.0, 0.5, 0.0, 0.0, 0.5]]


def test_graphs_without_a_batch_are_components():
    edges = torch.cat([dag_edges([4], 1.0), dag_edges([3], 1.0) + 4], dim=1)
    schedule = Schedule(edges, 9)  # nodes 7 and 8 are isolated
    assert schedule.graph.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 3]
    assert schedule.roots.tolist() == [3, 6, 7, 8]
    assert schedule.at_roots(torch.arange(9.0).view(9, 1)).view(-1).tolist() == [3, 6, 7, 8]


def test_graph_without_nodes_has_a_zero_state():
    schedule = Schedule(path_edges([2]), 2, torch.tensor([1, 1]))
    assert schedule.at_roots(torch.ones(2, 1)).tolist() == [[0.0], [1.0]]


def test_reversed():
    edges = tree_edges([6, 4])
    schedule = Schedule(edges, 10)
    back = schedule.reversed()
    assert torch.equal(back.edge_index, edges.flip(0))
    assert back.reversed() is schedule
    assert schedule.reversed() is back
    assert back.roots.tolist() == roots_of(edges.flip(0), 10)
    assert torch.equal(back.graph, schedule.graph)


def test_from_edge_index_shares():
    schedule = Schedule(path_edges([3]), 3)
    assert Schedule.from_edge_index(schedule, 3) is schedule
    with pytest.raises(ValueError, match="the Schedule is of 3 nodes, but x has 4"):
        Schedule.from_edge_index(schedule, 4)


@pytest.mark.parametrize(
    ("edges", "num_nodes", "batch", "message"),
    [
        ([[0, 1, 2], [1, 2, 0]], 3, None, "edge_index has a cycle, .*: 0 -> 1 -> 2 -> 0"),
        ([[0, 1, 2, 0], [1, 2, 0, 2]], 3, None, "edge_index has a cycle"),
        ([[0], [0]], 1, None, "cycle, expected a directed acyclic graph: 0 -> 0"),
        ([[0], [7]], 5, None, "edge_index refers to node 7 of 5"),
        ([[], []], 0, None, "num_nodes is 0, expected at least 1"),
        ([[0], [1]], 2, [0, 0, 0], r"batch has shape \[3\], expected \[2\], one per node"),
        ([[0], [1]], 2, [0.0, 0.0], r"batch has dtype torch.float32, expected torch.int64"),
        ([[0], [1]], 2, [0, -3], "batch has graph -3, expected numbers from 0 on"),
        ([[0, 1], [1, 2]], 3, [0, 0, 1], "batch gives node 1 to graph 0 and node 2 to graph 1, but edge 1 joins them"),
        ([[0, 1], [2, 2]], 3, [1, 0, 1], "batch gives node 1 to graph 0 and node 2 to graph 1, but edge 1 joins them"),
        ([[0, 1], [1, 2], [2, 0]], 3, None, r"edge_index has shape \[3, 2\], expected \[2, E\]"),
        ([[0.0], [1.0]], 2, None, "edge_index has dtype torch.float32, expected torch.int64"),
    ],
)
def test_bad_input(edges, num_nodes, batch, message):
    edges = torch.tensor(edges) if edges[0] else torch.empty(2, 0, dtype=torch.long)
    batch = None if batch is None else torch.tensor(batch)
    with pytest.raises(ValueError, match=message):
        Schedule(edges, num_nodes, batch)


def test_what_is_no_tensor():
    with pytest.raises(TypeError, match=r"edge_index is a list, expected a tensor \[2, E\] or a sparse matrix"):
        Schedule([[0], [1]], 2)
    with pytest.raises(TypeError, match=r"batch is a list, expected a tensor \[2\]"):
        Schedule(torch.tensor([[0], [1]]), 2, [0, 0])


def test_sparse_matrix():
    matrix = torch.sparse_coo_tensor(torch.tensor([[2, 2], [0, 1]]), torch.ones(2), (3, 3))  # one row per target
    assert Schedule(matrix, 3).edge_index.tolist() == [[0, 1], [2, 2]]
