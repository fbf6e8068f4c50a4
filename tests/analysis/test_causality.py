import pytest
import torch
from analysis.dense import Stack, paths
from dags import dag_edges
from torch import nn
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv

from gnnseq.analysis import causality, influence, model_reach, reach
from gnnseq.layers import DAGNN, LSTM, DeltaNet, GatedLinearAttention, MinGRU, MinLSTM


@pytest.mark.parametrize("layer", [LSTM, MinGRU, MinLSTM, GatedLinearAttention, DeltaNet, DAGNN])
def test_a_recurrence_forward_passes(layer):
    batch = paths((6, 4), both=False)
    model = layer(3, 4).double()
    found = causality(model, batch)
    assert found.passes
    assert found.sentence.startswith("passes")
    assert torch.equal(found.depends, influence(model, batch) > 0)


@pytest.mark.parametrize("layer", [LSTM, MinGRU, MinLSTM, GatedLinearAttention, DeltaNet, DAGNN])
def test_a_recurrence_reaches_all_ancestors(layer):
    edges = dag_edges([7, 5], 0.4)
    data = Data(torch.randn(12, 3).double(), edges)
    assert torch.equal(model_reach(layer(3, 4).double(), data), reach(edges, None, 12))


def test_a_recurrence_in_both_directions_leaks():
    found = causality(LSTM(3, 4, bidirectional=True).double(), paths((6, 4), both=False))
    assert not found.passes
    assert found.sentence == "leaks: output 0 depends on node 1; 21 such pairs"
    assert len(found.leaks) == 15 + 6


def test_what_is_allowed_can_be_given():
    batch = paths((9,))
    model = Stack(lambda i, o: GCNConv(i, o), 2).double()
    assert not causality(model, batch).passes
    assert causality(model, batch, allowed=reach(batch.edge_index, 2, 9)).passes
    one = causality(model, batch, allowed=reach(batch.edge_index, 1, 9))
    assert not one.passes
    assert one.leaks[0].tolist() == [0, 2]


def test_a_model_that_reads_its_own_target():
    class Peeks(nn.Module):
        def forward(self, x, edge_index):
            return x.cumsum(0) + x.roll(-1, 0)

    strict = torch.ones(5, 5, dtype=torch.bool).tril()
    found = causality(Peeks(), paths((5,)), allowed=strict)
    assert found.leaks.tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]


def test_bad_input():
    batch = paths((3, 2), both=False)
    with pytest.raises(ValueError, match=r"allowed has shape \[2, 2\], expected \[5, 5\]"):
        causality(LSTM(3, 4).double(), batch, allowed=torch.ones(2, 2, dtype=torch.bool))
    with pytest.raises(ValueError, match="model gives 2 rows for 5 nodes, expected allowed="):
        causality(lambda x, edge_index: x[:2], batch)
