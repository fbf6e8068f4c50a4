"""The sparse operator against its dense matrix: products, derivatives of every kind, dtypes."""

import copy
import pickle

import pytest
import torch
from dags import undirected_edges
from torch import nn
from torch.optim.swa_utils import AveragedModel
from torch.testing import assert_close

from gnnseq.ops import SparseOperator
from gnnseq.ops.operators import constant_matrix

N = 7


@pytest.fixture(autouse=True, params=["messages", "csr", "dense"])
def _kind(request, monkeypatch):
    """The kind follows from the edges and the channels; every test runs on all."""
    monkeypatch.setattr(constant_matrix, "_is_complete", lambda *_: request.param == "dense")
    monkeypatch.setattr(constant_matrix, "_FEW", 2**11 if request.param == "messages" else 0)


def test_kind_is_that_of_the_matrix(request):
    op, _, _ = directed()
    dense = request.node.callspec.params["_kind"] == "dense"
    for transposed in (False, True):
        assert op.matrix_of(torch.float64, transposed).layout == (torch.strided if dense else torch.sparse_csr)


def directed(learned=False):
    """Edges of no symmetry with one repeated, weights, the operator and its matrix."""
    edges = torch.cat([torch.randint(N - 1, (2, 12)), torch.tensor([[0, 0], [1, 1]])], dim=1)
    weight = torch.randn(edges.size(1), dtype=torch.float64, requires_grad=learned)
    matrix = torch.zeros(N, N, dtype=torch.float64).index_put((edges[1], edges[0]), weight, accumulate=True)
    return (
        SparseOperator(edges, weight, N, diagonal=0.5),
        matrix + 0.5 * torch.eye(N, dtype=torch.float64),
        weight,
    )


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 3)])
def test_product_and_gradients(learned, shape):
    op, matrix, weight = directed(learned)
    x = torch.randn(N, *shape, dtype=torch.float64, requires_grad=True)
    left, right = op @ x, torch.tensordot(matrix, x, dims=1)
    assert_close(left, right)
    assert_close(op.to_dense(), matrix)
    inputs = [x, weight] if learned else [x]
    grads = [torch.autograd.grad(out.pow(3).sum(), inputs, create_graph=True) for out in (left, right)]
    assert_close(*grads)
    twice = [torch.autograd.grad(sum(g.pow(2).sum() for g in grad), inputs) for grad in grads]
    assert_close(*twice)


@pytest.mark.parametrize("inside", [False, True], ids=["made before", "made inside"])
def test_torch_func(inside):
    op, matrix, weight = directed()
    x = torch.randn(N, 3, dtype=torch.float64)

    def apply(x):
        made = SparseOperator(op.edge_index, weight, N, diagonal=0.5) if inside else op
        return (made @ x).pow(3)

    def dense(x):
        return (matrix @ x).pow(3)

    for transform in (torch.func.jacrev, torch.func.jacfwd, torch.func.hessian):
        assert_close(transform(apply)(x), transform(dense)(x))
    many = torch.randn(4, N, 3, dtype=torch.float64)
    assert_close(torch.func.vmap(apply)(many), torch.func.vmap(dense)(many))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_other_dtypes(dtype):
    op, matrix, _ = directed()
    x = torch.randn(N, 3).to(dtype)
    out = op @ x
    assert out.dtype == dtype
    tolerance = {} if dtype == torch.float32 else {"atol": 3e-2, "rtol": 3e-2}
    assert_close(out.double(), matrix @ x.double(), **tolerance or {"atol": 1e-5, "rtol": 1e-5})


