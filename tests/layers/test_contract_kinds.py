"""Kinds of faults that every layer could have, each held against all of them: dtype, NaN, views, copies, tracing."""

import copy
import pickle

import pytest
import torch
from dags import batch_vector, one_by_one
from gradients import gradients
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_cases import ALL, IN_TIME, LEARNED, OVER_SIGNALS, Flat, Graphs, Nary, Paths, Readout, Recurrence, flat, run
from torch import nn
from torch.testing import assert_close

from gnnseq.layers import GCN, BidirectionalSignals, SignalStack, recurrent

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.bool, torch.complex64)
NAN, INF = float("nan"), float("inf")
every = pytest.mark.parametrize("case", ALL)
learned = pytest.mark.parametrize("case", LEARNED)
in_time = pytest.mark.parametrize("case", IN_TIME)
over_signals = pytest.mark.parametrize("case", OVER_SIGNALS)
with_dtype_rule = pytest.mark.parametrize("case", LEARNED if hasattr(recurrent, "check_dtype") else OVER_SIGNALS)
over_a_graph = pytest.mark.parametrize("case", [p for p in OVER_SIGNALS if p.id != "GCRN-1"])  # K = 1 has no graph
cases = st.sampled_from([param.values[0] for param in ALL])
sizes_around_thresholds = st.lists(st.sampled_from([1, 2, 3, 7, 8, 9, 31, 32, 33, 64, 65]), min_size=1, max_size=3)


def of_sizes(case, sizes):
    """The case on graphs of these sizes, or of equal ones where all must be."""
    case = copy.copy(case)
    case.sizes = [4] * len(sizes) if isinstance(case, Flat) else list(sizes)
    return case


def finite(part):
    return bool(torch.isfinite(part).all())


@with_dtype_rule
@pytest.mark.parametrize("own", [torch.float32, torch.float64])
def test_another_dtype_is_refused(case, own):
    layer, x, graphs, _ = run(case, dtype=own)
    for other in {*DTYPES} - {own}:
        with pytest.raises(ValueError, match=f"x has dtype {other}, expected {own} as the layer"):
            case.call(layer, torch.ones_like(x, dtype=other), graphs, batch_vector(graphs.sizes))


@with_dtype_rule
def test_another_dtype_of_states_is_refused(case):
    layer, x, graphs, results = run(case)
    if len(results) == 1:
        return
    state = case.state_of(layer, x, graphs, batch_vector(graphs.sizes), torch.float32)
    with pytest.raises(ValueError, match=r"state has dtype torch.float32, expected torch.float64 as the layer"):
        case.call(layer, x, graphs, batch_vector(graphs.sizes), state)


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_autocast_decides_the_dtype(case, dtype):
    layer, x, graphs, _ = run(case, dtype=dtype)
    with torch.autocast("cpu", torch.bfloat16):
        results = case.call(layer, x, graphs, batch_vector(graphs.sizes))
        expected = dtype if isinstance(case, Readout) or dtype == torch.float64 else torch.bfloat16
        assert {part.dtype for part in results} == {expected}
        x = x.detach().to(torch.bfloat16)
        if dtype == torch.float32:
            assert case.call(layer, x, graphs, batch_vector(graphs.sizes))[0].dtype == torch.bfloat16


def check_nan_stays(case, value, position):
    """A value that is no number at one node of one graph leaves the other graphs' outputs and gradients alone."""
    torch.manual_seed(5)
    layer, graphs = case.make().double(), case.graphs()
    batch = batch_vector(graphs.sizes)
    x = case.features(len(batch)).detach()
    bad = x.clone()
    node = position % len(batch)
    bad.view(len(batch), -1)[node, 0] = value
    others = batch != batch[node]
    parts = []
    for features in (x, bad):
        features.requires_grad_()
        out = case.call(layer, features, graphs, batch)[0]
        rows = others if len(out) == len(batch) else torch.arange(len(out)) != batch[node]
        loss = out[rows].square().sum() if rows.any() else out.new_zeros((), requires_grad=True)
        weights = list(layer.parameters())
        (grad, *_) = torch.autograd.grad(loss, [features, *weights], allow_unused=True)
        parts.append([out[rows], torch.zeros(0) if grad is None else grad[others]])
    assert_close(parts[1], parts[0])
    assert all(finite(part) for part in parts[1])


