"""What every layer keeps under `torch.compile`: it trains, equals eager and is seldom compiled again."""

import copy
import pickle
import shutil

import pytest
import torch
from dags import batch_vector, full_trees
from layer_cases import (
    ALL,
    CASES,
    IN_TIME,
    OVER_SIGNALS,
    Attending,
    Flat,
    Readout,
    Recurrence,
    flat,
    is_whole,
    on_schedule,
)
from torch._dynamo.exc import Unsupported
from torch.testing import assert_close

from gnnseq import layers
from gnnseq.ops import Schedule, gcn_operator

every = pytest.mark.parametrize("case", ALL)
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # dynamo's own


WHOLE = [param for param in ALL if is_whole(param.values[0])]


@pytest.fixture(autouse=True)
def compiled_anew():
    """At most two recompilations; a third is an error."""
    torch._dynamo.reset()
    with torch._dynamo.config.patch(recompile_limit=3, fail_on_recompile_limit_hit=True):
        yield


def grown(case, k):
    """The k-th of batches of growing size; -1 is the smallest."""
    case = copy.copy(case)
    case.sizes = [4] * (k + 2) if isinstance(case, Flat) else [3, 2] if k < 0 else [4 + k, 2 + k, 3 + 2 * k]
    torch.manual_seed(k + 1)
    graphs = case.graphs()
    return case, case.features(sum(graphs.sizes)), graphs


def results(module, call, x):
    """Outputs and states, then the gradients of features and weights."""
    out = call(module, x)
    given = [x, *module.parameters()]
    return [*out, *torch.autograd.grad(sum(part.square().sum() for part in out), given, materialize_grads=True)]


def operator_of(layer, graphs):
    """What the layer can be given in place of edges."""
    given = (graphs.edge_index, sum(graphs.sizes), graphs.arguments["edge_weight"].double())
    if isinstance(layer, layers.GCN):
        return gcn_operator(*given)
    return next(module for module in layer.modules() if hasattr(module, "operator")).operator(*given)


def on_ready(layer, graphs):
    """A call on it."""
    ready = operator_of(layer, graphs)

    def call(module, x):
        return flat(module(x, ready))

    return call


@every
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled_it_trains_and_is_seldom_compiled_again(case, backend):
    layer = case.make().double()
    compiled = torch.compile(layer, backend=backend)
    for k in range(4):
        case, x, graphs = grown(case, k)
        batch = batch_vector(graphs.sizes)

        def call(module, x, case=case, graphs=graphs, batch=batch):
            return case.call(module, x, graphs, batch)

        assert_close(results(compiled, call, x), results(layer, call, x))


@pytest.mark.parametrize("case", [p for p in WHOLE if p in OVER_SIGNALS])
def test_on_a_ready_operator_it_compiles_as_a_whole(case):
    layer = case.make().double()
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    case, x, graphs = grown(case, -1)
    call = on_ready(layer, graphs)
    assert_close(results(compiled, call, x), results(layer, call, x))


@pytest.mark.parametrize("case", [p for p in WHOLE if isinstance(p.values[0], Recurrence)])
def test_on_a_prepared_schedule_it_compiles_as_a_whole(case):
    layer = case.make().double()
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    for k in (-1, 0, -1):  # other graphs of the first one's size, too
        case, x, graphs = grown(case, k)
        given = on_schedule(case, graphs, len(x))

        def call(module, x, given=given):
            return flat(module(x, *given))

        assert_close(results(compiled, call, x), results(layer, call, x))


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM", "DAGNN", "ChildSumTreeLSTM"])
def test_a_run_makes_a_schedule_ready(name):
    case, x, graphs = grown(CASES[name][0], -1)
    layer, schedule = case.make().double(), Schedule(graphs.edge_index, len(x), batch_vector(graphs.sizes))

    def call(module, x):
        return flat(module(x, schedule))

    expected = results(layer, call, x)
    assert_close(results(torch.compile(layer, backend="aot_eager", fullgraph=True), call, x), expected)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda schedule: pickle.loads(pickle.dumps(schedule))])
