import networkx as nx
import numpy as np
import pytest
import torch
from graph_checks import assert_root_last, assert_same_batch
from torch_geometric.data import Data

from gnnseq.data import ListOpsTrees
from gnnseq.data.synthetic.neighbours import NeighborsMatchDataset
from gnnseq.data.synthetic.networks import BlockModelDataset
from gnnseq.graphs import balanced_tree_batch, parse_batch, path_batch
from gnnseq.graphs.native import both_ways, match_tree_batch, network_batch, signal_batch, space_time_batch


def edges_of(data):
    return set(map(tuple, data.edge_index.t().tolist()))


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_networks_are_their_graphs_one_by_one(probability):
    features, adjacency, labels = BlockModelDataset(2, 4, 1, probabilities=(probability, probability))[:6]
    graphs = []
    for x, joined, y in zip(features, adjacency, labels, strict=True):
        ends = [(u, v) for u in range(8) for v in range(8) if joined[u, v]]
        graphs.append(Data(x=x, edge_index=torch.tensor(ends, dtype=torch.long).reshape(-1, 2).t().contiguous(), y=y))
    assert_same_batch(network_batch(features, adjacency, labels), graphs)


def test_a_network_without_edges_or_targets_and_with_symbols():
    batch = network_batch(torch.arange(3).expand(2, 3), torch.zeros(2, 3, 3))
    assert batch.x.tolist() == [0, 1, 2, 0, 1, 2]
    assert batch.edge_index.shape == (2, 0)
    assert "y" not in batch


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_tree_of_neighbours_has_its_leaves_and_its_root(depth):
    features, answers = NeighborsMatchDataset(depth)[:3]
    batch = match_tree_batch(features, answers)
    assert_root_last(batch)
    leaves = 2**depth
    for data, nodes, answer in zip(batch.to_data_list(), features, answers, strict=True):
        graph = nx.DiGraph(edges_of(data))
        assert set(dict(graph.in_degree()).values()) == {0, 2}
        distance = nx.single_source_shortest_path_length(graph.reverse(), 2 * leaves - 2)
        assert {distance[leaf] for leaf in range(leaves)} == {depth}
        assert torch.equal(data.x[:leaves], nodes[:-1])
        assert torch.equal(data.x[-1], nodes[-1])
        assert not data.x[leaves:-1].any()
        assert data.y.tolist() == [int(answer)]


def test_match_trees_are_made_anew():
    features, answers = NeighborsMatchDataset(2)[:3]
    kept = features.clone()
    match_tree_batch(features, answers).x.zero_()
    assert torch.equal(features, kept)


@pytest.mark.parametrize(
    "batch",
    [
        path_batch(torch.arange(12).reshape(3, 4), y=torch.arange(3)),
        path_batch([torch.arange(2), torch.arange(1), torch.arange(5)], y=torch.arange(8)),
        balanced_tree_batch(torch.rand(2, 5, 3)),
        parse_batch(ListOpsTrees(seed=1)[:4]),
    ],
)
def test_both_ways_is_networkxs_undirected_graph(batch):
    double = both_ways(batch)
    assert "edge_slot" not in double
    assert set(double.keys()) >= set(batch.keys()) - {"edge_slot"}
    for one, two in zip(batch.to_data_list(), double.to_data_list(), strict=True):
        graph = nx.Graph(edges_of(one))
        assert edges_of(two) == set(graph.to_directed().edges)
        assert two.edge_index.size(1) == 2 * one.edge_index.size(1)
        assert torch.equal(one.x, two.x)
        if "y" in one:
            assert torch.equal(one.y, two.y)


def test_a_graph_over_space_and_time():
    series = torch.rand(2, 3, 4)
    adjacency = torch.tensor([[0.0, 2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    y = torch.rand(2, 3)
    batch = space_time_batch(series, adjacency, y)
    graphs = []
    for values, targets in zip(series, y, strict=True):
        ends = [(3 * t + u, 3 * t + 3 + v) for t in range(4) for u in range(3) for v in range(3)
                if u == v or adjacency[u, v]]  # fmt: skip
        x = [[float(values[v, t]) if t < 4 else 0.0] for t in range(5) for v in range(3)]
        wanted = torch.full((15,), torch.nan)
        wanted[-3:] = targets
        graphs.append(Data(x=torch.tensor(x), edge_index=torch.tensor(ends).t().contiguous(), y=wanted))
    assert_same_batch(batch, graphs)


def test_signals_have_their_graph():
    series, y = torch.rand(2, 3, 4), torch.rand(2, 3)
    adjacency = torch.tensor([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    batch = signal_batch(series, adjacency, y)
    assert torch.equal(batch.x, series.reshape(6, 4, 1))
    assert torch.equal(batch.y, y.flatten())
    assert edges_of(batch) == {(0, 1), (1, 0), (1, 2), (2, 1), (3, 4), (4, 3), (4, 5), (5, 4)}
    assert np.array_equal(batch.ptr.numpy(), [0, 3, 6])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: network_batch(torch.rand(2, 3, 1), torch.ones(2, 3, 4)),
            r"adjacency has shape .* expected \[2, 3, 3\]",
        ),
        (lambda: network_batch(torch.rand(2, 3, 1), torch.ones(2, 3, 3), torch.ones(3)), r"y has shape \[3\]"),
        (lambda: match_tree_batch(torch.rand(2, 2, 4)), r"features has shape \[2, 2, 4\], expected \[B, K \+ 1, F\]"),
        (lambda: signal_batch(torch.rand(2, 3, 4), torch.ones(2, 2)), r"adjacency has shape \[2, 2\]"),
        (lambda: space_time_batch(torch.rand(2, 3, 4), torch.ones(4, 4)), r"adjacency has shape \[4, 4\]"),
    ],
)
def test_shapes_that_do_not_fit(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: network_batch(torch.rand(3), torch.ones(3, 3)), r"features has shape \[3\], expected \[B, n, F\]"),
        (lambda: network_batch(torch.rand(1, 2, 1), torch.ones(1, 2, 2).to_sparse()), "adjacency is a sparse tensor"),
        (lambda: network_batch(torch.rand(1, 2, 1), torch.full((1, 2, 2), torch.nan)), "adjacency has NaN"),
        (lambda: signal_batch(torch.rand(3, 4), torch.ones(3, 3)), r"series has shape \[3, 4\], expected \[B, N, L\]"),
        (lambda: signal_batch(torch.rand(1, 2, 4), torch.full((2, 2), torch.nan)), "adjacency has NaN"),
        (lambda: space_time_batch(torch.rand(3, 4), torch.ones(3, 3)), r"series has shape \[3, 4\]"),
        # As many values in another order: three series of two nodes for two of three.
        (
            lambda: space_time_batch(torch.rand(2, 3, 4), torch.ones(3, 3), torch.rand(3, 2)),
            r"y is torch.float32 \[3, 2\], expected floats \[2, 3\]",
        ),
        (
            lambda: space_time_batch(torch.rand(2, 3, 4), torch.ones(3, 3), torch.ones(2, 3, dtype=torch.long)),
            r"y is torch.int64 \[2, 3\], expected floats \[2, 3\]",
        ),
    ],
)
def test_values_that_do_not_fit(build, message):
    with pytest.raises(ValueError, match=message):
        build()