def test_autocast_leaves_the_product_alone():
    edges = undirected_edges([N])
    op = SparseOperator(edges, torch.ones(edges.size(1)), N)
    x = torch.randn(N, 3, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        out = op @ x
    assert torch.equal(out, op @ x)
    out.sum().backward()
    assert x.grad.shape == x.shape


@pytest.mark.parametrize("learned", [False, True])
def test_no_edges(learned):
    weight = torch.empty(0, requires_grad=learned)
    op = SparseOperator(torch.empty(2, 0, dtype=torch.long), weight, 3, diagonal=2.0)
    assert torch.equal(op @ torch.ones(3, 2), torch.full((3, 2), 2.0))
    assert repr(op) == "SparseOperator(nodes=3, edges=0)"


COMPLETE = torch.cartesian_prod(torch.arange(4), torch.arange(4)).t()


@pytest.mark.parametrize(
    ("edges", "dense"),
    [
        (COMPLETE, True),
        (COMPLETE[:, COMPLETE[0] != COMPLETE[1]], True),  # all but the self-loops
        (COMPLETE[:, 2:], False),  # no edge from 0 to 1
        (torch.cat([COMPLETE[:, 2:], COMPLETE[:, 5:10]], dim=1), False),  # as many edges, some of them twice
        (COMPLETE[:, :1], False),
    ],
)
def test_dense_where_every_two_nodes_share_an_edge(edges, dense, monkeypatch):
    monkeypatch.undo()
    op = SparseOperator(edges, torch.ones(edges.size(1)), 4)
    assert op.matrix_of(torch.float32).layout == (torch.strided if dense else torch.sparse_csr)


@pytest.mark.parametrize("n", [3, 7, 8, 9, 31, 32, 33, 70])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("few", [0, 2**11])
def test_not_a_number_reaches_neighbours_only(n, value, few, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(constant_matrix, "_FEW", few)
    edges = torch.stack([torch.arange(n - 1), torch.arange(1, n)])
    op = SparseOperator(torch.cat([edges, edges.flip(0)], dim=1), torch.full((2 * n - 2,), 0.5), n)
    x = torch.ones(n, 2, requires_grad=True)
    with torch.no_grad():
        x[0] = value
    out = op @ x
    assert torch.isfinite(out).all(1).tolist() == [v != 1 for v in range(n)]
    out[1].sum().backward()
    assert torch.equal(x.grad[:, 0], torch.tensor([0.5, 0.0, 0.5, *[0.0] * n])[:n])


def test_a_matrix_is_made_where_a_signal_needs_one(monkeypatch):
    monkeypatch.undo()
    made = []
    make = constant_matrix._csr
    monkeypatch.setattr(constant_matrix, "_csr", lambda *given: made.append(None) or make(*given))
    edges = torch.stack([torch.arange(19), torch.arange(1, 20)])
    for _ in range(3):
        x = torch.randn(20, 16, requires_grad=True)
        (SparseOperator(edges, torch.ones(19), 20) @ x).sum().backward()
    assert not made
    op, many = SparseOperator(edges, torch.ones(19), 20), torch.randn(20, 1000, requires_grad=True)
    out = op @ many
    assert len(made) == 1  # the transpose is made on the way back
    for _ in range(3):
        out.sum().backward(retain_graph=True)
    assert len(made) == 2
    assert_close(out[:, :16], op @ many[:, :16])


def test_it_stays_what_it_was_when_the_caller_changes_the_tensors():
    op, matrix, weight = directed()
    x = torch.randn(N, 3, dtype=torch.float64, requires_grad=True)
    out = op @ x
    weight.mul_(2)
    op.edge_index.zero_()
    assert_close(out, matrix @ x)
    assert_close(torch.autograd.grad((op @ x).sum() + out.sum(), x)[0], 2 * matrix.sum(0).unsqueeze(1).expand(N, 3))


class Holder(nn.Module):
    def __init__(self, op):
        super().__init__()
        self.op, self.linear = op, nn.Linear(3, 3).to(op.weight.dtype)

    def forward(self, x):
        return self.op @ self.linear(x)


def test_it_lives_in_a_module_as_a_buffer_does():
    op, _, _ = directed()
    model, x = Holder(op), torch.randn(N, 3, dtype=torch.float64)
    expected = model(x)
    assert list(model.state_dict()) == ["linear.weight", "linear.bias"]
    copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model)), copy.copy(model)]
    copies += [AveragedModel(model, use_buffers=use) for use in (False, True)]
    for averaged in copies[-2:]:
        averaged.update_parameters(model)
        averaged.update_parameters(model)
    for other in copies:
        assert torch.equal(other(x), expected)
    assert_close(model.float()(x.float()), expected.float())
    assert op.weight.dtype == op.matrix_of(torch.float32).dtype == torch.float32
    assert op.edge_index.dtype == torch.int64
    assert model.to("meta")(x.to("meta")).shape == expected.shape
    assert op.weight.is_meta
    assert model.apply(lambda module: None) is model


