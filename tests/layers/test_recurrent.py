"""RNN, GRU and LSTM along DAGs: torch's modules on paths, slow references elsewhere."""

import pytest
import reference
import torch
from dags import batch_vector, dag_batches, dag_edges, one_by_one, path_edges, renumbered, tree_edges
from gradients import assert_same
from hypothesis import given, settings
from torch import nn
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from gnnseq.layers import GRU, LSTM, RNN
from gnnseq.ops import Schedule

KINDS = [(RNN, nn.RNN), (GRU, nn.GRU), (LSTM, nn.LSTM)]
LAYERS = [RNN, GRU, LSTM]
F, H = 3, 4


def features(n):
    return torch.randn(n, F, dtype=torch.float64, requires_grad=True)


def states_of(result):
    """State tensors of a (out, state) pair, as a list."""
    return list(result[1]) if isinstance(result[1], tuple) else [result[1]]


def random_state(layer, num_graphs):
    shape = (layer.num_layers * layer.num_directions, num_graphs, H)
    h, c = torch.randn(2, *shape, dtype=torch.float64, requires_grad=True)
    return (h, c) if isinstance(layer, LSTM) else h


def as_list(state):
    return list(state) if isinstance(state, tuple) else [state]


def slow(layer, x, edge_index, state=None):
    """The reference of a layer with one cell: list of h and, for the LSTM, c."""
    (cell,) = layer.cells
    weights = (cell.weight_ih, cell.weight_hh, cell.bias)
    if isinstance(layer, LSTM):
        return list(reference.lstm(x, edge_index, *weights, state))
    if isinstance(layer, GRU):
        return [reference.gru(x, edge_index, *weights, cell.bias_hn, state)]
    return [reference.rnn(x, edge_index, *weights, state)]


def weight_gradients(out, module):
    """Gradients of the two kinds of matrix, layer by layer; the two keep different biases."""
    named = {name: p for name, p in module.named_parameters() if "weight" in name}
    return torch.autograd.grad(out.pow(2).sum(), list(named.values()), retain_graph=True)


@pytest.mark.parametrize(("kind", "torch_kind"), KINDS)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False}])
@pytest.mark.parametrize("lengths", [[5, 5, 5], [3, 6, 1, 4]], ids=["equal", "unequal"])
@pytest.mark.parametrize("with_state", [False, True])
def test_paths_are_torch_s_module(kind, torch_kind, options, lengths, with_state):
    module = torch_kind(F, H, batch_first=True, **options).double()
    layer = kind.from_torch(module)
    x = features(sum(lengths))
    state = random_state(layer, len(lengths)) if with_state else None
    out, *_ = result = layer(x, path_edges(lengths), state)
    packed = nn.utils.rnn.pack_sequence(x.split(lengths), enforce_sorted=False)
    expected, last = module(packed, state)
    dense, _ = nn.utils.rnn.pad_packed_sequence(expected, batch_first=True)
    rows = torch.cat([row[:length] for row, length in zip(dense, lengths, strict=True)])
    inputs = [x, *([] if state is None else as_list(state))]
    assert_same([out, *states_of(result)], [rows, *as_list(last)], inputs)
    assert_close(weight_gradients(out, layer), weight_gradients(rows, module))


@pytest.mark.parametrize(("kind", "torch_kind"), KINDS)
def test_fused_kernel_equals_level_by_level(kind, torch_kind):
    lengths = [4, 1, 6]
    layer = kind(F, H, num_layers=2, bidirectional=True).double()
    x, state = features(11), random_state(layer, 3)
    fused = layer(x, path_edges(lengths), state)
    layer.fused = False
    slow_way = layer(x, path_edges(lengths), state)
    inputs = [x, *as_list(state), *layer.parameters()]
    assert_same([fused[0], *states_of(fused)], [slow_way[0], *states_of(slow_way)], inputs)


