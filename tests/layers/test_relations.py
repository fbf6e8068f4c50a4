"""The Tree-LSTM with relations against the recursion of its equations."""

import pytest
import reference
import torch
from dags import dag_edges, tree_edges
from gradients import assert_same

from gnnseq.layers import LSTM, RelationTreeLSTM

F, H, R = 3, 4, 3
SIZES = [6, 1, 5]
N = sum(SIZES)


def example(make=dag_edges):
    edges = make(SIZES)
    x = torch.randn(N, F, dtype=torch.float64, requires_grad=True)
    return x, edges, torch.randint(R, (edges.size(1),))


@pytest.mark.parametrize("make", [dag_edges, tree_edges])
def test_it_is_the_reference(make):
    x, edges, types = example(make)
    layer = RelationTreeLSTM(F, H, R).double()
    (cell,) = layer.cells
    expected, _ = reference.lstm(x, edges, cell.weight_ih, cell.weight_hh, cell.bias, None, cell.relation[types])
    assert_same([layer(x, edges, types)[0]], [expected], [x, *layer.parameters()])


def test_without_relations_it_is_the_lstm():
    x, edges, types = example()
    deep = {"num_layers": 2, "bidirectional": True}
    layer, lstm = RelationTreeLSTM(F, H, R, **deep).double(), LSTM(F, H, **deep).double()
    weights = layer.state_dict()
    lstm.load_state_dict({name: value for name, value in weights.items() if "relation" not in name})
    state = tuple(torch.randn(2, 4, 3, H, dtype=torch.float64))
    typed, _ = layer(x, edges, types)
    assert not torch.allclose(typed, lstm(x, edges)[0])
    for cell in layer.cells:
        torch.nn.init.zeros_(cell.relation)
    (out, finals), (expected, others) = layer(x, edges, types, state), lstm(x, edges, state)
    assert_same([out, *finals], [expected, *others], [x])


def test_number_of_weights():
    d, n = 5, 7
    count = sum(weight.numel() for weight in RelationTreeLSTM(d, n, R).parameters())
    assert count == 4 * n * d + 4 * n**2 + 4 * n + R * n


def test_bad_relations():
    layer, edges = RelationTreeLSTM(F, H, R), torch.tensor([[0, 1], [2, 2]])
    with pytest.raises(
        ValueError, match=r"edge_type\[1\] is 3 at node 2, expected 0 to 2: the number of relations is 3"
    ):
        layer(torch.randn(3, F), edges, torch.tensor([0, 3]))
    with pytest.raises(ValueError, match=r"edge_type has shape \[1\], expected \[2\]"):
        layer(torch.randn(3, F), edges, torch.tensor([0]))
    with pytest.raises(ValueError, match=r"edge_index is a sparse matrix, .* in the order of edge_type"):
        layer(torch.randn(3, F), torch.sparse_coo_tensor(edges, torch.ones(2), (3, 3)), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="num_relations is 0, expected at least 1"):
        RelationTreeLSTM(F, H, 0)
