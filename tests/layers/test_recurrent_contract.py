"""What every recurrence keeps, on random graphs: dtypes, NaN, memory, copies, and the tools around a layer."""

import copy
import io
import pickle
from dataclasses import dataclass

import pytest
import torch
from dags import batch_vector, dag_edges, full_trees, path_edges, renumbered, slots_of, tree_edges
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_cases import replica
from torch.testing import assert_close

from gnnseq import layers
from gnnseq.layers import (
    DAGNN,
    GRU,
    LSTM,
    RNN,
    ChildSumTreeLSTM,
    DeltaNet,
    GatedLinearAttention,
    MinGRU,
    MinLSTM,
    NaryTreeLSTM,
    RelationTreeLSTM,
)
from gnnseq.layers.stacked import StackedRecurrence
from gnnseq.ops import Schedule

F, H = 3, 4
DEEP = {"num_layers": 2, "bidirectional": True}


@dataclass
class Graphs:
    edges: torch.Tensor
    sizes: list[int]
    slots: torch.Tensor | None = None

    @property
    def num_nodes(self):
        return sum(self.sizes)

    @property
    def batch(self):
        return batch_vector(self.sizes)


def shuffled(sizes):
    """Paths whose nodes have any number within their graph."""
    moved, first = [], 0
    for n in sizes:
        moved.append(torch.randperm(n) + first)
        first += n
    return renumbered(path_edges(sizes), torch.cat(moved))


def far(sizes):
    """Paths to whose ends every node has an edge; long ones are set aside, not carried."""
    last = torch.tensor(sizes).cumsum(0)[batch_vector(sizes)] - 1
    nodes = torch.arange(sum(sizes))
    skips = torch.stack([nodes, last])[:, nodes < last]
    return torch.cat([path_edges(sizes), skips], dim=1)


KINDS = {"paths": path_edges, "shuffled": shuffled, "trees": tree_edges, "dags": dag_edges, "far": far}


@st.composite
def batches(draw, kind):
    """A batch of up to four graphs of one kind, of one size or several."""
    torch.manual_seed(draw(st.integers(0, 2**32 - 1)))
    if kind == "full trees":
        inner = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
        edges, slots, _ = full_trees(2, inner)
        return Graphs(edges, [2 * n + 1 for n in inner], slots)
    largest = 40 if kind == "far" else 6
    sizes = draw(st.lists(st.integers(1, largest), min_size=1, max_size=4))
    if draw(st.booleans()):
        sizes = [sizes[0]] * len(sizes)
    if kind == "slots":
        edges = tree_edges(sizes, 2)
        return Graphs(edges, sizes, slots_of(edges, 2))
    if kind == "typed":
        return typed(sizes)
    return Graphs(KINDS[kind](sizes), sizes)


def typed(sizes):
    """Random graphs with one of two relations at every edge."""
    edges = dag_edges(sizes)
    return Graphs(edges, sizes, torch.randint(2, (edges.size(1),)))


LAYERS = {
    "RNN": lambda: RNN(F, H),
    "GRU": lambda: GRU(F, H, **DEEP),
    "LSTM": lambda: LSTM(F, H),
    "deep LSTM": lambda: LSTM(F, H, **DEEP),
    "DAGNN": lambda: DAGNN(F, H, **DEEP),
    "MinGRU": lambda: MinGRU(F, H, **DEEP),
    "MinLSTM": lambda: MinLSTM(F, H),
    "GatedLinearAttention": lambda: GatedLinearAttention(F, H, heads=2, **DEEP),
    "DeltaNet": lambda: DeltaNet(F, H, heads=2, **DEEP),
    "ChildSumTreeLSTM": lambda: ChildSumTreeLSTM(F, H),
}
PLACED = {
    "N-ary": lambda: NaryTreeLSTM(F, H),
    "deep N-ary": lambda: NaryTreeLSTM(F, H, **DEEP),
}
CASES = [pytest.param(make, kind, id=f"{name} on {kind}") for name, make in LAYERS.items() for kind in KINDS]
CASES += [
    pytest.param(make, kind, id=f"{name} on {kind}")
    for name, make in PLACED.items()
    for kind in ("slots", "full trees")
]
RELATED = {
    "RelationTreeLSTM": lambda: RelationTreeLSTM(F, H, 2),
    "deep RelationTreeLSTM": lambda: RelationTreeLSTM(F, H, 2, **DEEP),
}
CASES += [  # the places of their children are the relations
    pytest.param(make, kind, id=f"{name} on {kind}")
    for name, make in RELATED.items()
    for kind in ("slots", "full trees", "typed")
]
every = pytest.mark.parametrize(("make", "kind"), CASES)
few = settings(max_examples=8)
OTHERS = [torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.int64, torch.uint8, torch.bool]
compiling = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # dynamo's own


def run(layer, x, graphs, state=None, edges=None):
    """The output, then the states."""
    edges = graphs.edges if edges is None else edges
    slots = () if graphs.slots is None else (graphs.slots,)
    out, states = layer(x, edges, *slots, state)
    return [out, *(states if isinstance(states, tuple) else [states])]