@every
@pytest.mark.parametrize("n", [2, 27, 28, 29, 33])  # 28 and the next graphs are 32 nodes, once a threshold
def test_a_graph_with_nan_leaves_the_others_alone(case, n):
    for value, position in ((NAN, 0), (INF, n - 1), (-INF, n)):
        check_nan_stays(of_sizes(case, [n, 3, 1]), value, position)


@settings(max_examples=60)
@given(cases, sizes_around_thresholds, st.sampled_from([NAN, INF, -INF]), st.integers(0, 200))
def test_nan_anywhere_stays_in_its_graph(case, sizes, value, position):
    check_nan_stays(of_sizes(case, sizes), value, position)


@settings(max_examples=40)
@given(cases, sizes_around_thresholds, st.sampled_from([torch.float32, torch.float64]))
def test_a_batch_of_any_sizes_equals_its_graphs(case, sizes, dtype):
    layer, x, graphs, together = run(of_sizes(case, sizes), dtype)
    alone = []
    for nodes, own, which in one_by_one(graphs.edge_index, graphs.sizes):
        n = nodes.stop - nodes.start
        part = Graphs(own, [n], {name: value[which] for name, value in graphs.arguments.items()})
        alone.append(case.call(layer, x[nodes], part, batch_vector([n]))[0])
    tolerance = {"atol": 1e-5, "rtol": 1e-4} if dtype == torch.float32 else {}
    assert_close(together[0], torch.cat(alone), **tolerance)


@in_time
@pytest.mark.parametrize("value", [NAN, INF])
def test_what_stands_after_the_end_does_not_matter(case, value):
    layer, x, graphs, _ = run(case)
    batch = batch_vector(graphs.sizes)
    lengths = torch.tensor([2, 4, 3][: len(graphs.sizes)])
    after = torch.arange(x.size(1)) >= lengths[batch].unsqueeze(1)
    results = []
    for filling in (0.0, value):
        features = x.detach().clone()
        features[after] = filling
        features.requires_grad_()
        out = flat(layer(features, graphs.edge_index, batch=batch, lengths=lengths))
        results.append([*out, *gradients(out, [features, *layer.parameters()])])
        assert not results[-1][len(out)][after].any()
    assert_close(results[1], results[0])
    assert all(finite(part) for part in results[1])


def storage(tensor):
    return tensor.untyped_storage()


@every
@pytest.mark.parametrize("steps", [None, 1, 4])
def test_results_own_their_memory(case, steps):
    case = copy.copy(case)
    case.steps = case.steps and steps
    layer, x, _, results = run(case)
    places = [storage(tensor).data_ptr() for tensor in (*results, x, *layer.parameters())]
    assert len(set(places)) == len(places)
    for state in results[1:]:
        assert storage(state).nbytes() == state.numel() * state.element_size()
    kept = results[0].detach().clone()
    with torch.no_grad():
        for state in results[1:]:
            state.zero_()
    assert torch.equal(results[0], kept)
    if results[0].requires_grad:
        results[0].square().sum().backward()


@every
def test_arguments_are_left_alone(case):
    layer, x, graphs, results = run(case)
    given = [x, graphs.edge_index, *graphs.arguments.values()]
    state = case.state_of(layer, x, graphs, batch_vector(graphs.sizes), torch.float64) if len(results) > 1 else None
    given += [] if state is None else flat(state)
    before = [tensor.detach().clone() for tensor in given]
    out = case.call(layer, x, graphs, batch_vector(graphs.sizes), state)
    out[0].sum().backward()
    assert all(torch.equal(one, other) for one, other in zip(given, before, strict=True))


