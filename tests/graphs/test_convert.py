import json

import networkx as nx
import numpy as np
import pytest
import torch
from graph_checks import assert_equal
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.data import Data

from gnnseq.graphs import (
    balanced_tree_batch,
    from_networkx,
    path_batch,
    path_graph,
    symbol_signal_batch,
    to_networkx,
)

LEVELS = {"scale": "graph", "table": "graph", "words": "node"}  # which the sizes alone leave open in some graphs
DTYPES = st.sampled_from([torch.int64, torch.int32, torch.uint8, torch.bool, torch.float32, torch.float64, torch.half])
SHAPES = st.sampled_from([(), (1,), (3,), (2, 2), (0,)])


@st.composite
def values(draw, *rows: int) -> torch.Tensor:
    """A tensor of any dtype, with values that a narrower dtype cannot hold."""
    dtype, shape = draw(DTYPES), (*rows, *draw(SHAPES))
    if dtype.is_floating_point:
        value = torch.randn(shape, dtype=torch.float64) / 3
        return torch.where(torch.rand(shape) < 0.1, torch.nan, value).to(dtype)
    high = {torch.bool: 2, torch.uint8: 256, torch.int32: 2**31 - 1}.get(dtype, 2**62)
    return torch.randint(0, high, shape).to(dtype)


@st.composite
def graphs(draw) -> Data:
    """Any graph: edges in any order, parallel ones and loops, attributes at all levels."""
    nodes = draw(st.integers(1, 5))
    node = st.integers(0, nodes - 1)
    pairs = draw(st.lists(st.tuples(node, node), max_size=7))
    edge_index = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).t().contiguous()
    data = Data(x=draw(values(nodes)), edge_index=edge_index, y=draw(values(1)))
    data.edge_slot = draw(values(len(pairs)))
    data.scale = draw(values())
    data.table = draw(values(11))
    data.words = [str(number) for number in range(nodes)]
    data.name = "a graph"
    return data


def assert_same_graph(one: Data, other: Data) -> None:
    assert set(one.keys()) == set(other.keys())
    for name in one.keys():  # noqa: SIM118
        assert_equal(name, one[name], other[name])


@given(graphs())
def test_there_and_back(data):
    assert_same_graph(from_networkx(to_networkx(data, levels=LEVELS)), data)


@given(graphs())
def test_networkx_sees_the_same_graph(data):
    graph = to_networkx(data, levels=LEVELS)
    assert graph.is_directed()
    assert list(graph.nodes) == list(range(data.num_nodes))
    pairs = [tuple(pair) for pair in data.edge_index.t().tolist()]
    assert graph.is_multigraph() == (len(set(pairs)) < len(pairs))
    assert sorted(graph.edges()) == sorted(pairs)
    for source, target, edge in graph.edges(data=True):
        assert pairs[edge["edge_position"]] == (source, target)
    if not data.x.is_floating_point():
        assert [graph.nodes[node]["x"] for node in graph] == data.x.tolist()


@pytest.mark.parametrize(
    "data",
    [
        path_graph("abc", y=torch.tensor(3), direction="both", self_loops=True),
        path_graph("a"),
        balanced_tree_batch(torch.randint(0, 9, (1, 7)), empty=9)[0],
        symbol_signal_batch(torch.randint(0, 9, (1, 7)), 9)[0],
        Data(edge_index=torch.tensor([[2, 0], [0, 1]]), num_nodes=5),
        Data(x=torch.zeros(0, 3), edge_index=torch.zeros(2, 0, dtype=torch.long)),
    ],
)
def test_graphs_of_sequences_there_and_back(data):
    assert_same_graph(from_networkx(to_networkx(data)), data)


def test_a_batch_is_one_graph():
    batch = path_batch(["ab", "cde"], y=torch.tensor([0, 1]))
    graph = to_networkx(batch)
    assert nx.number_weakly_connected_components(graph) == 2
    again = from_networkx(graph)
    for name in batch.keys():  # noqa: SIM118
        assert_equal(name, again[name], batch[name])


def test_through_json():
    data = path_graph(torch.randn(4, 2, dtype=torch.float64), y=torch.tensor(1), direction="both")
    text = json.dumps(nx.node_link_data(to_networkx(data), edges="edges"))
    graph = nx.node_link_graph(json.loads(text), edges="edges")
    assert_same_graph(from_networkx(graph), data)


