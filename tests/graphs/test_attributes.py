"""What belongs to nodes, edges or the graph is known by name, whatever sizes coincide."""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.data import Batch, Data, HeteroData
from torch_geometric.data.hypergraph_data import HyperGraphData
from torch_geometric.transforms import ToSparseTensor

from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.graphs import (
    both_ways,
    cooccurrence_batch,
    dilated_batch,
    from_networkx,
    mutual_information,
    path_batch,
    path_graph,
    symbol_signal_batch,
    to_networkx,
    to_texts,
    word_graph,
)
from gnnseq.graphs.attributes import levels_of

EDGES = torch.tensor([[0, 0, 1], [0, 1, 0]])  # the loop goes where mutual_information counts below
NAMED = {"x": "node", "position": "node", "edge_weight": "edge", "edge_slot": "edge", "edge_attr": "edge",
         "lengths": "graph", "ptr": "graph"}  # fmt: skip


def three(**attributes) -> Data:
    """Three nodes, three edges."""
    return Data(x=torch.arange(3), edge_index=EDGES, **attributes)


def networkx_levels(data: Data, **settings) -> dict[str, str]:
    """Where networkx finds each attribute; both ways of asking must agree."""
    graph = to_networkx(data, **settings)
    found = dict.fromkeys(set(graph.graph) - {"forms"}, "graph")
    found |= {name: "node" for _, row in graph.nodes(data=True) for name in row}
    found |= {name: "edge" for _, _, row in graph.edges(data=True) for name in row if name != "edge_position"}
    assert found == levels_of(data, **settings)
    return found


def both_ways_levels(data: Data, **settings) -> dict[str, str]:
    """What both_ways keeps belongs to nodes or the graph; what it drops belonged to edges."""
    double = both_ways(data, **settings)
    known = levels_of(data, **settings)
    assert double.edge_index.size(1) == 2 * data.edge_index.size(1)
    for name in set(double.keys()) - {"edge_index", "num_nodes"}:
        assert double[name] is data[name]
    return {name: known[name] if name in double else "edge" for name in known}


def information_levels(data: Data, **settings) -> dict[str, str]:
    """What mutual_information cuts to the edges that stay belonged to edges."""
    weighted = data.clone()
    weighted.edge_weight = torch.tensor([1.0, 8.0, 8.0])
    kept = mutual_information(weighted, **settings)
    assert kept.edge_index.size(1) < data.edge_index.size(1)
    known = levels_of(data, **settings)
    return {name: "edge" if kept[name] is not weighted[name] else known[name] for name in known}


CONVERTERS = [networkx_levels, both_ways_levels, information_levels]


@pytest.mark.parametrize("levels", CONVERTERS)
def test_where_nodes_edges_and_graphs_are_as_many(levels):
    data = three(
        position=torch.arange(3),
        edge_weight=torch.ones(3),
        edge_slot=torch.arange(3),
        edge_attr=torch.ones(3, 2),
        lengths=torch.arange(3),
        ptr=torch.tensor([0, 1, 3]),
        y=torch.tensor([7]),
        my_edge=torch.arange(3),
        node_mask=torch.tensor([True, False, True]),
        graph_limits=torch.arange(3),
        scale=torch.tensor(2.0),
        name="three",
    )
    others = {"y": "graph", "my_edge": "edge", "node_mask": "node", "graph_limits": "graph", "scale": "graph",
              "name": "graph"}  # fmt: skip
    assert levels(data) == NAMED | others
    data.y = torch.arange(3)
    assert levels(data)["y"] == "node"


@pytest.mark.parametrize("levels", CONVERTERS)
def test_the_caller_is_asked_where_name_and_size_leave_it_open(levels):
    data = three(weight=torch.ones(3))
    expected = r"weight has 3 rows in a graph of 3 nodes, 3 edges: .* levels=\{'weight': 'node'\}"
    with pytest.raises(ValueError, match=expected):
        levels(data)
    for level in ("node", "edge", "graph"):
        assert levels(data, levels={"weight": level}) == {"x": "node", "weight": level}
    with pytest.raises(ValueError, match=r"edge_weight has 2 rows, expected 3, one per edge"):
        networkx_levels(three(edge_weight=torch.ones(2)))
    with pytest.raises(ValueError, match="levels has 'other': 'node'"):
        levels(data, levels={"other": "node"})
    with pytest.raises(ValueError, match="levels has 'weight': 'row'"):
        levels(data, levels={"weight": "row"})
    with pytest.raises(ValueError, match=r"y has 3 rows, expected 2, one per edge"):
        networkx_levels(path_graph("abc", y=torch.arange(3)), levels={"y": "edge"})


