import networkx as nx
import numpy as np
import pytest
import torch
from graph_checks import assert_root_last, assert_same_batch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Batch, Data

from gnnseq.graphs import (
    complete_batch,
    cycle_batch,
    dilated_batch,
    path_batch,
    path_with_hub_batch,
    star_batch,
    window_batch,
)

LENGTHS = st.one_of(
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
    st.tuples(st.integers(1, 9), st.integers(1, 4)).map(lambda pair: [pair[0]] * pair[1]),
)
DIRECTIONS = st.sampled_from(["forward", "backward", "both"])
TOKENS = torch.tensor([[1, 2, 3], [4, 5, 6]])


def symbols_of(lengths):
    return [torch.randint(0, 9, (length,)) for length in lengths]


def as_batch_of(sequences, pairs_of, **attributes) -> list[Data]:
    """Graphs from lists of edges, which are functions of the length."""
    graphs = []
    for x in sequences:
        pairs = torch.tensor(pairs_of(len(x)), dtype=torch.long).reshape(-1, 2)
        more = {name: value(pairs) for name, value in attributes.items()}
        graphs.append(Data(x=x, edge_index=pairs.t().contiguous(), **more))
    return graphs


def directed(pairs, direction):
    if direction == "both":
        return [pair for s, t in pairs for pair in ((s, t), (t, s))]
    return pairs if direction == "forward" else [(t, s) for s, t in pairs]


def near(length, size):
    return [(t, t + hop) for hop in range(1, size + 1) for t in range(length - hop)]


@given(LENGTHS, st.lists(st.integers(1, 10), min_size=1, max_size=3, unique=True))
@settings(max_examples=50)
def test_dilated(lengths, hops):
    sequences = symbols_of(lengths)
    expected = as_batch_of(
        sequences,
        lambda length: [(t, t + hop) for hop in hops for t in range(length - hop)],
        edge_hop=lambda pairs: pairs[:, 1] - pairs[:, 0],
    )
    batch = dilated_batch(sequences, hops=hops)
    assert_same_batch(batch, expected)
    assert set(batch.edge_hop.tolist()) <= set(hops)


@pytest.mark.parametrize(("length", "hops"), [(1, []), (2, [1]), (3, [1, 2]), (4, [1, 2]), (5, [1, 2, 4]), (64, None)])
def test_dilated_by_powers_of_two(length, hops):
    batch = dilated_batch(torch.ones(2, length, dtype=torch.long))
    assert sorted(set(batch.edge_hop.tolist())) == ([1, 2, 4, 8, 16, 32] if hops is None else hops)
    assert_root_last(batch)


def test_dilated_with_hop_one_is_a_path():
    batch = dilated_batch(TOKENS, hops=(1,), y=torch.tensor([0, 1]))
    assert batch.edge_hop.tolist() == [1, 1, 1, 1]
    del batch.edge_hop
    assert torch.equal(batch.edge_index, path_batch(TOKENS).edge_index)
    assert batch.y.tolist() == [0, 1]


def test_dilated_reaches_everything_in_logarithmically_many_steps():
    batch = dilated_batch(torch.ones(1, 60, dtype=torch.long))
    graph = nx.DiGraph(batch.edge_index.t().tolist())
    assert nx.eccentricity(graph.to_undirected(), 0) <= 6
    assert max(nx.single_source_shortest_path_length(graph, 0).values()) == 5  # 31 = 1+2+4+8+16


@given(LENGTHS, st.integers(1, 11), DIRECTIONS)
@settings(max_examples=50)
def test_window(lengths, size, direction):
    sequences = symbols_of(lengths)
    expected = as_batch_of(sequences, lambda length: directed(near(length, size), direction))
    assert_same_batch(window_batch(sequences, size, direction=direction), expected)


@given(LENGTHS, DIRECTIONS)
@settings(max_examples=50)
def test_complete(lengths, direction):
    sequences = symbols_of(lengths)
    expected = as_batch_of(sequences, lambda length: directed(near(length, length), direction))
    batch = complete_batch(sequences, direction=direction)
    assert_same_batch(batch, expected)
    if direction == "both":
        for graph in batch.to_data_list():
            pairs = set(map(tuple, graph.edge_index.t().tolist()))
            assert pairs == set(nx.complete_graph(graph.num_nodes, nx.DiGraph).edges)


