"""Weakly connected components, against networkx."""

import networkx as nx
import torch
from dags import dag_batches, path_edges, renumbered
from hypothesis import given

from gnnseq.ops.components import components


def expected(edge_index, num_nodes):
    graph = nx.Graph(edge_index.t().tolist())
    graph.add_nodes_from(range(num_nodes))
    found = sorted(nx.connected_components(graph), key=min)
    return [next(i for i, nodes in enumerate(found) if v in nodes) for v in range(num_nodes)]


@given(dag_batches())
def test_components(graph):
    edge_index, sizes = graph
    n = sum(sizes)
    assert components(*edge_index.numpy(), n).tolist() == expected(edge_index, n)
    edge_index = renumbered(edge_index, torch.randperm(n))
    assert components(*edge_index.numpy(), n).tolist() == expected(edge_index, n)


def test_a_long_shuffled_path_is_one():
    edge_index = renumbered(path_edges([30000, 7]), torch.randperm(30007))
    found = components(*edge_index.numpy(), 30007)
    assert sorted(torch.bincount(torch.from_numpy(found)).tolist()) == [7, 30000]
