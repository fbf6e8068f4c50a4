"""Linear recurrences against the dense resolvent and a loop over nodes: outputs, derivatives, NaN, bad input."""

from functools import partial

import numpy as np
import pytest
import torch
from dags import batch_vector, dag_edges, one_by_one, path_edges, renumbered, tree_edges
from gradients import assert_same
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import along_dag, linear_recurrence, linear_resolvent
from torch.autograd import gradcheck, gradgradcheck
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vmap
from torch.testing import assert_close

from gnnseq.ops import Schedule, linear_scan
from gnnseq.ops.linear import packed_paths
from gnnseq.ops.linear import plan as linear_plan

ENGINES = ["automatic", "paths", "levels"]
GRAPHS, LARGEST = 100, 12


def use(engine, patch):
    """Heavy paths in segments of 2 nodes wherever there are any, or levels, whatever they cost."""
    if engine == "automatic":
        return
    cost = {
        "paths": lambda found, _: len(np.unique(found.stage)),
        "levels": lambda found, _: -len(np.unique(found.path)),
    }
    patch.setattr(linear_plan, "_cost", cost[engine])
    patch.setattr(packed_paths, "_segment_length", lambda length: min(2, int(length.max())))


@pytest.fixture(params=ENGINES)
def engine(request, monkeypatch):
    use(request.param, monkeypatch)


def caterpillar(depth):
    """A path with one leaf at each node."""
    spine = torch.arange(depth)
    return torch.cat([torch.stack([spine[:-1], spine[1:]]), torch.stack([spine + depth, spine])], dim=1)


EDGES = {
    "path": path_edges([9]),
    "paths": path_edges([4, 1, 7]),
    "equal paths": path_edges([3, 3]),
    "trees": tree_edges([6, 1, 5]),
    "top down": tree_edges([6, 5]).flip(0),
    "dag": dag_edges([6, 5], 0.5),
    "mixed": torch.cat(
        [path_edges([4]), tree_edges([6]).flip(0) + 4, dag_edges([5], 0.6) + 10, tree_edges([5]) + 15], dim=1
    ),
    "no edges": torch.empty(2, 0, dtype=torch.long),
    "one node": torch.empty(2, 0, dtype=torch.long),
    "repeated": torch.tensor([[0, 0, 1], [1, 1, 2]]),
    "caterpillar": caterpillar(6),
}


def size_of(name):
    return {"one node": 1, "no edges": 3}.get(name) or int(EDGES[name].max()) + 1


def numbers(*shape, dtype=torch.float64):
    return torch.randn(shape, dtype=dtype, requires_grad=True)


def random_graphs(kind, seed):
    """GRAPHS forests (bottom up or top down) or other DAGs of 1 to LARGEST nodes, and the sizes."""
    generator = torch.Generator().manual_seed(seed)
    rand = partial(torch.rand, generator=generator)
    size = torch.randint(1, LARGEST + 1, (GRAPHS,), generator=generator)
    first = size.cumsum(0) - size
    if kind == "dag":
        nodes = torch.arange(LARGEST)
        chosen = (rand(GRAPHS, LARGEST, LARGEST) < rand(GRAPHS, 1, 1)) & (nodes.unsqueeze(1) < nodes)
        graph, *ends = (chosen & (nodes < size.view(-1, 1, 1))).nonzero().unbind(1)
        edges = first[graph] + torch.stack(ends)
    else:
        graph = torch.repeat_interleave(size)
        node = torch.arange(len(graph)) - first[graph]
        above = size[graph] - 1 - node  # how many nodes come later
        span = 1 + (rand(len(graph)) ** (4 * rand(GRAPHS)[graph]) * above).long().clamp(max=above - 1)
        some = (above > 0) & (rand(len(graph)) < 0.9)
        edges = (first[graph] + node)[some] + torch.stack([torch.zeros_like(span), span])[:, some]
    edges = edges.flip(0) if kind == "top down" else edges
    within = first[torch.repeat_interleave(size)] + torch.cat(
        [torch.randperm(int(n), generator=generator) for n in size]
    )
    return renumbered(edges, within), size.tolist(), generator