@pytest.mark.parametrize("kind", LAYERS)
@settings(max_examples=25)
@given(graph=dag_batches())
def test_any_dag_is_the_reference(kind, graph):
    edge_index, sizes = graph
    n = sum(sizes)
    batch = batch_vector(sizes)
    layer, x = kind(F, H).double(), features(n)
    state = random_state(layer, len(sizes))
    out, *_ = result = layer(x, Schedule(edge_index, n, batch), state)
    per_node = [s[0][batch] for s in as_list(state)]
    expected = slow(layer, x, edge_index, tuple(per_node) if isinstance(layer, LSTM) else per_node[0])
    is_root = ~torch.isin(torch.arange(n), edge_index[0])
    finals = [
        torch.stack([s[is_root & (batch == g)].mean(0) for g in range(len(sizes))]).unsqueeze(0) for s in expected
    ]
    inputs = [x, *as_list(state), *layer.parameters()]
    assert_same([out, *states_of(result)], [expected[0], *finals], inputs)


@pytest.mark.parametrize("kind", LAYERS)
@settings(max_examples=25)
@given(graph=dag_batches())
def test_order_of_edges_and_numbers_of_nodes_do_not_matter(kind, graph):
    edge_index, sizes = graph
    n = sum(sizes)
    layer, x = kind(F, H, num_layers=2, bidirectional=True).double(), features(n)
    numbers = torch.randperm(n)
    moved = torch.empty_like(numbers)
    moved[numbers] = torch.arange(n)  # node v of the new graph was node moved[v]
    batch = batch_vector(sizes)
    left = layer(x, Schedule(edge_index, n, batch))
    right = layer(x[moved], Schedule(renumbered(edge_index, numbers), n, batch[moved]))
    assert_same([left[0], *states_of(left)], [right[0][numbers], *states_of(right)], [x, *layer.parameters()])


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("edges", [dag_edges, tree_edges, path_edges])
def test_a_batch_equals_its_graphs_one_by_one(kind, edges):
    sizes = [5, 1, 7, 2]
    edge_index, n = edges(sizes), sum(sizes)
    layer, x = kind(F, H, num_layers=2, bidirectional=True).double(), features(n)
    together = layer(x, Schedule(edge_index, n, batch_vector(sizes)))
    alone = [
        layer(x[nodes], Schedule(own, nodes.stop - nodes.start, batch_vector([nodes.stop - nodes.start])))
        for nodes, own, _ in one_by_one(edge_index, sizes)
    ]
    states = [torch.cat(kind_of_state, dim=1) for kind_of_state in zip(*map(states_of, alone), strict=True)]
    out = torch.cat([result[0] for result in alone])
    assert_same([together[0], *states_of(together)], [out, *states], [x, *layer.parameters()])


def test_states_of_components_come_in_the_order_of_their_first_nodes():
    layer = RNN(F, H).double()
    x = features(6)
    edges = torch.tensor([[4, 1], [0, 3]])  # graphs {0, 4}, {1, 3}, {2}, {5}
    out, h = layer(x, edges)
    assert_close(h[0], out[[0, 3, 2, 5]])


@pytest.mark.parametrize("kind", LAYERS)
def test_long_path_in_two_halves(kind):
    layer, x = kind(F, H).double(), features(20)
    out, state = layer(x, path_edges([10, 10]))
    parts = x.view(2, 10, F)
    first, middle = layer(parts[:, :4].reshape(-1, F), path_edges([4, 4]))
    second, last = layer(parts[:, 4:].reshape(-1, F), path_edges([6, 6]), middle)
    joined = torch.cat([first.view(2, 4, H), second.view(2, 6, H)], dim=1).view(20, H)
    assert_same([out, *as_list(state)], [joined, *as_list(last)], [x, *layer.parameters()])


def test_cell_states():
    layer, x = LSTM(F, H).double(), features(8)
    edges = tree_edges([5, 3])
    h, c = layer.cell_states(x, edges)
    assert_same([h, c], slow(layer, x, edges), [x, *layer.parameters()])
    state = random_state(layer, 2)
    h, c = layer.cell_states(x, edges, state)
    assert_close(h, layer(x, edges, state)[0])
    assert_close(c[[4, 7]], layer(x, edges, state)[1][1][0])