def test_a_graph_s_y_stays_the_graph_s_at_every_size():
    for text in ("a", "ab", "abc", "abcd"):
        graph = to_networkx(path_graph(text, y=torch.tensor(5)))
        assert graph.graph["y"] == [5]
        assert from_networkx(graph).y.tolist() == [5]
    batch = path_batch(["ab", "cd"], y=torch.tensor([3, 4]))  # two graphs, two edges
    assert to_networkx(batch).graph["y"] == [3, 4]
    assert both_ways(batch).y.tolist() == [3, 4]
    assert both_ways(batch)[1].y.tolist() == [4]
    assert to_networkx(path_graph("abc", y=torch.tensor([1, 2, 3]))).nodes[2]["y"] == 3
    with pytest.raises(ValueError, match=r"y has 2 rows in a graph of 2 edges"):
        to_networkx(Data(x=torch.ones(3), edge_index=EDGES[:, 1:], y=torch.ones(2)))


def test_ptr_and_lengths_are_never_of_edges():
    batch = path_batch(["ab", "cdef"])  # ptr has three entries, and five edges; then as many
    assert networkx_levels(path_batch(["ab", "cde"]))["ptr"] == "graph"
    assert networkx_levels(batch)["ptr"] == "graph"
    assert networkx_levels(symbol_signal_batch(torch.zeros(2, 4, dtype=torch.long), 2))["lengths"] == "graph"


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_batches_of_pyg_are_cut_as_their_graphs(sizes, data):
    """In a batch of PyG the level is that of the graphs, unless every single one leaves it open."""
    graphs = []
    for size in sizes:
        pairs = data.draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=4))
        ends = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).t()
        graphs.append(Data(x=torch.ones(size), edge_index=ends, edge_attr=torch.ones(len(pairs), 2),
                           y=torch.ones(1, 2), node_name=torch.ones(size)))  # fmt: skip
    batch = Batch.from_data_list(graphs)
    assert levels_of(batch) == {"x": "node", "edge_attr": "edge", "y": "graph", "node_name": "node", "batch": "node",
                                "ptr": "graph"}  # fmt: skip
    double = both_ways(batch)
    for one, two in zip(graphs, double.to_data_list(), strict=True):
        assert two.edge_index.tolist() == both_ways(one).edge_index.tolist()
        assert torch.equal(one.y, two.y)
        assert "edge_attr" not in two


def test_attributes_along_another_dimension():
    data = Data(x=torch.ones(2), edge_index=torch.tensor([[0], [1]]), node_index=torch.tensor([[1, 2], [3, 4], [5, 6]]))
    graph = to_networkx(data)
    assert [graph.nodes[node]["node_index"] for node in graph] == [[1, 3, 5], [2, 4, 6]]
    assert from_networkx(graph).node_index.tolist() == data.node_index.tolist()


@pytest.mark.parametrize("name", ["edge_index", "num_nodes", "num_edges"])
def test_attributes_of_networkx_do_not_replace_the_structure(name):
    graph = to_networkx(path_graph("abc"))
    for node in graph:
        graph.nodes[node][name] = [node, node]
    for ends in graph.edges:
        graph.edges[ends][name] = 1
    graph.graph[name] = 7
    data = from_networkx(graph)
    assert data.edge_index.tolist() == [[0, 1], [1, 2]]
    assert (data.num_nodes, data.num_edges) == (3, 2)
    assert data[f"node_{name}"].tolist() == [[0, 0], [1, 1], [2, 2]]
    assert data[f"edge_{name}"].tolist() == [1, 1]
    assert data[f"graph_{name}"] == 7


def test_names_that_are_taken_get_the_next_free_one():
    graph = to_networkx(path_graph("ab"))
    for node in graph:
        graph.nodes[node].update(weight=1, edge_weight=2)
    graph.edges[0, 1].update(weight=3, x=0.5)
    graph.graph["x"] = 9
    data = from_networkx(graph)
    assert (data.weight.tolist(), data.edge_weight.tolist(), data.edge_edge_weight.tolist()) == ([1, 1], [2, 2], [3])
    assert data.edge_x.tolist() == [0.5]  # not in the dtype of the nodes' x
    assert data.graph_x == 9
    assert data.num_nodes == 2