def test_a_replica_of_data_parallel():
    op, matrix, _ = directed()
    replica = op._replicate_for_data_parallel()
    assert_close(replica @ torch.eye(N, dtype=torch.float64), matrix)
    assert op.matrix is not None


@pytest.mark.parametrize("learned", [False, True])
def test_forward_mode_through_the_weights(learned):
    op, _, weight = directed(learned)
    x, direction = torch.randn(N, 3, dtype=torch.float64), torch.randn_like(weight)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(weight, direction)
        out = SparseOperator(op.edge_index, dual, N) @ x
        tangent = torch.autograd.forward_ad.unpack_dual(out).tangent
    assert_close(tangent, SparseOperator(op.edge_index, direction, N) @ x)


def test_integers_are_no_signal_but_may_be_weights():
    edges = torch.tensor([[0, 1], [1, 0]])
    op = SparseOperator(edges, torch.tensor([3, 4]), 2)
    assert torch.equal(op.to_dense(), torch.tensor([[0.0, 4.0], [3.0, 0.0]]))
    with pytest.raises(ValueError, match=r"x has dtype torch.int64, expected a floating point dtype"):
        op @ torch.tensor([[1], [2]])


@pytest.mark.parametrize(
    ("edges", "count", "message"),
    [
        ([[0, 1], [1, 0]], 3, r"weight has shape \[3\], expected \[2\], one per edge"),
        ([[0, -1], [1, 0]], 2, "edge_index refers to node -1 of 2, expected 0 to 1"),
        ([[0, 2], [1, 0]], 2, "edge_index refers to node 2 of 2, expected 0 to 1"),
    ],
)
def test_made_by_hand_of_wrong_parts(edges, count, message):
    with pytest.raises(ValueError, match=message):
        SparseOperator(torch.tensor(edges), torch.ones(count), 2)


def test_wrong_number_of_nodes():
    op, _, _ = directed()
    with pytest.raises(ValueError, match=r"x has shape \[8, 2\], expected 7 nodes in the first dimension"):
        op @ torch.ones(8, 2)


@pytest.mark.parametrize("channels", [1, 40])
def test_complex_weights_have_the_gradients_of_the_dense_matrix(channels):
    edges, weight = torch.randint(0, 60, (2, 400)), torch.randn(400, dtype=torch.cdouble)
    operator = SparseOperator(edges, weight, 60)
    dense = torch.zeros(60, 60, dtype=torch.cdouble).index_put((edges[1], edges[0]), weight, accumulate=True)
    x = torch.randn(60, channels, dtype=torch.cdouble, requires_grad=True)
    grad = torch.randn_like(x)
    for found, expected in ((operator @ x, dense @ x),):
        assert_close(found, expected)
        assert_close(*(torch.autograd.grad(out, x, grad)[0] for out in (found, expected)))
    real = torch.randn(60, channels, dtype=torch.double)
    assert_close(operator @ real, dense @ real.to(torch.cdouble))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_learned_weights_add_up_in_float32_too(dtype):
    edges = torch.stack([torch.arange(1, 3001), torch.zeros(3000, dtype=torch.long)])
    x = torch.full((3001, 1), 0.25, dtype=dtype)
    weight = torch.linspace(0.5, 1.5, 3000)
    constant, learned = (SparseOperator(edges, w, 3001) for w in (weight, weight.clone().requires_grad_()))
    assert_close(learned @ x, constant @ x)
    assert float((learned @ x)[0].detach()) == pytest.approx(750, rel=5e-3)
