import numpy as np
import pytest
import torch
from graph_checks import assert_same_batch
from torch_geometric.data import Batch, Data

from gnnseq.graphs.batch import append_empty, assemble
from gnnseq.graphs.edges import Edges
from gnnseq.graphs.path import path_batch, path_graph


def batch_of_two() -> Batch:
    """A triangle and a single edge."""
    edges = Edges(np.array([[0, 1, 2, 3], [1, 2, 0, 4]]), np.array([3, 1]))
    attributes = {
        "y": torch.tensor([7, 8]),
        "mask": torch.tensor([True, False, True, False, True]),
        "missing": None,
    }
    x = torch.arange(10.0).view(5, 2)
    slots = {"edge_slot": np.array([0, 1, 2, 0])}
    return assemble(x, np.array([3, 2]), edges, attributes, slots)


def graphs_of_two() -> list[Data]:
    x = torch.arange(10.0).view(5, 2)
    triangle = Data(
        x=x[:3],
        edge_index=torch.tensor([[0, 1, 2], [1, 2, 0]]),
        y=torch.tensor([7]),
        mask=torch.tensor([True, False, True]),
        edge_slot=torch.tensor([0, 1, 2]),
    )
    edge = Data(
        x=x[3:],
        edge_index=torch.tensor([[0], [1]]),
        y=torch.tensor([8]),
        mask=torch.tensor([False, True]),
        edge_slot=torch.tensor([0]),
    )
    return [triangle, edge]


def test_a_batch_is_what_pyg_makes():
    assert_same_batch(batch_of_two(), graphs_of_two())


def test_two_batches_share_nothing():
    one, other = batch_of_two(), batch_of_two()
    one.colour = torch.zeros(5)
    one.x += 1
    assert "colour" not in other
    assert_same_batch(other, graphs_of_two())


def test_a_batch_does_what_a_batch_does():
    batch = batch_of_two()
    assert "Batch" in repr(batch)
    assert batch.num_nodes == 5
    assert batch.num_edges == 4
    assert batch.batch_size == 2
    assert [graph.num_nodes for graph in batch[1:]] == [2]
    assert batch.is_node_attr("mask")
    assert batch.is_edge_attr("edge_slot")
    assert_same_batch(batch.clone(), graphs_of_two())
    assert_same_batch(batch.cpu(), graphs_of_two())
    assert_same_batch(batch.to("cpu", non_blocking=True), graphs_of_two())
    assert batch.to("meta").x.device.type == "meta"


def test_batches_of_batches_can_be_made_again():
    again = Batch.from_data_list(batch_of_two().to_data_list()[::-1])
    assert_same_batch(again, graphs_of_two()[::-1])


@pytest.mark.parametrize("y", [torch.zeros(3), torch.zeros(4, 5), torch.tensor(1.0)])
def test_attributes_are_per_graph_or_per_node(y):
    with pytest.raises(ValueError, match=r"y has shape .*, expected 2 rows .* or 5 rows"):
        assemble(
            torch.zeros(5),
            np.array([3, 2]),
            Edges(np.zeros((2, 0), np.int64), np.zeros(2, np.int64)),
            {"y": y},
        )


def test_nodes_without_a_symbol():
    lengths, nodes = np.array([2, 1]), np.array([3, 3])
    assert append_empty(torch.tensor([1, 2, 3]), lengths, nodes, 9).tolist() == [1, 2, 9, 3, 9, 9]
    features = append_empty(torch.ones(3, 2), lengths, nodes, None)
    assert features[:, 0].tolist() == [1, 1, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("values", "empty", "message"),
    [
        (torch.tensor([1]), None, "empty is None, expected a symbol >= 0"),
        (torch.tensor([1]), -1, "empty is -1, expected a symbol >= 0"),
        (torch.ones(1, 2), 5, "empty is 5, expected None"),
    ],
)
def test_empty_suits_the_values(values, empty, message):
    with pytest.raises(ValueError, match=message):
        append_empty(values, np.array([1]), np.array([2]), empty)


@pytest.mark.parametrize("y", [[1], 1.0, np.array([1])])
def test_targets_that_are_no_tensor(y):
    with pytest.raises(TypeError, match=f"y is a {type(y).__name__}, expected a tensor"):
        path_batch(["ab"], y=y)
    with pytest.raises(TypeError, match=f"y is a {type(y).__name__}, expected a tensor"):
        path_graph("ab", y=y)