def on_batch(graphs):
    return Schedule(graphs.edges, graphs.num_nodes, graphs.batch)


def example(kind, seed=0):
    """One batch of a kind."""
    torch.manual_seed(seed)
    if kind == "full trees":
        edges, slots, _ = full_trees(2, (2, 0, 1))
        return Graphs(edges, [5, 1, 3], slots)
    if kind == "typed":
        return typed([5, 1, 3])
    edges = tree_edges([5, 1, 3], 2) if kind == "slots" else KINDS[kind]([5, 1, 3])
    return Graphs(edges, [5, 1, 3], slots_of(edges, 2) if kind == "slots" else None)


def test_every_recurrence_has_a_case():
    def kinds(base):
        return {base, *(kind for part in base.__subclasses__() for kind in kinds(part))}

    public = {kind for kind in kinds(StackedRecurrence) if kind.__name__ in layers.__all__}
    assert public == {type(make()) for make in (LAYERS | PLACED | RELATED).values()}


@every
@few
@given(data=st.data(), dtype=st.sampled_from(OTHERS), autocast=st.booleans())
def test_features_and_states_have_the_layer_s_dtype(make, kind, data, dtype, autocast):
    graphs, layer = data.draw(batches(kind)), make()
    x = torch.ones(graphs.num_nodes, F)
    mixed = autocast and dtype in (torch.float16, torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        good = run(layer, x, graphs)
        states = tuple(state.to(dtype) for state in good[1:])
        states = states if len(states) > 1 else states[0]
        if mixed:
            assert run(layer, x.to(dtype), graphs, states)[0].dtype == torch.bfloat16
            return
        with pytest.raises(ValueError, match=f"x has dtype {dtype}, expected torch.float32 as the layer"):
            run(layer, x.to(dtype), graphs)
        with pytest.raises(ValueError, match=f"state has dtype {dtype}, expected torch.float32 as the layer"):
            run(layer, x, graphs, states)


@every
@few
@given(data=st.data(), value=st.sampled_from([float("nan"), float("inf"), -float("inf")]))
def test_what_is_not_finite_stays_in_its_graph(make, kind, data, value):
    graphs, layer = data.draw(batches(kind)), make().double()
    x = torch.randn(graphs.num_nodes, F, dtype=torch.float64)
    bad = x.clone()
    node, channel = data.draw(st.integers(0, graphs.num_nodes - 1)), data.draw(st.integers(0, F - 1))
    bad[node, channel] = value
    others = graphs.batch != graphs.batch[node]
    found = []
    for features in (x, bad):
        features.requires_grad_()
        out, *states = run(layer, features, graphs, edges=on_batch(graphs))
        which = [others, *(torch.arange(len(graphs.sizes)) != graphs.batch[node],) * len(states)]
        parts = [
            (part if part.dim() == 2 else part.transpose(0, 1))[keep]
            for part, keep in zip([out, *states], which, strict=True)
        ]
        (grad,) = torch.autograd.grad(sum(part.sum() for part in parts), features)
        found.append([*parts, grad[others]])
    for clean, dirty in zip(*found, strict=True):
        assert torch.equal(clean, dirty)


@every
@few
@given(data=st.data(), dtype=st.sampled_from([torch.float32, torch.float64]), training=st.booleans())
def test_results_own_their_memory_and_arguments_stay(make, kind, data, dtype, training):
    graphs, layer = data.draw(batches(kind)), make().to(dtype)
    x = torch.randn(graphs.num_nodes, F, dtype=dtype)
    before = [x.clone(), graphs.edges.clone(), None if graphs.slots is None else graphs.slots.clone()]
    with torch.set_grad_enabled(training):
        results = run(layer, x, graphs)
        given = [state.clone() for state in results[1:]]
        run(layer, x, graphs, tuple(given) if len(given) > 1 else given[0])
    memory = [result.untyped_storage() for result in (*results, x)]
    assert len({part.data_ptr() for part in memory}) == len(memory)
    assert [part.nbytes() for part in memory[:-1]] == [r.numel() * r.element_size() for r in results]
    for left, right in zip([x, graphs.edges, graphs.slots, *given], [*before, *results[1:]], strict=True):
        assert (left is right is None) or torch.equal(left, right)


@every
def test_copies_of_layers_and_schedules(make, kind):
    graphs, layer = example(kind), make().eval()
    x, schedule = torch.randn(graphs.num_nodes, F), on_batch(graphs)
    expected = run(layer, x, graphs, edges=schedule)
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    loaded = make()
    loaded.load_state_dict(torch.load(file, weights_only=True))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), loaded):
        for order in (schedule, copy.deepcopy(schedule), pickle.loads(pickle.dumps(schedule))):
            for left, right in zip(run(other, x, graphs, edges=order), expected, strict=True):
                assert torch.equal(left, right)


