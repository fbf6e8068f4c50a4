"""Positions against the paper's formula and networkx, and what has none."""

from functools import partial

import networkx as nx
import pytest
import torch
from dags import batch_vector, dag_edges, path_edges, tree_edges, undirected_edges
from reference import sinusoids
from torch.testing import assert_close

from gnnseq.layers import LearnedPositions, SinusoidalPositions
from gnnseq.layers.attention.positions import Positions
from gnnseq.ops import Schedule

SIZES = [5, 1, 4]
BATCH = batch_vector(SIZES)


@pytest.mark.parametrize("channels", [1, 5, 8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_formula(channels, dtype):
    positions = SinusoidalPositions(channels)
    found = positions(torch.zeros(300, channels, dtype=dtype), path_edges([300]))
    expected = torch.stack([sinusoids(t, channels) for t in range(300)]).to(dtype)
    assert found.dtype == dtype
    assert_close(found, expected, atol=1e-4 if dtype == torch.float32 else 1e-10, rtol=0)


def places(edges, batch=BATCH, **options):
    """Positions as a learned vector of one channel that holds its own number."""
    positions = LearnedPositions(1, **options)
    with torch.no_grad():
        positions.weight.copy_(torch.arange(len(positions.weight)).unsqueeze(1))
    x = torch.zeros(len(BATCH), 1)
    return positions(x, edges, batch).view(-1).long().tolist()


def test_on_paths_it_is_the_place():
    assert places(path_edges(SIZES)) == [0, 1, 2, 3, 4, 0, 0, 1, 2, 3]
    order = torch.randperm(10)
    moved = places(order.argsort()[path_edges(SIZES)], BATCH[order])
    assert moved == [[0, 1, 2, 3, 4, 0, 0, 1, 2, 3][v] for v in order.tolist()]


@pytest.mark.parametrize("make", [tree_edges, dag_edges])
def test_elsewhere_it_is_the_longest_way(make):
    edges = make(SIZES)
    graph = nx.DiGraph(edges.t().tolist())
    graph.add_nodes_from(range(10))
    above = [nx.dag_longest_path_length(graph.subgraph(nx.ancestors(graph, v) | {v})) for v in range(10)]
    assert places(edges) == above
    assert places(edges, None) == above
    assert places(Schedule(edges, 10, BATCH), None) == above


def test_by_number_cycles_have_places_too():
    edges = undirected_edges(SIZES, 1.0)
    assert places(edges, by_number=True) == [0, 1, 2, 3, 4, 0, 0, 1, 2, 3]
    assert places(edges, None, by_number=True) == list(range(10))
    mixed = torch.tensor([1, 0, 1, 1, 0, 0, 2, 0, 1, 2])
    assert places(edges, mixed, by_number=True) == [0, 0, 1, 2, 1, 2, 0, 3, 3, 1]
    expected = "positions follow the edges, but edge_index has a cycle.*: use by_number=True for other graphs"
    with pytest.raises(ValueError, match=expected):
        places(edges)


def test_by_number_counts_in_the_graphs_of_a_schedule():
    edges = tree_edges(SIZES)
    for schedule in (Schedule(edges, 10, BATCH), Schedule(edges, 10)):
        assert places(schedule, None, by_number=True) == [0, 1, 2, 3, 4, 0, 0, 1, 2, 3]


def test_later_steps_do_not_move_earlier_ones():
    x = torch.randn(9, 4)
    long = SinusoidalPositions(4)(x, path_edges([9]))
    assert_close(SinusoidalPositions(4)(x[:6], path_edges([6])), long[:6])


def test_beyond_the_last_vector():
    positions = LearnedPositions(4, max_positions=5)
    assert positions(torch.zeros(5, 4), path_edges([5])).shape == (5, 4)
    with pytest.raises(ValueError, match="a node has position 5, expected below max_positions=5"):
        positions(torch.zeros(6, 4), path_edges([6]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(SinusoidalPositions, 0), "channels is 0, expected at least 1"),
        (partial(LearnedPositions, 4, max_positions=0), "max_positions is 0, expected at least 1"),
    ],
)
def test_sizes_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_another_width_is_refused():
    with pytest.raises(ValueError, match=r"x has shape \[3, 5\], expected \[N, 4\]"):
        SinusoidalPositions(4)(torch.ones(3, 5), path_edges([3]))


def test_drawn_anew_and_shown():
    positions: Positions = LearnedPositions(4, True, 7)
    before = positions.weight.clone()
    positions.reset_parameters()
    assert not torch.equal(before, positions.weight)
    assert repr(positions) == "LearnedPositions(4, by_number=True, max_positions=7)"
    assert repr(SinusoidalPositions(4)) == "SinusoidalPositions(4, by_number=False)"
