import networkx as nx
import pytest
import torch
from dags import dag_batches
from hypothesis import given, settings
from torch import nn
from torch_geometric.data import Data

from gnnseq.analysis import chebyshev_hops, hop_distance, hops_needed, influence, layers_needed, reach
from gnnseq.graphs import balanced_tree_batch, dilated_batch, path_batch
from gnnseq.layers import GCN, GCRN
from gnnseq.models import RoundsEncoder


def random_edges(num_nodes, count):
    return torch.randint(0, num_nodes, (2, count))


@pytest.mark.parametrize("number", range(5))
def test_hops_are_the_shortest_ways(number):
    edges = random_edges(9, 4 + 4 * number)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(9))
    graph.add_edges_from(edges.t().tolist())
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    hops = hop_distance(edges, 9)
    for source in range(9):
        for target in range(9):
            assert hops[target, source] == lengths[source].get(target, -1)
    cut = hop_distance(edges, 9, max_hops=2)
    assert torch.equal(cut, torch.where(hops <= 2, hops, -1))


@pytest.mark.parametrize("layers", [0, 1, 2, 5])
@pytest.mark.parametrize("self_loops", [True, False])
def test_reach_is_the_pattern_of_matrix_powers(layers, self_loops):
    edges = random_edges(8, 14)
    matrix = torch.zeros(8, 8)
    matrix[edges[1], edges[0]] = 1.0
    if self_loops:
        matrix += torch.eye(8)
    expected = torch.linalg.matrix_power(matrix, layers) > 0
    assert torch.equal(reach(edges, layers, 8, self_loops=self_loops), expected)
    assert torch.equal(reach([edges] * layers, layers, 8, self_loops=self_loops), expected)


def test_a_recurrence_reaches_all_ancestors():
    paths = path_batch(torch.zeros(2, 5, dtype=torch.long))
    expected = torch.block_diag(torch.ones(5, 5).tril(), torch.ones(5, 5).tril()) > 0
    assert torch.equal(reach(paths.edge_index, None, 10), expected)


def test_edges_of_weight_zero_carry_nothing():
    edges = torch.tensor([[0, 1], [1, 2]])
    assert hop_distance(edges, 3, edge_weight=torch.tensor([1.0, 0.0])).tolist() == [
        [0, -1, -1],
        [1, 0, -1],
        [-1, -1, 0],
    ]


def test_hops_a_task_needs():
    digits = torch.zeros(1, 17, dtype=torch.long)
    first, last = torch.tensor([0]), torch.tensor([16])
    assert hops_needed(path_batch(digits).edge_index, first, last, 17) == 16
    assert hops_needed(dilated_batch(digits).edge_index, first, last, 17) == 1
    tree = balanced_tree_batch(digits, empty=10)
    assert hops_needed(tree.edge_index, first, torch.tensor([32]), 33) == 5
    assert hops_needed(path_batch(digits).edge_index, last, first, 17) == -1


def test_layers_needed():
    assert [layers_needed(h) for h in (0, 1, 5)] == [0, 1, 5]
    assert layers_needed(5, K=4) == 2
    assert chebyshev_hops(4, num_layers=2) == 6


@settings(max_examples=25)
@given(dag_batches())
def test_reach_grows_with_depth_up_to_the_ancestors(batch):
    edges, num_nodes = batch[0], sum(batch[1])
    everything = reach(edges, None, num_nodes)
    before = torch.eye(num_nodes, dtype=torch.bool)
    for layers in range(1, num_nodes + 1):
        now = reach(edges, layers, num_nodes)
        assert (now | ~before).all()
        before = now
    assert torch.equal(before, everything)


def test_bad_input():
    edges = torch.tensor([[0], [5]])
    with pytest.raises(ValueError, match="edge_index refers to node 5 of 3"):
        hop_distance(edges, 3)
    with pytest.raises(ValueError, match="lists 1 graphs, expected 2"):
        reach([torch.tensor([[0], [1]])], 2, 3)
    with pytest.raises(ValueError, match="hops is -1"):
        layers_needed(-1)
    with pytest.raises(ValueError, match="K is 1, expected at least 2"):
        layers_needed(3, K=1)


def test_layers_with_different_graphs_reach_what_their_product_does():
    graphs = [random_edges(8, 9) for _ in range(3)]
    product = torch.eye(8)
    for edges in graphs:
        matrix = torch.eye(8)
        matrix[edges[1], edges[0]] = 1.0
        product = matrix @ product
    assert torch.equal(reach(graphs, 3, 8), product > 0)
    assert not torch.equal(reach(graphs, 3, 8), reach(graphs[::-1], 3, 8))


@pytest.mark.parametrize("K", [1, 2, 4])
def test_reach_is_where_influence_is_for_chebyshev_filters_in_steps(K):
    edges = torch.tensor([[0, 1, 2, 3, 4, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0, 1, 2, 3, 4]])
    data = Data(x=torch.randn(6, 3).double(), edge_index=edges, edge_weight=None)
    encoder = RoundsEncoder(GCRN(3, 4, K=K), 2).double()
    found = influence(lambda data: encoder(data.x, data), data)
    assert torch.equal(found > 0, reach(edges, chebyshev_hops(K, 2), 6))


def test_reach_is_where_influence_is_for_weights_that_are_zero():
    edges = torch.tensor([[0, 1, 2, 1, 2, 3], [1, 2, 3, 0, 1, 2]])
    weight = torch.tensor([1.0, 0.0, 2.0, 1.0, 0.0, 2.0]).double()
    data = Data(x=torch.randn(4, 3).double(), edge_index=edges, edge_weight=weight)
    found = influence(GCN(3, 4, 2, activation=nn.Tanh()).double(), data)
    assert torch.equal(found > 0, reach(edges, 2, 4, weight))