@pytest.mark.parametrize("kind", LAYERS)
def test_dropout_between_layers_only(kind):
    layer, x = kind(F, H, num_layers=2, dropout=0.5).double(), features(6)
    edges = path_edges([6])
    assert not torch.equal(layer(x, edges)[0], layer(x, edges)[0])
    layer.eval()
    assert torch.equal(layer(x, edges)[0], layer(x, edges)[0])
    single = kind(F, H, dropout=0.5).double()
    assert torch.equal(single(x, edges)[0], single(x, edges)[0])


@pytest.mark.parametrize(("kind", "gates", "extra"), [(RNN, 1, 0), (GRU, 3, 1), (LSTM, 4, 0)])
def test_number_of_weights(kind, gates, extra):
    d, n = 5, 7
    count = sum(p.numel() for p in kind(d, n).parameters())
    assert count == gates * (n * d + n * n + n) + extra * n
    assert sum(p.numel() for p in kind(d, n, bias=False).parameters()) == gates * (n * d + n * n)


@pytest.mark.parametrize(
    ("kind", "shape"), [(RNN, "path"), (LSTM, "path"), (LSTM, "deep tree"), (RNN, "lattice"), (GRU, "lattice")]
)
def test_depth_is_no_limit(kind, shape):
    """20,000 nodes deep (5,000 level by level), forward and backward; recursion would fail."""
    edges, n = deep(shape)
    layer, x = kind(2, 2), torch.randn(n, 2, requires_grad=True)
    if kind is GRU:  # it passes on a share z of the sum over three nodes, which must stay under 1 / 3
        nn.init.constant_(layer.cells[0].bias[2:4], -5.0)
    out, _ = layer(x, edges)
    out.sum().backward()
    assert out.shape == (n, 2)
    assert torch.isfinite(x.grad).all()


def deep(shape):
    if shape == "path":
        return path_edges([20000]), 20000
    spine = torch.arange(0, 10000, 2)  # node 2i has the leaf 2i - 1 beside the spine below
    if shape == "deep tree":
        edges = [torch.stack([spine[:-1], spine[1:]]), torch.stack([spine[1:] - 1, spine[1:]])]
        return torch.cat(edges, dim=1), 9999
    nodes = torch.arange(500)
    return torch.cat([torch.stack([nodes[:-k], nodes[k:]]) for k in (1, 2, 16)], dim=1), 500


class Work(TorchDispatchMode):
    """Counts the elements that all operations write, forward and backward: work, without a clock."""

    def __init__(self):
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        tensors = out if isinstance(out, (tuple, list)) else [out]
        self.elements += sum(t.numel() for t in tensors if isinstance(t, torch.Tensor))
        return out


@pytest.mark.parametrize("kind", LAYERS)
def test_work_is_linear_in_the_depth(kind):
    def elements(n):
        layer, x = kind(2, 2), torch.randn(n, 2, requires_grad=True)
        layer.fused = False
        schedule = Schedule.from_edge_index(path_edges([n]), n)
        _ = schedule.levels
        with Work() as work:
            layer(x, schedule)[0].sum().backward()
        return work.elements

    assert elements(400) < 4.2 * elements(100)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("turned", [False, True])
def test_work_is_linear_with_one_node_for_all(kind, turned):
    """A path to whose end every node has an edge, and from whose start every node has one."""

    def elements(n):
        layer, x = kind(2, 2), torch.randn(n, 2, requires_grad=True)
        schedule = Schedule(with_root(n), n)
        schedule = schedule.reversed() if turned else schedule
        _ = schedule.levels
        with Work() as work:
            layer(x, schedule)[0].sum().backward()
        return work.elements

    assert elements(400) < 4.2 * elements(100)


@pytest.mark.parametrize("kind", LAYERS)
def test_far_edges_are_the_reference(kind):
    edges, layer, x = with_root(60), kind(F, H).double(), features(60)
    nn.init.constant_(layer.cells[0].weight_hh, 0.01)
    assert_same([layer(x, edges)[0]], slow(layer, x, edges)[:1], [x, *layer.parameters()])


def with_root(n):
    nodes = torch.arange(n - 1)
    return torch.stack([torch.cat([nodes, nodes[:-1]]), torch.cat([nodes + 1, torch.full_like(nodes[:-1], n - 1)])])


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("n", [1, 3])
def test_nodes_without_edges(kind, n):
    layer, x = kind(F, H).double(), features(n)
    edges = torch.empty(2, 0, dtype=torch.long)
    result = layer(x, edges)
    expected = slow(layer, x, edges)
    finals = [kind_of_state.unsqueeze(0) for kind_of_state in expected]
    assert_same([result[0], *states_of(result)], [expected[0], *finals], [x])