def test_the_graph_s_x_is_not_the_nodes_and_foreign_positions_stay():
    import networkx as nx

    graph = nx.DiGraph(x=[1, 2], forms="two")
    graph.add_edge("a", "b", edge_position="left")
    graph.add_edge("b", "c", edge_position="right")
    data = from_networkx(graph)
    assert data.num_nodes == 3
    assert (data.x, data.forms, data.edge_position) == ([1, 2], "two", ["left", "right"])
    with pytest.raises(ValueError, match="data has the attribute edge_position"):
        to_networkx(three(edge_position=torch.arange(3)))
    graph.nodes["a"][5] = 1
    graph.nodes["b"][5] = graph.nodes["c"][5] = 2
    with pytest.raises(ValueError, match="node has an attribute 5, expected a str"):
        from_networkx(graph)


HETERO = HeteroData()
HETERO["word"].x = torch.ones(2, 1)
HETERO["word", "to", "word"].edge_index = torch.tensor([[0], [1]])
LETTERS = Vocabulary("ab")


@pytest.mark.parametrize("convert", [to_networkx, both_ways, mutual_information])
@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (HETERO, TypeError, "data is a HeteroData, expected Data, or a Batch of Data; .*to_homogeneous"),
        (Batch.from_data_list([HETERO]), TypeError, "data is a HeteroDataBatch"),
        (HyperGraphData(x=torch.ones(3, 1), edge_index=EDGES), TypeError, "data is a HyperGraphData"),
        ([three()], TypeError, "data is a list"),
        (Data(x=torch.ones(2, 1)), ValueError, "edge_index is missing"),
        (ToSparseTensor()(three()), ValueError, "edge_index is missing"),
        (Data(x=torch.ones(2), edge_index=torch.zeros(3)), ValueError, r"edge_index is torch.float32 \[3\]"),
        (Data(x=torch.ones(1), edge_index=EDGES), ValueError, "edge_index refers to node 1 of 1"),
    ],
)
def test_what_is_no_graph_is_named(convert, data, error, message):
    with pytest.raises(error, match=message):
        convert(data)


def test_graphs_without_nodes_or_edges():
    empty = Data(x=torch.zeros(0, dtype=torch.long), edge_index=torch.zeros(2, 0, dtype=torch.long))
    assert both_ways(empty).edge_index.shape == (2, 0)
    assert to_texts(empty, LETTERS) == [""]
    batch = Batch.from_data_list([empty, path_graph("ab"), empty])
    assert [graph.num_edges for graph in both_ways(batch).to_data_list()] == [0, 2, 0]
    assert to_texts(Batch.from_data_list([empty, path_graph("ab", alphabet="ab")]), LETTERS) == ["", "ab"]


def test_one_graph_is_a_batch_of_one():
    graph = path_graph("ab", alphabet="ab", y=torch.tensor(1))
    assert to_texts(graph, LETTERS) == ["ab"]
    double = both_ways(graph)
    assert type(double) is Data
    assert double.edge_index.tolist() == [[0, 1], [1, 0]]
    assert double.y.tolist() == [1]
    with pytest.raises(ValueError, match=r"x is torch.float32 \[2, 1\], expected symbols"):
        to_texts(Data(x=torch.ones(2, 1)), LETTERS)
    with pytest.raises(ValueError, match="x is missing"):
        to_texts(Data(), LETTERS)


def test_mutual_information_wants_the_counts_of_one_graph():
    assert mutual_information(word_graph(["ab"], LETTERS)).edge_weight.tolist() == pytest.approx([0.6931472] * 2)
    with pytest.raises(ValueError, match="graph is without edge_weight"):
        mutual_information(three())
    with pytest.raises(ValueError, match="graph is a batch"):
        mutual_information(cooccurrence_batch(["ab"], LETTERS))


def test_the_graph_converted_is_left_as_it_was():
    for convert in (both_ways, to_networkx, partial(to_texts, vocabulary=Vocabulary("abcdef"))):
        batch = dilated_batch(["abcd", "ef"], y=torch.tensor([0, 1]), alphabet="abcdef")
        kept = batch.clone()
        convert(batch)
        assert list(batch.keys()) == list(kept.keys())
        assert all(torch.equal(batch[name], kept[name]) for name in kept.keys())  # noqa: SIM118
        assert [graph.num_edges for graph in batch.to_data_list()] == [5, 1]