def replica(module):
    """What `nn.DataParallel` makes of a module: weights are plain attributes and `parameters` is empty."""
    other = module._replicate_for_data_parallel()
    for name, child in module._modules.items():
        other._modules[name] = None if child is None else replica(child)
    for name, weight in module._parameters.items():
        if weight is None:
            other._parameters[name] = None
        else:
            setattr(other, name, weight.detach().clone())
    return other


@every
@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer)), lambda layer: layer.float().double(), replica],
    ids=["deepcopy", "pickle", "to", "DataParallel"],
)
def test_copies_give_the_same(case, copied):
    layer, x, graphs, results = run(case)
    again = case.call(copied(layer), x, graphs, batch_vector(graphs.sizes))
    assert_close(again, results, atol=1e-6, rtol=1e-6)


@over_signals
@pytest.mark.parametrize("name", ["edge_weight", "lambda_max"])
def test_nothing_is_given_beside_a_ready_operator(case, name):
    layer, x, graphs, _ = run(case)
    filters = next((module for module in layer.modules() if hasattr(module, "operator")), None)
    if filters is None or (name == "lambda_max" and isinstance(layer, GCN)):
        return
    operator = filters.operator(graphs.edge_index, len(x))
    value = graphs.arguments["edge_weight"] if name == "edge_weight" else 2.0
    with pytest.raises(ValueError, match=f"{name} is given beside a ready operator, expected None"):
        layer(x, operator, **{name: value})


@over_signals
def test_weights_of_one_graph_are_a_tensor(case):
    layer, x, graphs, _ = run(case)
    weight = graphs.arguments["edge_weight"]
    with pytest.raises(TypeError, match=r"edge_weight is a list, expected a tensor \[E\]"):
        layer(x, graphs.edge_index, [weight, weight])


@over_a_graph
@pytest.mark.parametrize("value", [1.0, 1.5])
def test_learned_values_of_a_sparse_matrix_get_gradients(case, value):
    layer, x, graphs, _ = run(case)
    weight = torch.full((graphs.edge_index.size(1),), value, dtype=torch.float64, requires_grad=True)
    n = len(x)
    if any(isinstance(module, nn.Module) and "GraphConv" in type(module).__name__ for module in layer.modules()):
        return  # it reads its weights from edge_weight
    matrix = torch.sparse_coo_tensor(graphs.edge_index.flip(0), weight, (n, n))
    assert not matrix.is_coalesced()
    (grad,) = torch.autograd.grad(flat(layer(x, matrix))[0].square().sum(), weight)
    assert grad.abs().sum() > 0
    assert not matrix.is_coalesced()