def test_a_foreign_graph():
    graph = nx.DiGraph(title="words")
    graph.add_node("on", x=3, place=(0.5, 1.0), word="on")
    graph.add_node("cat", x=1, place=(0.0, 2.0), word="cat")
    graph.add_edge("cat", "on", weight=0.5)
    graph.add_edge("on", "on", weight=1.5)
    data = from_networkx(graph)
    assert data.edge_index.tolist() == [[0, 1], [0, 0]]
    assert data.weight.tolist() == [1.5, 0.5]
    assert data.x.tolist() == [3, 1]
    assert data.x.dtype == torch.int64
    assert data.place.dtype == torch.float32
    assert data.word == ["on", "cat"]
    assert data.title == "words"
    assert data.num_nodes == 2


def test_an_undirected_graph_has_both_directions():
    data = from_networkx(nx.path_graph(3))
    assert data.edge_index.tolist() == [[0, 1, 1, 2], [1, 0, 2, 1]]
    assert data.num_nodes == 3


def test_changes_made_in_networkx_are_kept():
    graph = to_networkx(path_graph(torch.tensor([1, 2, 3])))
    graph.add_edge(0, 2)
    graph.nodes[1]["x"] = 2.5
    data = from_networkx(graph)
    assert data.edge_index.tolist() == [[0, 1, 0], [1, 2, 2]]
    assert data.x.tolist() == [1, 2.5, 3]


def test_attributes_of_the_same_name():
    graph = nx.DiGraph(colour="red")
    graph.add_node(0, colour=1)
    graph.add_edge(0, 0, colour=2)
    data = from_networkx(graph)
    assert data.colour.tolist() == [1]
    assert data.edge_colour.tolist() == [2]
    assert data.graph_colour == "red"


def test_rows_of_several_lengths_stay_a_list():
    graph = nx.DiGraph()
    graph.add_node(0, x=[1, 2])
    graph.add_node(1, x=[3])
    assert from_networkx(graph).x == [[1, 2], [3]]


def test_an_attribute_that_is_missing_somewhere():
    graph = to_networkx(path_graph("abc"))
    del graph.nodes[1]["x"]
    with pytest.raises(ValueError, match=r"node 1 has attributes \[\], expected \['x'\] as node 0"):
        from_networkx(graph)


def test_edges_must_lead_somewhere():
    with pytest.raises(ValueError, match="edge_index refers to node 3 of 2"):
        to_networkx(Data(edge_index=torch.tensor([[0], [3]]), num_nodes=2))
    with pytest.raises(ValueError, match="edge_index is missing"):
        to_networkx(Data(x=torch.ones(2, 1)))


@pytest.mark.parametrize("values", [[2**63 + 5, 1], [2**63 + 5, -1], [2**63, 2**63], [2**64, 1], [-(2**63) - 1, 0]])
def test_integers_outside_int64_stay_as_they_are(values):
    graph = nx.DiGraph()
    graph.add_nodes_from((place, {"x": value, "row": [value, 0]}) for place, value in enumerate(values))
    data = from_networkx(graph)
    assert data.x == values
    assert data.row == [[value, 0] for value in values]


@pytest.mark.parametrize("values", [[2**63 + 5, 2**64 - 1], [1, 2**64 - 1], [0, 3]])
def test_unsigned_integers_there_and_back(values):
    data = Data(x=torch.tensor(values, dtype=torch.uint64), edge_index=torch.tensor([[0], [1]]))
    found = from_networkx(to_networkx(data)).x
    assert found.tolist() == values
    assert found.dtype == torch.uint64


def test_integers_of_several_dtypes_are_int64():
    graph = nx.DiGraph()
    graph.add_node(0, x=np.uint64(2))
    graph.add_node(1, x=np.int64(-3))
    assert torch.equal(from_networkx(graph).x, torch.tensor([2, -3]))


def test_numbers_at_the_ends_of_int64_and_large_fractions():
    graph = nx.DiGraph()
    graph.add_node(0, x=-(2**63), weight=2.0**70)
    graph.add_node(1, x=2**63 - 1, weight=0.5)
    data = from_networkx(graph)
    assert data.x.tolist() == [-(2**63), 2**63 - 1]
    assert data.weight.tolist() == [2.0**70, 0.5]


@pytest.mark.parametrize(
    ("dtype", "value", "kept"),
    [(torch.uint8, 300, 300), (torch.int8, -129, -129), (torch.int64, 2**63, None), (torch.bool, 2, 2)],
)
def test_changes_that_a_dtype_does_not_hold_are_kept(dtype, value, kept):
    graph = to_networkx(Data(x=torch.ones(2, dtype=dtype), edge_index=torch.tensor([[0], [1]])))
    graph.nodes[1]["x"] = value
    found = from_networkx(graph).x
    assert found == [1, value] if kept is None else found.tolist() == [1, value]