@pytest.mark.parametrize("kind", LAYERS)
def test_a_lattice_with_repeated_edges(kind):
    edges = torch.tensor([[0, 0, 0, 1, 2], [1, 1, 3, 3, 3]])
    layer, x = kind(F, H).double(), features(4)
    assert_same([layer(x, edges)[0]], slow(layer, x, edges)[:1], [x, *layer.parameters()])


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"in_channels": 0}, "in_channels is 0, expected at least 1"),
        ({"out_channels": -1}, "out_channels is -1, expected at least 1"),
        ({"num_layers": 0}, "num_layers is 0, expected at least 1"),
        ({"dropout": 1.0}, "dropout is 1.0, expected 0 <= dropout < 1"),
    ],
)
def test_bad_arguments(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind(**{"in_channels": F, "out_channels": H, **arguments})


@pytest.mark.parametrize("kind", LAYERS)
def test_bad_input(kind):
    layer, x = kind(F, H), torch.randn(5, F)
    edges = path_edges([5])
    with pytest.raises(ValueError, match=rf"x has shape \[5, 2\], expected \[N, {F}\]"):
        layer(x[:, :2], edges)
    with pytest.raises(ValueError, match="edge_index refers to node 4 of 3"):
        layer(x[:3], edges)
    with pytest.raises(ValueError, match="edge_index has a cycle"):
        layer(x, torch.tensor([[0, 1], [1, 0]]))
    with pytest.raises(ValueError, match="the Schedule is of 5 nodes, but x has 4"):
        layer(x[:4], Schedule(edges, 5))
    wrong = torch.zeros(1, 2, H)
    with pytest.raises(ValueError, match=rf"state has shapes \[\[1, 2, {H}\].*, expected \d of \[1, 1, {H}\]"):
        layer(x, edges, (wrong, wrong) if kind is LSTM else wrong)
    away = torch.zeros(1, 1, H, device="meta")
    with pytest.raises(ValueError, match="state is on meta, expected cpu"):
        layer(x, edges, (away, away) if kind is LSTM else away)
    with pytest.raises(ValueError, match="x has no nodes, expected at least one"):
        layer(x[:0], edges[:, :0])
    with pytest.raises(TypeError, match=rf"x is a list, expected a tensor \[N, {F}\]"):
        layer(x.tolist(), edges)
    with pytest.raises(ValueError, match=r"edge_index has shape \[3, 1\], expected \[2, E\]"):
        layer(x, torch.tensor([[0], [1], [2]]))


def test_cell_states_of_many_cells():
    with pytest.raises(ValueError, match="has 2 cells, expected one layer in one direction"):
        LSTM(F, H, 2).cell_states(torch.randn(3, F), path_edges([3]))


def test_lstm_state_must_be_a_pair():
    h = torch.zeros(1, 1, H)
    layer, x, edges = LSTM(F, H), torch.randn(3, F), path_edges([3])
    with pytest.raises(ValueError, match=r"state has shapes .*, expected 2 of \[1, 1, 4\]"):
        layer(x, edges, (h,))
    with pytest.raises(ValueError, match=r"state is a tensor \[1, 1, 4\], expected a pair \(h, c\), each \[1, 1, 4\]"):
        layer(x, edges, h)
    with pytest.raises(ValueError, match=r"state is a tensor \[3\], expected a pair"):
        layer(x, edges, torch.zeros(3, dtype=torch.long))
    with pytest.raises(ValueError, match=r"state has shapes \['NoneType', 'NoneType'\], expected 2 of \[1, 1, 4\]"):
        layer(x, edges, (None, None))


def test_state_of_a_gru_is_no_pair():
    h = torch.zeros(1, 1, H)
    with pytest.raises(ValueError, match=r"state has shapes \['tuple'\], expected 1 of \[1, 1, 4\]"):
        GRU(F, H)(torch.randn(3, F), path_edges([3]), (h, h))
