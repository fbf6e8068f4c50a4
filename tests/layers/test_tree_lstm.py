"""The two Tree-LSTMs against the recursion of the paper's equations."""

import pytest
import reference
import torch
from dags import batch_vector, one_by_one, path_edges, slots_of, tree_edges
from gradients import assert_same
from torch.testing import assert_close

from gnnseq.layers import LSTM, ChildSumTreeLSTM, NaryTreeLSTM
from gnnseq.ops import Schedule

F, H = 3, 4
SIZES = [6, 1, 8, 2]
N = sum(SIZES)


def features(n=N):
    return torch.randn(n, F, dtype=torch.float64, requires_grad=True)


def nary_reference(layer, x, edges, slots):
    (cell,) = layer.cells
    return nary_of_cell(cell, x, edges, slots)


def nary_of_cell(cell, x, edges, slots):
    return reference.nary_tree_lstm(x, edges, slots, cell.weight_ih, cell.weight_igo, cell.weight_f, cell.bias)


def test_child_sum_is_the_reference_on_trees():
    edges, x, layer = tree_edges(SIZES), features(), ChildSumTreeLSTM(F, H).double()
    (cell,) = layer.cells
    expected = reference.lstm(x, edges, cell.weight_ih, cell.weight_hh, cell.bias)
    assert_same(list(layer.cell_states(x, edges)), list(expected), [x, *layer.parameters()])
    assert_same([layer(x, edges)[0]], [expected[0]], [x, *layer.parameters()])


def test_child_sum_on_a_chain_is_the_lstm():
    x, layer = features(), ChildSumTreeLSTM(F, H).double()
    lstm = LSTM(F, H).double()
    lstm.load_state_dict(layer.state_dict())
    module = layer.to_torch()
    layer.fused = False
    out, _ = layer(x, path_edges([N]))
    assert_close(out, lstm(x, path_edges([N]))[0])
    assert_close(out, module(x)[0])


@pytest.mark.parametrize("arity", [1, 2, 3, 5])
def test_nary_is_the_reference(arity):
    edges = tree_edges(SIZES, arity)
    slots, x, layer = slots_of(edges, arity), features(), NaryTreeLSTM(F, H, arity).double()
    out, (h, c) = layer(x, edges, slots)
    h_all, c_all = nary_reference(layer, x, edges, slots)
    roots = torch.tensor(SIZES).cumsum(0) - 1
    assert_same([out, h[0], c[0]], [h_all, h_all[roots], c_all[roots]], [x, *layer.parameters()])


def test_deep_nary_is_the_reference_layer_by_layer_up_and_down():
    edges = tree_edges(SIZES, 2)
    slots, x = slots_of(edges, 2), features()
    layer = NaryTreeLSTM(F, H, num_layers=2, bidirectional=True).double()
    out, (h, c) = layer(x, edges, slots)
    roots, leaves = torch.tensor(SIZES).cumsum(0) - 1, ~torch.isin(torch.arange(N), edges[1])
    graph, below, finals = batch_vector(SIZES), x, []
    for up, down in (layer.cells[:2], layer.cells[2:]):
        states = nary_of_cell(up, below, edges, slots), nary_of_cell(down, below, edges.flip(0), slots)
        finals += [[part[roots] for part in states[0]], [mean_of(part[leaves], graph[leaves]) for part in states[1]]]
        below = torch.cat([states[0][0], states[1][0]], dim=1)
    h_all, c_all = (torch.stack(kind) for kind in zip(*finals, strict=True))
    assert_same([out, h, c], [below, h_all, c_all], [x, *layer.parameters()])


def mean_of(values, graph):
    return torch.stack([values[graph == g].mean(0) for g in range(len(SIZES))])


