"""Weights from and to other libraries, their ways to write edges, and torch's own machinery."""

import pytest
import torch
from dags import path_edges, tree_edges, undirected_edges
from gradients import assert_same
from layouts import ChildSum, GConvLSTM
from torch import nn
from torch.testing import assert_close
from torch_geometric import EdgeIndex
from torch_geometric.nn import Sequential
from torch_geometric.typing import WITH_TORCH_SPARSE, SparseTensor

from gnnseq.layers import GCN, GCRN, GRU, LSTM, RNN, ChildSumTreeLSTM, GraphCNNLSTM, GraphGRU, GraphRNN
from gnnseq.ops import Schedule, gcn_operator

F, H, N = 3, 4, 6
KINDS = [(RNN, nn.RNN), (GRU, nn.GRU), (LSTM, nn.LSTM)]


def features(*shape):
    return torch.randn(*shape, F, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(("kind", "torch_kind"), KINDS)
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_to_torch_and_back(kind, torch_kind, num_layers, bidirectional, bias):
    layer = kind(F, H, num_layers, bias, 0.0, bidirectional).double()
    module = layer.to_torch()
    assert type(module) is torch_kind
    x = features(2, 3)
    out, _ = layer(x.view(6, F), path_edges([3, 3]))
    assert_same([out], [module(x)[0].reshape(6, -1)], [x])
    again = kind.from_torch(module)
    assert_close(dict(again.named_parameters()), dict(layer.named_parameters()))


@pytest.mark.parametrize(("kind", "torch_kind"), KINDS)
def test_from_torch_keeps_options_and_dtype(kind, torch_kind):
    layer = kind.from_torch(torch_kind(F, H, 2, dropout=0.3).double())
    assert layer.dropout == 0.3
    assert all(weight.dtype == torch.float64 for weight in layer.parameters())
    assert layer.to_torch().dropout == 0.3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: LSTM.from_torch(nn.GRU(F, H)), TypeError, "module is a GRU, expected torch.nn.LSTM"),
        (lambda: LSTM.from_torch(nn.LSTM(F, H, proj_size=2)), ValueError, "expected proj_size=0 and tanh"),
        (lambda: RNN.from_torch(nn.RNN(F, H, nonlinearity="relu")), ValueError, "expected proj_size=0 and tanh"),
        (lambda: GCRN.from_torch(nn.GRU(F, H)), TypeError, "module is a GRU, expected torch.nn.LSTM"),
        (lambda: GCRN.from_torch(nn.LSTM(F, H, 2)), ValueError, "expected one layer in one direction"),
        (lambda: GraphGRU.from_torch(nn.GRU(F, H, bidirectional=True)), ValueError, "expected one layer in one"),
        (lambda: GraphRNN.from_torch(nn.RNN(F, H, nonlinearity="relu")), ValueError, "expected one layer in one"),
    ],
)
def test_what_cannot_be_loaded(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("normalization", ["sym", "rw"])
@pytest.mark.parametrize("bias", [True, False])
def test_gconv_lstm(normalization, bias):
    module = GConvLSTM(F, H, 3, normalization, bias).double()
    layer = GCRN.from_gconv_lstm(module)
    edges, x = undirected_edges([N]), features(N, 4)
    half = torch.rand(edges.size(1) // 2, dtype=torch.float64) + 0.1
    weight = torch.cat([half, half])
    h = c = x.new_zeros(N, H)
    outs = []
    for x_t in x.unbind(1):
        h, c = module(x_t, edges, weight, h, c)
        outs.append(h)
    out, state = layer(x, edges, weight)
    assert_same([out, *state], [torch.stack(outs, dim=1), h, c], [x])


@pytest.mark.parametrize("arguments", [(True, False, False), (True, True, True), (False, False, True, False)])
def test_child_sum_modules(arguments):
    module, edges, x = ChildSum(F, H, *arguments).double(), tree_edges([5, 3]), features(8)
    out, _ = ChildSumTreeLSTM.from_child_sum(module)(x, edges)
    assert_same([out], [module(x, edges)], [x])


def adjacency(edges, weight, layout):
    """PyG's transposed adjacency in a sparse layout of torch."""
    matrix = torch.sparse_coo_tensor(edges.flip(0), weight, (N, N)).coalesce()
    return matrix if layout == "coo" else matrix.to_sparse_csr()


LAYERS = [
    (GCN(F, H, 2).double(), undirected_edges, (N,)),
    (GCRN(F, H, 3).double(), undirected_edges, (N, 2)),
    (GraphCNNLSTM(F, 2, H, 3).double(), undirected_edges, (N, 2)),
    (LSTM(F, H).double(), tree_edges, (N,)),
    (GRU(F, H).double(), path_edges, (N,)),
]


@pytest.mark.parametrize(("layer", "edges", "shape"), LAYERS)
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_all_ways_to_write_edges(layer, edges, shape):
    edge_index, x = edges([N]), features(*shape)
    expected = layer(x, edge_index)
    ones = torch.ones(edge_index.size(1), dtype=torch.float64)
    for other in (
        EdgeIndex(edge_index, sparse_size=(N, N)),
        adjacency(edge_index, ones, "coo"),
        adjacency(edge_index, ones, "csr"),
    ):
        assert_close(layer(x, other), expected)
    if WITH_TORCH_SPARSE:
        matrix = SparseTensor.from_edge_index(edge_index, sparse_sizes=(N, N)).t()
        assert_close(layer(x, matrix), expected)


@pytest.mark.parametrize(("layer", "edges", "shape"), LAYERS[:3])
@pytest.mark.parametrize("layout", ["coo", "csr"])
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_sparse_values_are_weights(layer, edges, shape, layout):
    edge_index, x = edges([N]), features(*shape)
    half = torch.rand(edge_index.size(1) // 2, dtype=torch.float64) + 0.1
    weight = torch.cat([half, half])
    assert_close(layer(x, adjacency(edge_index, weight, layout)), layer(x, edge_index, weight))


def test_in_pyg_s_sequential():
    edges, x = undirected_edges([N]), features(N, 3)
    gcrn, gcn, lstm = GCRN(F, H, 3), GCN(H, H), LSTM(H, 2)
    model = Sequential(
        "x, edge_index, tree",
        [
            (gcrn, "x, edge_index -> x, state"),
            (lambda x: x[:, -1], "x -> x"),
            (gcn, "x, edge_index -> x"),
            (lstm, "x, tree -> x, state"),
            (nn.Linear(2, 1), "x -> x"),
        ],
    ).double()
    tree = tree_edges([N])
    expected = lstm(gcn(gcrn(x, edges)[0][:, -1], edges), tree)[0]
    out = model(x, edges, tree)
    assert_close(out, model[-1](expected))


def compiled_cases():
    x, signals, und = torch.randn(N, F), torch.randn(N, 3, F), undirected_edges([N])
    schedule = Schedule(path_edges([4, 2]), N)
    schedule.reversed()
    yield "LSTM", LSTM(F, H, bidirectional=True), (x, schedule)
    yield "GRU", GRU(F, H), (x, Schedule(path_edges([3, 3]), N))
    tree = Schedule(tree_edges([4, 2]), N)
    LSTM(F, H, bidirectional=True)(x, tree)
    yield "LSTM on trees", LSTM(F, H, bidirectional=True), (x, tree)
    gcrn = GCRN(F, H, 3)
    yield "GCRN", gcrn, (signals, gcrn.operator(und, N))
    yield "GCN", GCN(F, H), (x, gcn_operator(und, N))


@pytest.mark.parametrize(("layer", "arguments"), [pytest.param(*case[1:], id=case[0]) for case in compiled_cases()])
def test_compiles_without_graph_breaks(layer, arguments):
    """On a Schedule or operator made before; dynamo only, since code generation is torch's business."""
    torch._dynamo.reset()
    compiled = torch.compile(layer, fullgraph=True, backend="eager")
    x, graph = arguments
    x = x.clone().requires_grad_()
    left, right = (out if isinstance(out, torch.Tensor) else out[0] for out in (compiled(x, graph), layer(x, graph)))
    assert_same([left], [right], [x, *layer.parameters()])


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("lengths", [[3, 3], [4, 2]])
def test_compiled_paths_train(kind, learned, lengths):
    """By torch's own equations, in float32, where no input gets a gradient too: oneDNN's LSTM compiles none."""
    torch._dynamo.reset()
    layer, schedule = kind(F, H), Schedule(path_edges(lengths), N)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager_decomp_partition")
    x = torch.randn(N, F, requires_grad=learned)
    assert_same([compiled(x, schedule)[0]], [layer(x, schedule)[0]], list(layer.parameters()))


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # dynamo's own
def test_an_unused_schedule_runs_outside_the_compiled_code():
    torch._dynamo.reset()
    layer, x, schedule = LSTM(F, H, bidirectional=True), torch.randn(N, F), Schedule(tree_edges([N]), N)
    assert_close(torch.compile(layer, backend="eager")(x, schedule), layer(x, schedule))
    torch._dynamo.reset()
    whole = torch.compile(layer, backend="eager", fullgraph=True)
    for used in (schedule, Schedule(tree_edges([N]), N), Schedule(tree_edges([2, 4]), N)):
        assert_close(layer(x, used), whole(x, used))
    with pytest.raises(torch._dynamo.exc.Unsupported, match=r"a Schedule on which `prepare\(\)` was called"):
        whole(x, Schedule(tree_edges([N]), N))


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
@pytest.mark.parametrize("edges", [path_edges, tree_edges])
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_trace_of_a_used_schedule_holds(kind, edges):
    layer, schedule = kind(F, H, bidirectional=True), Schedule(edges([4, 2]), N)
    x = torch.randn(N, F)

    class Outputs(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return self.layer(x, schedule)[0]

    outputs = Outputs()
    for trace in (torch.jit.trace, torch.export.export):
        with pytest.raises((ValueError, RuntimeError), match="expected a Schedule of the graphs that the trace is for"):
            trace(outputs, (x,))
    layer(x, schedule)
    for traced in (torch.jit.trace(outputs, (x,)), torch.export.export(outputs, (x,)).module()):
        assert_close(traced(2 * x), outputs(2 * x))


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
@pytest.mark.parametrize("lengths", [[4, 4], [5, 3]])
def test_second_derivatives_of_fused_kernels(kind, lengths):
    """float32 runs oneDNN's LSTM, whose second derivatives must be those of the equations."""
    layer, edges = kind(F, H), path_edges(lengths)
    x, direction = torch.randn(8, F, requires_grad=True), torch.randn(8, F)

    def twice():
        (grad,) = torch.autograd.grad(layer(x, edges)[0].pow(2).sum(), x, create_graph=True)
        return torch.autograd.grad((grad * direction).sum(), [x, *layer.parameters()])

    fused = twice()
    layer.fused = False
    assert_close(fused, twice(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
def test_torch_func_on_fused_kernels(kind):
    layer, edges, x = kind(F, H), path_edges([4, 2]), torch.randn(6, F)

    def last(x):
        return layer(x, edges)[0][-1]

    expected = torch.autograd.functional.jacobian(last, x)
    for transform in (torch.func.jacrev, torch.func.jacfwd):
        assert_close(transform(last)(x), expected)
    many = torch.randn(3, 6, F)
    assert_close(torch.func.vmap(last)(many), torch.stack([last(one) for one in many]))
    hessian = torch.func.hessian(lambda x: last(x).sum())(x)
    assert_close(hessian, torch.autograd.functional.hessian(lambda x: last(x).sum(), x), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
def test_forward_mode_outside_torch_func_needs_fused_off(kind):
    layer, edges, x, direction = kind(F, H), path_edges([4, 2]), torch.randn(6, F), torch.randn(6, F)
    layer.fused = False
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, direction)
        tangent = torch.autograd.forward_ad.unpack_dual(layer(dual, edges)[0]).tangent
    expected = torch.autograd.functional.jvp(lambda x: layer(x, edges)[0], x, direction)[1]
    assert_close(tangent, expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize(("layer", "edges", "shape"), LAYERS)
def test_half_precision_on_a_gpu(layer, edges, shape):
    edge_index, x = edges([N]).cuda(), torch.randn(*shape, F)
    expected = layer.float()(x, edge_index.cpu())
    out = layer.cuda().half()(x.cuda().half(), edge_index)
    left, right = (o if isinstance(o, torch.Tensor) else o[0] for o in (out, expected))
    layer.cpu().double()
    assert_close(left.float().cpu(), right, atol=2e-2, rtol=2e-2)