@given(LENGTHS, DIRECTIONS)
@settings(max_examples=50)
def test_cycle(lengths, direction):
    def pairs_of(length):
        closing = [(length - 1, 0)] if length >= 3 else []
        return directed(near(length, 1) + closing, direction)

    sequences = symbols_of(lengths)
    assert_same_batch(cycle_batch(sequences, direction=direction), as_batch_of(sequences, pairs_of))


@given(LENGTHS, DIRECTIONS, st.booleans())
@settings(max_examples=50)
def test_star(lengths, direction, features):
    if features:
        sequences = [torch.randn(length, 2) for length in lengths]
        with_hub = [torch.cat([x, torch.zeros(1, 2)]) for x in sequences]
    else:
        sequences = symbols_of(lengths)
        with_hub = [torch.cat([x, torch.tensor([9])]) for x in sequences]
    expected = as_batch_of(
        with_hub,
        lambda nodes: directed([(t, nodes - 1) for t in range(nodes - 1)], direction),
    )
    batch = star_batch(sequences, empty=None if features else 9, direction=direction)
    assert_same_batch(batch, expected)
    if direction == "forward":
        assert_root_last(batch)


BUILDERS = [dilated_batch, lambda x, **k: window_batch(x, 2, **k), complete_batch, cycle_batch]


@pytest.mark.parametrize("build", BUILDERS)
def test_targets_characters_and_features(build):
    batch = build(["abca", "cb"], y=torch.tensor([4, 5]), alphabet="abc")
    assert isinstance(batch, Batch)
    assert batch.x.tolist() == [0, 1, 2, 0, 2, 1]
    assert [graph.y.tolist() for graph in batch.to_data_list()] == [[4], [5]]
    features = torch.randn(2, 3, 4)
    assert torch.equal(build(features, y=torch.arange(6)).x, features.flatten(0, 1))
    with pytest.raises(ValueError, match=r"y has shape \[3\]"):
        build(TOKENS, y=torch.ones(3))
    with pytest.raises(ValueError, match="sequences is empty"):
        build([])


@pytest.mark.parametrize("hops", [[0], [1, -2], [], [2, 2]])
def test_hops_are_distinct_and_positive(hops):
    with pytest.raises(ValueError, match=r"hops is \[.*\], expected distinct integers >= 1"):
        dilated_batch(TOKENS, hops=hops)


def test_a_window_is_positive():
    with pytest.raises(ValueError, match="size is 0, expected an integer >= 1"):
        window_batch(TOKENS, 0)


def test_a_hub_of_symbols_has_one():
    with pytest.raises(ValueError, match="empty is None, expected a symbol >= 0"):
        star_batch(TOKENS)


@pytest.mark.parametrize("build", [complete_batch, cycle_batch])
def test_an_unknown_direction_is_named(build):
    with pytest.raises(ValueError, match="direction is 'in', expected one of"):
        build(TOKENS, direction="in")


def test_a_path_with_a_hub():
    batch = path_with_hub_batch(torch.tensor([[3, 1, 4], [1, 5, 9]]), empty=10, y=torch.tensor([3, 1]))
    assert batch.x.tolist() == [3, 1, 4, 10, 1, 5, 9, 10]
    edges = {tuple(edge) for edge in batch.edge_index.t().tolist()}
    assert edges == {(0, 1), (1, 2), (0, 3), (1, 3), (2, 3), (4, 5), (5, 6), (4, 7), (5, 7), (6, 7)}
    assert batch.get_example(1).edge_index.max() == 3


@pytest.mark.parametrize("hops", [[1.5], [], [0], [2, 2], ["a"]])
def test_hops_that_are_none(hops):
    with pytest.raises(ValueError, match=r"hops is \[.*\], expected distinct integers >= 1"):
        dilated_batch(["abc"], hops=hops)


def test_sizes_that_are_no_integers():
    with pytest.raises(ValueError, match=r"size is 1.5, expected an integer >= 1"):
        window_batch(["abc"], 1.5)
    assert window_batch(["abc"], np.int64(1)).edge_index.size(1) == 4
    assert dilated_batch(["abc"], hops=np.array([1, 2])).edge_index.size(1) == 3