@settings(max_examples=300)
@given(st.sampled_from(["forest", "top down", "dag"]), st.integers(0, 2**31), st.sampled_from(ENGINES))
def test_thirty_thousand_graphs_agree_with_the_resolvent(kind, seed, engine):
    edges, sizes, generator = random_graphs(kind, seed)
    a, b, g = (
        torch.randn(n, 2, generator=generator, dtype=torch.float64) for n in (edges.size(1), sum(sizes), sum(sizes))
    )
    a = torch.where(torch.rand(a.shape, generator=generator) < 0.1, 0.0, a / LARGEST**0.5).requires_grad_()
    b.requires_grad_()
    with pytest.MonkeyPatch.context() as patch:
        use(engine, patch)
        h = linear_scan(edges, b, edge_gate=a)
        found = torch.autograd.grad(h, (a, b), g)
    expected = linear_resolvent(a, b, edges, sizes)
    assert_close(h, expected, rtol=1e-12, atol=1e-12)
    assert_close(found, torch.autograd.grad(expected, (a, b), g), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", EDGES)
def test_agrees_with_the_loop_over_nodes(name, engine):
    edges, n = EDGES[name], size_of(name)
    a, b = numbers(edges.size(1), 3), numbers(n, 3)
    assert_same([linear_scan(edges, b, edge_gate=a)], [linear_recurrence(a, b, edges)], [a, b])


@pytest.mark.parametrize("name", EDGES)
def test_gates_of_nodes(name, engine):
    edges, n = EDGES[name], size_of(name)
    a, b = numbers(n, 3), numbers(n, 3)
    for end, key in enumerate(["source_gate", "target_gate"]):
        assert_same([linear_scan(edges, b, **{key: a})], [linear_recurrence(a[edges[end]], b, edges)], [a, b])


@pytest.mark.parametrize(("edges", "levels"), [(path_edges([100_000]), 0), (caterpillar(50_000), 1)])
def test_deep_graphs(edges, levels):
    n = int(edges.max()) + 1
    a = (2 * torch.rand(edges.size(1), dtype=torch.float64) - 1).requires_grad_()
    b, g = numbers(n), torch.randn(n, dtype=torch.float64)
    schedule = Schedule(edges, n)
    h = linear_scan(schedule, b, edge_gate=a)
    assert len(schedule.linear_plan.stages) == 1 + levels
    found = torch.autograd.grad(h, (a, b), g)

    def loop(edge_index, inputs):
        gate, start = a.tolist(), inputs.tolist()
        values = along_dag(
            edge_index, n, lambda v, states, e: start[v] + sum(gate[i] * x for i, x in zip(e, states, strict=True))
        )
        return torch.tensor(values, dtype=torch.float64)

    d = loop(edges.flip(0), g)
    assert_close(h.detach(), loop(edges, b), rtol=1e-12, atol=1e-12)
    assert_close(found, (d[edges[1]] * h.detach()[edges[0]], d), rtol=1e-12, atol=1e-12)


def test_parity_of_twenty_thousand_steps():
    ones = torch.randint(2, (20_000,))
    start = torch.zeros(20_000, dtype=torch.float64)
    start[0] = 1.0
    h = linear_scan(path_edges([20_000]), start, target_gate=1.0 - 2.0 * ones.double())
    assert torch.equal(h, 1.0 - 2.0 * ((ones.cumsum(0) - ones[0]) % 2).double())


@pytest.mark.parametrize("gate", [1.0, -1.0, 0.0, 1e-30, -1e-3])
def test_products_of_gates_do_not_overflow_nor_divide(gate, engine):
    edges = path_edges([700])
    a, b = torch.full((699, 2), gate, requires_grad=True), torch.randn(700, 2, requires_grad=True)
    h = linear_scan(edges, b, edge_gate=a)
    assert_close(h, linear_recurrence(a.double(), b.double(), edges).float(), rtol=1e-5, atol=1e-4)
    assert all(torch.isfinite(x).all() for x in torch.autograd.grad(h.sum(), (a, b)))


@pytest.mark.parametrize("name", ["paths", "trees", "top down", "dag", "mixed", "repeated"])
def test_derivatives_of_all_kinds(name, engine):
    edges, n = EDGES[name], size_of(name)
    for dtype in (torch.float64, torch.complex128):
        inputs = numbers(edges.size(1), 2, dtype=dtype), numbers(n, 2, dtype=dtype)
        function = partial(lambda schedule, a, b: linear_scan(schedule, b, edge_gate=a), Schedule(edges, n))
        batched = {"check_batched_grad": dtype == torch.float64}
        assert gradcheck(function, inputs, check_forward_ad=True, **batched)
        assert gradgradcheck(function, inputs, **batched)


def test_only_some_gradients():
    edges = EDGES["trees"]
    a, b = numbers(edges.size(1), 3), numbers(12, 3)
    for one, other in ((a, b.detach()), (a.detach(), b)):
        wanted = [x for x in (one, other) if x.requires_grad]
        assert_same([linear_scan(edges, other, edge_gate=one)], [linear_recurrence(one, other, edges)], wanted)


@pytest.mark.parametrize("name", ["paths", "trees", "dag"])
def test_transforms_of_torch_func(name, engine):
    edges, n = EDGES[name], size_of(name)
    schedule = Schedule(edges, n)
    a, b = torch.randn(4, edges.size(1), 2, dtype=torch.float64), torch.randn(4, n, 2, dtype=torch.float64)

    def run(a, b):
        return linear_scan(schedule, b, edge_gate=a)

    one_by_one = torch.stack([run(*pair) for pair in zip(a, b, strict=True)])
    assert_close(vmap(run)(a, b), one_by_one)
    assert_close(vmap(run, (None, 0))(a[0], b)[1], run(a[0], b[1]))
    assert_close(vmap(run, (1, None))(a.transpose(0, 1), b[0])[1], run(a[1], b[0]))
    tangent = jvp(run, (a[0], b[0]), (a[1], b[1]))[1]
    by_hand = linear_recurrence(a[0], b[1] + _added(edges, a[1] * run(a[0], b[0])[edges[0]], n), edges)
    assert_close(tangent, by_hand)
    assert_close(jacfwd(run, (0, 1))(a[0], b[0]), jacrev(run, (0, 1))(a[0], b[0]))
    total = lambda a: run(a, b[0]).square().sum()  # noqa: E731
    assert_close(grad(total)(a[0]), torch.autograd.functional.jacobian(total, a[0]))
    assert_close(hessian(total)(a[0]), torch.autograd.functional.hessian(total, a[0]))
    assert_close(vmap(grad(total))(a)[2], grad(total)(a[2]))


def _added(edges, values, n):
    return torch.zeros(n, values.size(1), dtype=values.dtype).index_add(0, edges[1], values)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")  # dynamo's own
@pytest.mark.parametrize("ready", [True, False])
def test_compiles_in_a_graph_break(ready):
    edges = EDGES["trees"]
    a, b = numbers(edges.size(1), 3), numbers(12, 3)

    def model(b):
        return 2.0 * linear_scan(Schedule(edges, 12) if ready else edges, b.tanh(), edge_gate=a)

    compiled = torch.compile(model, backend="eager")
    assert_same([compiled(b)], [model(b)], [a, b])


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_traces_on_a_schedule():
    schedule = Schedule(EDGES["dag"], 11)
    a, b = (x.detach() for x in (numbers(schedule.edge_index.size(1), 2), numbers(11, 2)))
    run = lambda a, b: linear_scan(schedule, b, edge_gate=a)  # noqa: E731
    expected = run(a + 1, b)
    schedule.prepare()
    assert_close(torch.jit.trace(run, (a, b))(a + 1, b), expected)
    with pytest.raises(ValueError, match="edge_index is read under torch"):
        torch.jit.trace(lambda b: linear_scan(EDGES["dag"], b, target_gate=b), b)


@pytest.mark.parametrize("where", ["b", "gate", "gradient"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_batch_equals_its_graphs_one_by_one(where, bad, engine):
    sizes = [5, 1, 7, 3, 6, 40, 9]
    kinds = [path_edges, tree_edges, lambda n: tree_edges(n).flip(0), dag_edges]
    for edges in (kind(sizes) for kind in kinds):
        a, b, g = numbers(edges.size(1), 2), numbers(sum(sizes), 2), torch.randn(sum(sizes), 2, dtype=torch.float64)
        with torch.no_grad():
            a /= 4
            hit = {"b": b, "gate": a, "gradient": g}[where]
            own = {"b": batch_vector(sizes), "gate": batch_vector(sizes)[edges[0]], "gradient": batch_vector(sizes)}[
                where
            ]
            hit[own == 2] = bad  # one whole graph
        together = linear_scan(edges, b, edge_gate=a)
        together = [together, *torch.autograd.grad(together, (a, b), g)]
        for graph, (nodes, own_edges, positions) in enumerate(one_by_one(edges, sizes)):
            found = [together[0][nodes], together[1][positions], together[2][nodes]]
            if graph == 2:
                assert not all(torch.isfinite(x).all() for x in found)
                continue
            a_g, b_g = a[positions].detach().requires_grad_(), b[nodes].detach().requires_grad_()
            h_g = linear_scan(own_edges, b_g, edge_gate=a_g)
            alone = [h_g, *torch.autograd.grad(h_g, (a_g, b_g), g[nodes])]
            assert_close(found, alone)
            assert all(torch.isfinite(x).all() for x in alone)


@pytest.mark.parametrize("engine_name", ENGINES)
def test_nan_flows_downstream_only(engine_name, monkeypatch):
    use(engine_name, monkeypatch)
    b = torch.zeros(40, 1)
    b[13] = float("nan")
    h = linear_scan(path_edges([40]), b, edge_gate=torch.zeros(39, 1))
    assert h.isnan().view(-1).tolist() == [v >= 13 for v in range(40)]


@pytest.mark.parametrize("name", ["paths", "trees", "top down", "dag"])
def test_numbers_of_nodes_and_order_of_edges_do_not_matter(name, engine):
    edges, n = EDGES[name], size_of(name)
    a, b = torch.randn(edges.size(1), 2, dtype=torch.float64), torch.randn(n, 2, dtype=torch.float64)
    new, order = torch.randperm(n), torch.randperm(edges.size(1))
    other = torch.empty_like(b)
    other[new] = b
    found = linear_scan(new[edges][:, order], other, edge_gate=a[order])
    assert_close(found[new], linear_scan(edges, b, edge_gate=a))


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.complex64])
def test_shapes_and_dtypes(shape, dtype):
    edges = EDGES["trees"]
    a, b = torch.randn(edges.size(1), *shape, dtype=dtype), torch.randn(12, *shape, dtype=dtype)
    kept = a.clone(), b.clone()
    h = linear_scan(edges, b, edge_gate=a)
    assert (h.shape, h.dtype) == (b.shape, dtype)
    wide = torch.complex128 if dtype.is_complex else torch.float64
    expected = linear_recurrence(a.reshape(len(a), -1).to(wide), b.reshape(12, -1).to(wide), edges) if b.numel() else b
    assert_close(
        h, expected.view(b.shape).to(dtype), **({"rtol": 0.05, "atol": 0.1} if dtype == torch.bfloat16 else {})
    )
    h.zero_()
    assert all(torch.equal(x, y) for x, y in zip((a, b), kept, strict=True))


def test_layout_in_memory_does_not_matter():
    edges = EDGES["dag"]
    a, b = torch.randn(3, edges.size(1)).t(), torch.randn(3, 11).t()
    assert_close(linear_scan(edges, b, edge_gate=a), linear_scan(edges, b.contiguous(), edge_gate=a.contiguous()))


def test_on_meta():
    schedule = Schedule(EDGES["trees"], 12)
    there = schedule.to("meta")
    a, b = torch.empty(9, 4, device="meta", requires_grad=True), torch.empty(12, 4, device="meta", requires_grad=True)
    h = linear_scan(there, b, edge_gate=a)
    found = torch.autograd.grad(h.sum(), (a, b))
    assert [list(x.shape) for x in (h, *found)] == [[12, 4], [9, 4], [12, 4]]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"edge_gate": None}, ValueError, "none given, expected one of edge_gate, source_gate and target_gate"),
        ({"source_gate": torch.ones(3, 2)}, ValueError, "edge_gate, source_gate given, expected one of"),
        (
            {"edge_gate": torch.ones(3, 2)},
            ValueError,
            r"edge_gate has shape \[3, 2\], expected \[2, 2\], one row per edge",
        ),
        ({"edge_gate": torch.ones(2, 1)}, ValueError, r"edge_gate has shape \[2, 1\], expected \[2, 2\]"),
        (
            {"edge_gate": None, "target_gate": torch.ones(2, 2)},
            ValueError,
            r"target_gate has shape \[2, 2\], expected \[3, 2\], one row per node",
        ),
        (
            {"edge_gate": torch.ones(2, 2).double()},
            ValueError,
            "edge_gate is torch.float64 on cpu, expected torch.float32",
        ),
        ({"edge_gate": 0.5}, TypeError, "edge_gate is a float, expected a tensor of torch.float32"),
        ({"b": torch.ones(3, 2).long()}, ValueError, "b has dtype torch.int64, expected float or complex"),
        ({"b": torch.tensor(1.0)}, ValueError, r"b has shape \[\], expected \[N, ...\]"),
        ({"b": [1.0]}, TypeError, "b is a list, expected a tensor"),
        ({"b": torch.ones(0, 2)}, ValueError, "num_nodes is 0, expected at least 1"),
        ({"edge_index": torch.tensor([[0, 1], [1, 0]])}, ValueError, "cycle, .*: 0 -> 1 -> 0"),
        ({"edge_index": torch.tensor([[0, 1], [1, 3]])}, ValueError, "edge_index refers to node 3 of 3"),
        (
            {"edge_index": Schedule(path_edges([3]), 3).to("meta")},
            ValueError,
            "edge_index is on meta, expected cpu as b",
        ),
        ({"edge_index": Schedule(path_edges([4]), 4)}, ValueError, "the Schedule is of 4 nodes, but x has 3"),
    ],
)
def test_bad_input(changes, error, message):
    given = {"edge_index": path_edges([3]), "b": torch.ones(3, 2), "edge_gate": torch.ones(2, 2)} | changes
    with pytest.raises(error, match=message):
        linear_scan(**given)


def test_gates_of_edges_do_not_go_with_a_sparse_matrix():
    edges, b = torch.tensor([[1, 0], [2, 1]]), torch.ones(3)
    matrix = torch.sparse_coo_tensor(edges.flip(0), torch.ones(2), (3, 3))
    assert_close(linear_scan(matrix, b, source_gate=b), linear_scan(edges, b, source_gate=b))
    for sparse in (matrix, matrix.to_sparse_csr()):
        with pytest.raises(ValueError, match="edge_index is a sparse matrix, whose edges have an order of their own"):
            linear_scan(sparse, b, edge_gate=torch.ones(2))
