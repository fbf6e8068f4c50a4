import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from gnnseq.layers import GCN, LSTM
from gnnseq.models.batches import Resettable, edge_arguments, graph_bounds, names_taken, node_graphs

EDGES = torch.tensor([[0, 1], [1, 2]])
WEIGHTED = Data(torch.rand(3, 2), EDGES, edge_weight=torch.ones(2))


def test_a_layer_is_given_what_it_takes_and_nothing_else():
    batch = Batch.from_data_list([WEIGHTED, WEIGHTED])
    names = names_taken(GCN(2, 3))
    assert {"x", "edge_index", "edge_weight"} <= names
    assert list(edge_arguments(names, GCN(2, 3), batch)) == ["edge_weight"]
    with pytest.raises(ValueError, match="batch has edge_weight, but LSTM does not take it"):
        edge_arguments(names_taken(LSTM(2, 3)), LSTM(2, 3), batch)


def test_one_data_is_one_graph():
    assert graph_bounds(WEIGHTED).tolist() == [0, 3]
    assert node_graphs(WEIGHTED).tolist() == [0, 0, 0]
    two = Batch.from_data_list([WEIGHTED, WEIGHTED])
    assert (graph_bounds(two).tolist(), node_graphs(two).tolist()) == ([0, 3, 6], [0, 0, 0, 1, 1, 1])


def test_weights_are_drawn_anew():
    class Two(Resettable):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(2, 2), GCN(2, 2)

    module = Two()
    before = [weight.clone() for weight in module.parameters()]
    module.reset_parameters()
    changed = [not torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True) if a.any()]
    assert changed
    assert all(changed)