def test_weights_that_were_stored_before_there_were_layers_still_load():
    layer, other = NaryTreeLSTM(F, H, 3), NaryTreeLSTM(F, H, 3)
    old = {name.removeprefix("cells.0."): value for name, value in layer.state_dict().items()}
    assert set(old) == {"weight_ih", "weight_igo", "weight_f", "bias"}
    model = torch.nn.Sequential(other)
    model.load_state_dict({f"0.{name}": value for name, value in old.items()})
    for left, right in zip(other.parameters(), layer.parameters(), strict=True):
        assert torch.equal(left, right)
    with pytest.raises(RuntimeError, match=r"Missing key.*cells.1.weight_ih"):
        NaryTreeLSTM(F, H, 3, num_layers=2).load_state_dict(old)


def test_two_parents_in_one_place_are_refused_against_the_edges():
    edges, slots = torch.tensor([[0, 0], [1, 2]]), torch.tensor([1, 1])
    NaryTreeLSTM(F, H)(torch.randn(3, F), edges, slots)
    with pytest.raises(ValueError, match="edge_slot makes node 0 the child in place 1 of two parents, expected one"):
        NaryTreeLSTM(F, H, bidirectional=True)(torch.randn(3, F), edges, slots)


def test_nary_of_one_place_on_a_path_is_the_lstm():
    lengths = [4, 2]
    lstm, layer, x = LSTM(F, H).double(), NaryTreeLSTM(F, H, 1).double(), features(6)
    cell, own = lstm.cells[0], layer.cells[0]
    w_i, w_f, w_g, w_o = cell.weight_hh.detach().chunk(4)
    with torch.no_grad():
        own.weight_ih.copy_(cell.weight_ih)
        own.bias.copy_(cell.bias)
        own.weight_igo[0].copy_(torch.cat([w_i, w_g, w_o]))
        own.weight_f[0, 0].copy_(w_f)
    state = tuple(torch.randn(2, 1, 2, H, dtype=torch.float64))
    out, (h, c) = layer(x, path_edges(lengths), torch.zeros(4, dtype=torch.long), state)
    expected, (h_l, c_l) = lstm(x, path_edges(lengths), state)
    assert_same([out, h, c], [expected, h_l, c_l], [x])


def test_nary_on_a_dag_is_the_reference():
    edges = torch.tensor([[0, 0, 1, 1, 2], [1, 2, 2, 3, 3]])
    slots, x, layer = torch.tensor([1, 0, 1, 0, 1]), features(4), NaryTreeLSTM(F, H, 2).double()
    expected, _ = nary_reference(layer, x, edges, slots)
    assert_same([layer(x, edges, slots)[0]], [expected], [x, *layer.parameters()])


def test_nary_batch_equals_one_by_one_in_any_order():
    edges = tree_edges(SIZES, 2)
    slots, x, layer = slots_of(edges, 2), features(), NaryTreeLSTM(F, H).double()
    out, (h, c) = layer(x, edges, slots)
    alone = [layer(x[nodes], own, slots[which]) for nodes, own, which in one_by_one(edges, SIZES)]
    joined = [torch.cat(parts, dim=-2) for parts in zip(*((o, h, c) for o, (h, c) in alone), strict=True)]
    assert_same([out, h, c], joined, [x, *layer.parameters()])
    numbers, order = torch.randperm(N), torch.randperm(edges.size(1))
    moved = torch.empty_like(numbers)
    moved[numbers] = torch.arange(N)
    schedule = Schedule(numbers[edges][:, order], N, batch_vector(SIZES)[moved])
    again, (h_again, c_again) = layer(x[moved], schedule, slots[order])
    assert_same([out, h, c], [again[numbers], h_again, c_again], [x, *layer.parameters()])


def test_children_have_places():
    edges, layer, x = torch.tensor([[0, 1], [2, 2]]), NaryTreeLSTM(F, H).double(), features(3)
    left, right = (layer(x, edges, torch.tensor(slots))[0][2] for slots in ([0, 1], [1, 0]))
    assert (left - right).abs().max() > 1e-3


