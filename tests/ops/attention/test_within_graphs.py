"""Padding of graphs whose sizes differ, and the transitive closure."""

import networkx as nx
import pytest
import torch
from dags import batch_vector, dag_batches, path_edges
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from gnnseq.ops import Schedule
from gnnseq.ops.attention.within_graphs import WithinGraphs

some_sizes = st.lists(st.sampled_from([1, 2, 3, 5, 8, 9, 17, 33, 64]), min_size=1, max_size=12)


def rows(n):
    return torch.randn(n, 2, 3, dtype=torch.float64)


def softmax_over(read, q, k, v):
    """Attention of all nodes of a batch with a mask over all pairs ``[N, N]``."""
    scores = torch.einsum("ihd,jhd->hij", q, k) / 3**0.5
    weight = scores.masked_fill(~read, float("-inf")).softmax(-1)
    return torch.einsum("hij,jhd->ihd", weight, v)


@settings(max_examples=40)
@given(some_sizes, st.booleans())
def test_all_pairs_of_any_sizes(sizes, mixed):
    batch = batch_vector(sizes)
    batch = batch[torch.randperm(len(batch))] if mixed else batch
    q, k, v = (rows(len(batch)) for _ in range(3))
    attend = WithinGraphs.all_pairs(batch)
    assert_close(attend(q, k, v), softmax_over(batch.unsqueeze(1) == batch, q, k, v))
    padded = sum(block.layout.num_paths * block.layout.num_steps**2 for block in attend.blocks)
    assert padded <= 4 * sum(size**2 for size in sizes)


@settings(max_examples=40)
@given(some_sizes, st.booleans())
def test_paths_of_any_sizes(sizes, mixed):
    edges, n = path_edges(sizes), sum(sizes)
    batch, place = batch_vector(sizes), torch.cat([torch.arange(size) for size in sizes])
    number = torch.randperm(n) if mixed else torch.arange(n)
    q, k, v = (rows(n) for _ in range(3))
    attend = WithinGraphs.ancestors(Schedule(number[edges], n, batch[number.argsort()]))
    assert attend.causal
    read = (batch.unsqueeze(1) == batch) & (place.unsqueeze(1) >= place)
    order = number.argsort()
    out = attend(*(part[order] for part in (q, k, v)))
    assert_close(out[number], softmax_over(read, q, k, v))


@settings(max_examples=60)
@given(dag_batches())
def test_the_closure_is_that_of_networkx(batch):
    edges, sizes = batch
    n = sum(sizes)
    graph = nx.DiGraph(edges.t().tolist())
    graph.add_nodes_from(range(n))
    read = torch.eye(n, dtype=torch.bool)
    for v in range(n):
        read[v, list(nx.ancestors(graph, v))] = True
    q, k, v = (rows(n) for _ in range(3))
    for graphs in (batch_vector(sizes), None):
        assert_close(WithinGraphs.ancestors(Schedule(edges, n, graphs))(q, k, v), softmax_over(read, q, k, v))


@pytest.mark.parametrize("length", [2, 3, 4, 5, 8, 9, 17, 31, 32, 33])
def test_the_closure_of_long_ways(length):
    """Longest ways at and around powers of two, in a graph that is no path, beside many small ones."""
    edges = torch.cat([path_edges([length]), torch.tensor([[0], [length]])], dim=1)
    n = length + 41
    q, k, v = (rows(n) for _ in range(3))
    read = torch.eye(n, dtype=torch.bool)
    read[:length, :length] = torch.ones(length, length).tril() > 0
    read[length, 0] = True
    attend = WithinGraphs.ancestors(Schedule(edges, n))
    assert not attend.causal
    assert_close(attend(q, k, v), softmax_over(read, q, k, v))


def test_one_large_graph_does_not_pad_the_others():
    batch = batch_vector([600] + [1] * 600)
    attend = WithinGraphs.all_pairs(batch)
    assert [list(block.layout.length.shape) for block in attend.blocks] == [[600], [1]]
    assert all(block.mask is None for block in attend.blocks)


def test_equal_paths_are_not_moved():
    (block,) = WithinGraphs.ancestors(Schedule(path_edges([7, 7]), 14)).blocks
    assert (block.nodes, block.layout.index, block.mask) == (None, None, None)