def test_a_copied_schedule_stays_ready(copied):
    case, x, graphs = grown(CASES["MinGRU"][0], -1)
    layer, schedule = case.make().double(), Schedule(graphs.edge_index, len(x))
    schedule.prepare()
    other = copied(schedule)
    del schedule

    def call(module, x):
        return flat(module(x, other))

    assert_close(results(torch.compile(layer, backend="aot_eager", fullgraph=True), call, x), results(layer, call, x))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda slots: slots + 1, "edge_slot is given, expected 0 to 1 everywhere"),
        (lambda slots: slots * 0, "edge_slot gives node some two children in place some"),
    ],
)
def test_wrong_places_are_an_error_of_the_program(wrong, message):
    case, x, graphs = grown(CASES["NaryTreeLSTM"][0], 0)
    schedule, slots = on_schedule(case, graphs, len(x))
    compiled = torch.compile(case.make().double(), backend="aot_eager", fullgraph=True)
    compiled(x, schedule, slots)
    with pytest.raises(RuntimeError, match=message):
        compiled(x, schedule, wrong(slots))


@pytest.mark.parametrize("case", [p for p in WHOLE if p in IN_TIME])
def test_lengths_compile_as_a_whole_and_are_checked_by_the_program(case):
    layer = case.make().double()
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    case, x, graphs = grown(case, 0)
    ready, batch = operator_of(layer, graphs), batch_vector(graphs.sizes)
    lengths = torch.arange(len(graphs.sizes)) + 2

    def call(module, x, lengths=lengths):
        return flat(module(x, ready, batch=batch, lengths=lengths))

    assert_close(results(compiled, call, x), results(layer, call, x))
    with pytest.raises(RuntimeError, match=r"lengths is given, expected 1 to \d"):
        call(compiled, x, lengths - 2)
    with pytest.raises(RuntimeError, match=r"lengths is given, expected one for each graph"):
        call(compiled, x, lengths[:1])


@pytest.mark.parametrize("full", [False, True])
def test_an_n_ary_tree_lstm_on_a_used_schedule(full):
    edges, slots, _ = full_trees(2, (2, 0, 1))
    if not full:
        edges, slots = edges[:, 1:], slots[1:]
    layer, schedule = layers.NaryTreeLSTM(3, 4).double(), Schedule(edges, 9)  # without `prepare()`
    x = torch.randn(9, 3, dtype=torch.float64, requires_grad=True)

    def call(module, x):
        return flat(module(x, schedule, slots))

    expected = results(layer, call, x)
    for _ in range(2):
        assert_close(results(torch.compile(layer, backend="aot_eager"), call, x), expected)


@pytest.mark.parametrize("case", [p for p in WHOLE if isinstance(p.values[0], Readout)])
def test_a_readout_compiles_as_a_whole(case):
    compiled = torch.compile(case.make(), fullgraph=True, backend="aot_eager")
    for k in range(4):
        case, x, graphs = grown(case, k)
        batch = batch_vector(graphs.sizes)
        assert_close(case.call(compiled, x, graphs, batch), case.call(case.make(), x, graphs, batch))
    for wrong in ([0, len(x) + 1], [1, len(x)], [0, 5, 2, len(x)]):
        with pytest.raises(RuntimeError, match="ptr is given, expected ascending bounds"):
            compiled(x, torch.tensor(wrong))


@pytest.mark.parametrize("case", [p for p in ALL if not isinstance(p.values[0], Readout)])
def test_on_edges_a_graph_break_says_why(case):
    layer = case.make().double()
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    case, x, graphs = grown(case, -1)
    name = type(layer).__name__ if isinstance(case, Attending) else "gnnseq"
    with pytest.raises(Unsupported, match=rf"{name} reads graphs outside of torch\.compile, expected fullgraph=False"):
        compiled(x, graphs.edge_index, *graphs.arguments.values())


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile's default backend needs a C++ compiler")
@pytest.mark.parametrize("case", [p for p in ALL if p.id in {"GCN-0", "LSTM-1", "NaryTreeLSTM-0", "MaxReadout-0"}])
def test_on_the_default_backend(case):
    layer = case.make().double()
    compiled = torch.compile(layer)
    case, x, graphs = grown(case, -1)
    batch = batch_vector(graphs.sizes)

    def call(module, x):
        return case.call(module, x, graphs, batch)

    assert_close(results(compiled, call, x), results(layer, call, x))


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile's default backend needs a C++ compiler")
def test_a_ready_operator_on_the_default_backend():
    layer = layers.GCN(3, 4, 2).double()
    _, x, graphs = grown(CASES["GCN"][0], -1)
    call = on_ready(layer, graphs)
    assert_close(results(torch.compile(layer, fullgraph=True), call, x), results(layer, call, x))
