"""The sparse operator against its dense matrix: products, derivatives of every kind, dtypes."""

import pytest
import torch
from dags import undirected_edges
from torch.testing import assert_close

from gnnseq.ops import SparseOperator, sparse

N = 7


@pytest.fixture(autouse=True, params=["csr", "dense"])
def _kind(request, monkeypatch):
    """So small a matrix is dense; every test runs on CSR too."""
    if request.param == "csr":
        monkeypatch.setattr(sparse, "_TINY", 0)
        monkeypatch.setattr(sparse, "_FULL", 0)


def test_kind_follows_size_and_edges(request):
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


def test_wrong_number_of_nodes():
    op, _, _ = directed()
    with pytest.raises(ValueError, match=r"x has shape \[8, 2\], expected 7 nodes in the first dimension"):
        op @ torch.ones(8, 2)