@over_a_graph
def test_tangents_of_edge_weights(case):
    layer, x, graphs, _ = run(case)
    weight = graphs.arguments["edge_weight"]
    direction = torch.cat([torch.randn(len(weight) // 2, dtype=torch.float64)] * 2)

    def call(weight):
        return flat(layer(x.detach(), graphs.edge_index, weight))[0]

    with torch.autograd.forward_ad.dual_level():
        out = call(torch.autograd.forward_ad.make_dual(weight, direction))
        tangent = torch.autograd.forward_ad.unpack_dual(out).tangent
    slope = (call(weight + 1e-6 * direction) - call(weight - 1e-6 * direction)) / 2e-6
    assert_close(tangent, slope, atol=1e-7, rtol=1e-5)


@over_signals
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning", "ignore:.*torch.jit:FutureWarning")
def test_traced_it_reads_the_graph_it_is_given(case):
    layer, x, graphs, _ = run(case)
    layer.eval()
    traced = torch.jit.trace(Output(layer), (x.detach(), graphs.edge_index, graphs.arguments["edge_weight"]))
    for sizes in ([4, 4, 4], [32, 1, 7]):
        other = of_sizes(case, sizes)
        graphs = other.graphs()
        x = other.features(sum(graphs.sizes)).detach()
        weight = graphs.arguments["edge_weight"]
        assert_close(traced(x, graphs.edge_index, weight), Output(layer)(x, graphs.edge_index, weight))


@in_time
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning", "ignore:.*torch.jit:FutureWarning")
def test_traced_it_reads_lengths_and_refuses_other_steps(case):
    layer, x, _, _ = run(case)
    layer.eval()

    def arguments(case, steps):
        graphs, lengths = case.graphs(), torch.randint(1, steps + 1, (len(case.sizes),))
        x = torch.randn(sum(graphs.sizes), steps, x_width, dtype=torch.float64)
        batch = batch_vector(graphs.sizes)
        return x, graphs.edge_index, graphs.arguments["edge_weight"], batch, lengths

    x_width, steps = x.size(-1), x.size(1)
    traced = torch.jit.trace(WithLengths(layer), arguments(case, steps))
    other = arguments(of_sizes(case, [5, 33, 2, 1]), steps)
    assert_close(traced(*other), WithLengths(layer)(*other))
    with pytest.raises(RuntimeError, match="Expected 4 elements in a list but found 5"):
        traced(*arguments(case, steps + 1))


class WithLengths(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, edge_index, edge_weight, batch, lengths):
        return flat(self.layer(x, edge_index, edge_weight, batch=batch, lengths=lengths))[0]


class Output(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, *arguments):
        return flat(self.layer(*arguments))[0]


@learned
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning", "ignore:.*torch.jit:FutureWarning")
def test_tracing_freezes_no_structure(case):
    if not isinstance(case, Recurrence | Paths | Nary):
        return
    layer, x, graphs, _ = run(case)
    with pytest.raises(ValueError, match=r"edge_(index|slot|type) is read under torch.jit.trace.*, expected a"):
        torch.jit.trace(Output(layer), (x.detach(), graphs.edge_index, *graphs.arguments.values()))


@in_time
@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([1, 2, 3], "lengths is a list, expected a tensor of integers"),
        (torch.ones(3), "lengths is torch.float32, expected a tensor of integers"),
    ],
)
def test_lengths_of_another_kind(case, lengths, message):
    layer, x, graphs, _ = run(case)
    with pytest.raises(TypeError, match=message):
        layer(x, graphs.edge_index, batch=batch_vector(graphs.sizes), lengths=lengths)


@in_time
def test_an_empty_graph_at_the_end(case):
    layer, x, graphs, _ = run(case)
    batch, lengths = batch_vector(graphs.sizes), torch.tensor([2, 4, 3][: len(graphs.sizes)])
    more = torch.cat([lengths, torch.tensor([1])])
    expected = layer(x, graphs.edge_index, batch=batch, lengths=lengths)
    assert_close(layer(x, graphs.edge_index, batch=batch, lengths=more), expected)
    with pytest.raises(ValueError, match=r"lengths has shape \[1\], expected \[\d\], one per sequence"):
        layer(x, graphs.edge_index, batch=batch, lengths=lengths[:1])


@over_signals
def test_no_nodes(case):
    layer, x, _, _ = run(case)
    none = torch.empty(2, 0, dtype=torch.long)
    with pytest.raises(ValueError, match=r"x has no nodes, expected|x has shape .*, expected at least one"):
        layer(x[:0], none)


@over_signals
@pytest.mark.parametrize("x", [(torch.ones(2, 3), torch.ones(2, 3)), {"author": torch.ones(2, 3)}])
def test_bipartite_and_heterogeneous_features(case, x):
    with pytest.raises(TypeError, match=f"x is a {type(x).__name__}, expected a tensor .*neither bipartite.*to_hetero"):
        case.make()(x, torch.tensor([[0], [1]]))


@pytest.mark.parametrize("case", [p for p in IN_TIME if "GraphRNN" not in p.id and "GraphGRU" not in p.id])
def test_the_pair_of_states_given_apart(case):
    """PyG Temporal's `GConvLSTM` takes H and C one after the other."""
    layer, x, graphs, results = run(case)
    if isinstance(layer, SignalStack | BidirectionalSignals):
        return
    weight = graphs.arguments["edge_weight"]
    with pytest.raises(ValueError, match=r"state is a tensor of shape .*, expected 2 of .*: state=\(h, c\)"):
        layer(x, graphs.edge_index, weight, results[1], results[2])
