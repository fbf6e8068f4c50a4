import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.graphs import balanced_tree_batch, dilated_batch, edges, path_batch
from gnnseq.graphs.edges import (
    Edges,
    concatenate,
    connect,
    count_from,
    hops_apart,
    loops,
    orient,
)

PAIRS = st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4), min_size=1)


def edges_of(graphs: list[list[tuple[int, int]]]) -> Edges:
    pairs = [pair for graph in graphs for pair in graph]
    nodes = np.array(pairs, np.int64).reshape(-1, 2).T
    return Edges(nodes, np.array([len(graph) for graph in graphs]))


def graphs_of(edges: Edges) -> list[list[tuple[int, int]]]:
    pairs = [(int(source), int(target)) for source, target in edges.nodes.T]
    ends = np.cumsum(edges.counts)
    assert len(pairs) == ends[-1]
    return [pairs[end - count : end] for end, count in zip(ends.tolist(), edges.counts.tolist(), strict=True)]


@given(st.lists(st.tuples(st.integers(-5, 50), st.integers(0, 5)), min_size=1))
def test_count_from(groups):
    starts, sizes = (np.array(part, np.int64) for part in zip(*groups, strict=True))
    expected = [number for start, size in groups for number in range(start, start + size)]
    assert count_from(starts, sizes).tolist() == expected


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=6),
    st.lists(st.integers(1, 10), min_size=1, max_size=4, unique=True),
)
def test_hops_apart(lengths, hops):
    sizes = np.array(lengths)
    edges = hops_apart(sizes, np.cumsum(sizes) - sizes, hops)
    first = np.cumsum([0, *lengths]).tolist()
    assert graphs_of(edges) == [
        [(start + t, start + t + hop) for hop in hops for t in range(length - hop)]
        for start, length in zip(first, lengths, strict=False)
    ]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 2))
def test_connect_is_the_same_for_equal_and_for_other_lengths(lengths, extra):
    def build(lengths, first):
        return concatenate(hops_apart(lengths, first, (1, 2)), loops(lengths, first))

    for sizes in (np.array(lengths), np.full(len(lengths), lengths[0])):
        nodes = sizes + extra
        first = np.cumsum(nodes) - nodes
        assert graphs_of(connect(build, sizes, nodes)) == graphs_of(build(sizes, first))


@given(PAIRS, st.data())
def test_concatenate(graphs, data):
    more = data.draw(
        st.lists(
            st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4),
            min_size=len(graphs),
            max_size=len(graphs),
        )
    )
    expected = [head + tail for head, tail in zip(graphs, more, strict=True)]
    assert graphs_of(concatenate(edges_of(graphs), edges_of(more))) == expected


@given(PAIRS)
def test_orient(graphs):
    edges = edges_of(graphs)
    assert graphs_of(orient(edges, "forward")) == graphs
    assert graphs_of(orient(edges, "backward")) == [[(t, s) for s, t in graph] for graph in graphs]
    assert graphs_of(orient(edges, "both")) == [
        [pair for s, t in graph for pair in ((s, t), (t, s))] for graph in graphs
    ]


def test_an_unknown_direction_is_named():
    with pytest.raises(ValueError, match="direction is 'up', expected one of forward, backward, b"):
        orient(edges_of([[(0, 1)]]), "up")


@pytest.mark.parametrize("make", [path_batch, dilated_batch, balanced_tree_batch])
def test_a_batch_does_not_share_its_edges_with_the_next(make):
    features = torch.ones(3, 6, 2)
    expected = make(features).edge_index.clone()
    make(features).edge_index.zero_()
    assert torch.equal(make(features).edge_index, expected)
    one = [make(features[:1]), make(features[:1])]
    one[0].edge_index.zero_()
    assert torch.equal(one[1].edge_index, expected[:, : one[1].edge_index.size(1)])


def test_edges_of_few_lengths_are_kept():
    for length in range(2, 50):
        path_batch(torch.zeros(2, length, dtype=torch.long))
    path_batch(torch.zeros(1, 2**16, dtype=torch.long))
    assert len(edges._KEPT) <= edges._MOST + 1
    assert max(one.nodes.size for one in edges._KEPT.values()) <= edges._LARGEST