@every
def test_meta_tensors_with_a_ready_schedule(make, kind):
    graphs, layer = example(kind), make()
    x, schedule = torch.randn(graphs.num_nodes, F), on_batch(graphs)
    expected = run(layer, x, graphs, edges=schedule)
    layer, there = layer.to("meta"), schedule.to("meta")
    slots = None if graphs.slots is None else graphs.slots.to("meta")
    found = run(layer, x.to("meta"), Graphs(graphs.edges, graphs.sizes, slots), edges=there)
    assert [part.shape for part in found] == [part.shape for part in expected]
    assert {part.device.type for part in found} == {"meta"}
    with pytest.raises(ValueError, match=r"edge_index is on cpu, expected meta as x: use edge_index.to\(x.device\)"):
        run(layer, x.to("meta"), graphs, edges=schedule)


@every
@compiling
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled_layers_train(make, kind, backend):
    torch._dynamo.reset()
    layer = make()
    compiled = torch.compile(layer, backend=backend)
    for seed in (0, 1):
        graphs = example(kind, seed)
        x = torch.randn(graphs.num_nodes, F)
        left, right = run(compiled, x, graphs), run(layer, x, graphs)
        assert_close(left, right)
        weights = list(layer.parameters())  # on paths the DAGNN's attention has no part
        grads = [torch.autograd.grad(out[0].pow(2).sum(), weights, materialize_grads=True) for out in (left, right)]
        assert_close(*grads)


@every
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_trace_would_keep_the_first_graph(make, kind):
    graphs, layer = example(kind), make()
    x = torch.randn(graphs.num_nodes, F)
    slots = () if graphs.slots is None else (graphs.slots,)
    with pytest.raises(ValueError, match=r"edge_(index|slot|type) is read under torch.jit.trace.*, expected a"):
        torch.jit.trace(layer, (x, graphs.edges, *slots))


@every
def test_replicas_of_data_parallel(make, kind):
    graphs, layer = example(kind), make()
    x = torch.randn(graphs.num_nodes, F)
    assert_close(run(replica(layer), x, graphs), run(layer, x, graphs))


@every
def test_a_schedule_used_under_inference_mode_first_can_train(make, kind):
    graphs, layer = example(kind), make()
    x, schedule = torch.randn(graphs.num_nodes, F), on_batch(graphs)
    with torch.inference_mode():
        expected = run(layer, x, graphs, edges=schedule)
        made_there = on_batch(graphs)
    for order in (schedule, made_there):
        found = run(layer, x, graphs, edges=order)
        for left, right in zip(found, expected, strict=True):
            assert_close(left, right)
        found[0].sum().backward()
    assert all(weight.grad is not None for weight in layer.parameters())


@every
def test_a_graph_without_nodes_keeps_its_state(make, kind):
    graphs, layer = example(kind), make().double()
    schedule = Schedule(graphs.edges, graphs.num_nodes, 2 * graphs.batch)  # graphs 1 and 3 have no nodes
    x = torch.randn(graphs.num_nodes, F, dtype=torch.float64)
    start = [torch.randn(state.size(0), 5, *state.shape[2:]).double() for state in run(layer, x, graphs)[1:]]

    def on(edges, states):
        return run(layer, x, graphs, tuple(states) if len(states) > 1 else states[0], edges)

    expected, found = on(on_batch(graphs), [state[:, ::2] for state in start]), on(schedule, start)
    assert_close(found[0], expected[0])
    for first, left, right in zip(start, found[1:], expected[1:], strict=True):
        assert_close(left[:, ::2], right)
        assert torch.equal(left[:, 1::2], first[:, 1::2])


STARS = {
    name: make for name, make in LAYERS.items() if name not in ("RNN", "GRU", "LSTM", "deep LSTM", "ChildSumTreeLSTM")
}


@pytest.mark.parametrize("make", STARS.values(), ids=STARS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_many_children_in_half_precision(make, dtype):
    leaves, layer = 70_000, make()  # more than float16 counts to, and than bfloat16 adds up one by one
    edges = torch.stack([torch.arange(leaves), torch.full((leaves,), leaves)])
    x = torch.rand(leaves + 1, F).to(dtype).float()
    exact = layer(x, edges)[0][-1]
    found = layer.to(dtype)(x.to(dtype), edges)[0][-1]
    assert_close(found.float(), exact, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("cell", [MinGRU, MinLSTM, GatedLinearAttention, DeltaNet])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("autocast", [False, True])
def test_slow_forgetting_in_half_precision(cell, dtype, autocast):
    layer = cell(F, H).to(dtype).float()
    with torch.no_grad():  # keeps 0.9988 of a state at each step, which bfloat16 rounds to 1
        for name, bias in layer.named_parameters():
            if "bias" in name:
                bias.fill_(4.0 if cell is GatedLinearAttention else 0.0)
                bias[:H] = -6.7 if cell in (MinGRU, MinLSTM) else bias[:H]
    x = torch.rand(1_000, F).to(dtype).float()
    edges = torch.stack([torch.arange(999), torch.arange(1, 1_000)])
    exact = layer(x, edges)
    with torch.autocast("cpu", dtype, enabled=autocast):
        found = layer(x, edges) if autocast else layer.to(dtype)(x.to(dtype), edges)
    for left, right in zip(found, exact, strict=True):
        assert left.dtype == dtype
        assert (left.float() - right).norm() < 0.03 * right.norm()