@pytest.mark.parametrize("arity", [1, 2, 4])
def test_number_of_weights(arity):
    d, n = 5, 7
    count = sum(p.numel() for p in NaryTreeLSTM(d, n, arity).parameters())
    assert count == 4 * n * d + (3 * arity + arity**2) * n**2 + 4 * n


def test_deep_nary_tree():
    """A caterpillar 5,000 deep: a spine with one leaf at every node."""
    spine = torch.arange(0, 10000, 2)
    edges = torch.cat([torch.stack([spine[:-1], spine[1:]]), torch.stack([spine[1:] - 1, spine[1:]])], dim=1)
    slots = torch.arange(2).repeat_interleave(4999)
    layer, x = NaryTreeLSTM(2, 2), torch.randn(9999, 2, requires_grad=True)
    layer(x, edges, slots)[0].sum().backward()
    assert torch.isfinite(x.grad).all()


EDGES = torch.tensor([[0, 1, 2], [3, 3, 3]])


@pytest.mark.parametrize(
    ("slots", "message"),
    [
        ([0, 1, 2], r"edge_slot\[2\] is 2 at node 3, expected 0 to 1: the arity is 2"),
        ([0, -1, 1], r"edge_slot\[1\] is -1 at node 3, expected 0 to 1"),
        ([0, 1, 1], "edge_slot gives node 3 two children in place 1, expected one"),
        ([0, 1], r"edge_slot has shape \[2\], expected \[3\]"),
        ([0.0, 1.0, 0.0], "edge_slot has dtype torch.float32, expected torch.int64"),
    ],
)
def test_bad_slots(slots, message):
    with pytest.raises(ValueError, match=message):
        NaryTreeLSTM(F, H)(torch.randn(4, F), EDGES, torch.tensor(slots))


def test_bad_input():
    layer, slots = NaryTreeLSTM(F, H, 3), torch.arange(3)
    for name in ("in_channels", "out_channels", "arity"):
        with pytest.raises(ValueError, match=f"{name} is 0, expected at least 1"):
            NaryTreeLSTM(**{"in_channels": F, "out_channels": H, name: 0})
    with pytest.raises(ValueError, match=rf"x has shape \[4, 2\], expected \[N, {F}\]"):
        layer(torch.randn(4, 2), EDGES, slots)
    with pytest.raises(ValueError, match="edge_index refers to node 3 of 3"):
        layer(torch.randn(3, F), EDGES, slots)
    for state in [(torch.zeros(1, 2, H),) * 2, (torch.zeros(1, 1, H), torch.zeros(1, 1)), (torch.zeros(1, H),) * 2]:
        with pytest.raises(ValueError, match=rf"state has shapes .*, expected 2 of \[1, 1, {H}\]"):
            layer(torch.randn(4, F), EDGES, slots, state)
    with pytest.raises(ValueError, match="state is on meta, expected cpu"):
        layer(torch.randn(4, F), EDGES, slots, (torch.zeros(1, 1, H, device="meta"),) * 2)
    with pytest.raises(TypeError, match=r"edge_slot is a list, expected a tensor \[3\]"):
        layer(torch.randn(4, F), EDGES, [0, 1, 2])


@pytest.mark.parametrize("layout", ["coo", "csr"])
def test_a_sparse_matrix_has_an_order_of_its_own(layout):
    """Its edges are sorted, so that places would go to other children without a word."""
    layer, x, edges = NaryTreeLSTM(F, H), torch.randn(3, F), torch.tensor([[1, 0], [2, 2]])
    matrix = torch.sparse_coo_tensor(edges.flip(0), torch.ones(2), (3, 3)).coalesce()
    matrix = matrix if layout == "coo" else matrix.to_sparse_csr()
    with pytest.raises(ValueError, match=r"edge_index is a sparse matrix, .* in the order of edge_slot"):
        layer(x, matrix, torch.tensor([0, 1]))
