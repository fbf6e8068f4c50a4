"""Graph filters against dense matrices and PyG's layers."""

import pytest
import reference
import torch
from dags import batch_vector, one_by_one, path_edges, undirected_edges
from gradients import assert_same
from torch.testing import assert_close
from torch_geometric.nn import ChebConv, GCNConv

from gnnseq.ops import chebyshev_terms, gcn_operator, scaled_laplacian

SIZES = [6, 1, 4]
N = sum(SIZES)


def weighted(sizes=SIZES, learned=False):
    """Undirected edges and one weight for both directions of each."""
    edges = undirected_edges(sizes)
    half = torch.rand(edges.size(1) // 2, dtype=torch.float64) + 0.2
    return edges, torch.cat([half, half]).requires_grad_(learned)


def dense_laplacian(edges, n, weight, normalization, lambda_max):
    A = reference.adjacency(edges, n, weight)
    return reference.scaled_laplacian(reference.laplacian(A, normalization), lambda_max)


@pytest.mark.parametrize("normalization", ["sym", "rw", None])
@pytest.mark.parametrize("lambda_max", [None, 2.0, 1.7, 5.0])
@pytest.mark.parametrize("learned", [False, True])
def test_scaled_laplacian_is_the_dense_one(normalization, lambda_max, learned):
    edges, weight = weighted([N], learned)
    op = scaled_laplacian(edges, N, weight, normalization, lambda_max)
    bound = 2.0 if lambda_max is None else lambda_max
    if lambda_max is None and normalization is None:
        degree = reference.adjacency(edges, N, weight.detach()).sum(0)
        bound = (degree[edges[0]] + degree[edges[1]]).max().item()
    dense = dense_laplacian(edges, N, weight, normalization, bound)
    assert_close(op.to_dense(), dense)
    if learned:
        factor = torch.randn(N, N, dtype=torch.float64)
        left, right = ((matrix * factor).sum() for matrix in (op.to_dense(), dense))
        assert_close(torch.autograd.grad(left, weight), torch.autograd.grad(right, weight))


@pytest.mark.parametrize("normalization", ["sym", "rw", None])
def test_default_lambda_max_bounds_the_spectrum(normalization):
    edges, weight = weighted([12])
    spectrum = torch.linalg.eigvals(scaled_laplacian(edges, 12, weight, normalization).to_dense()).real
    assert spectrum.abs().max() <= 1 + 1e-9


@pytest.mark.parametrize("normalization", ["sym", "rw", None])
@pytest.mark.parametrize("lambda_max", [None, torch.tensor([1.5, 2.0, 3.0])])
def test_graphs_of_a_batch_do_not_meet(normalization, lambda_max):
    edges, weight = weighted()
    joined = scaled_laplacian(edges, N, weight, normalization, lambda_max, batch_vector(SIZES)).to_dense()
    blocks = []
    for graph, (nodes, own, which) in enumerate(one_by_one(edges, SIZES)):
        own_max = None if lambda_max is None else lambda_max[graph].item()
        n = nodes.stop - nodes.start
        blocks.append(scaled_laplacian(own, n, weight[which], normalization, own_max).to_dense())
    assert_close(joined, torch.block_diag(*blocks))


@pytest.mark.parametrize("normalization", ["sym", "rw", None])
def test_zero_degree_is_defined(normalization):
    edges = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
    weight = torch.tensor([1.0, 1.0, 0.0, 0.0], dtype=torch.float64, requires_grad=True)
    op = scaled_laplacian(edges, 4, weight, normalization)  # node 2 has only zero weights, node 3 no edges
    dense = op.to_dense()
    assert torch.isfinite(dense).all()
    lonely = -1.0 if normalization is None else 0.0
    assert_close(dense[2:, 2:], lonely * torch.eye(2, dtype=torch.float64))
    (grad,) = torch.autograd.grad((op @ torch.randn(4, 2, dtype=torch.float64)).sum(), weight)
    assert torch.isfinite(grad).all()


@pytest.mark.parametrize("normalization", ["sym", "rw", None])
@pytest.mark.parametrize("K", [1, 2, 3, 5])
def test_chebyshev_terms_are_pyg_s(K, normalization):
    edges, weight = weighted([N])
    x = torch.randn(N, 3, dtype=torch.float64, requires_grad=True)
    lambda_max = 3.0 if normalization is None else 2.0
    conv = ChebConv(3, 2, K, normalization, bias=False).double()
    terms = chebyshev_terms(scaled_laplacian(edges, N, weight, normalization, lambda_max), x, K)
    left = sum(term @ lin.weight.t() for term, lin in zip(terms, conv.lins, strict=True))
    right = conv(x, edges, weight, lambda_max=torch.tensor(lambda_max))
    assert_same([left], [right], [x, *conv.parameters()])


@pytest.mark.parametrize("K", [1, 2, 4])
def test_chebyshev_terms_are_matrix_polynomials(K):
    edges, weight = weighted([N])
    x = torch.randn(N, 3, dtype=torch.float64, requires_grad=True)
    op = scaled_laplacian(edges, N, weight, lambda_max=1.9)
    expected = reference.chebyshev(dense_laplacian(edges, N, weight, "sym", 1.9), x, K)
    assert_same(chebyshev_terms(op, x, K), expected, [x])


def test_filter_reaches_one_hop_less_than_its_terms():
    n, K = 9, 4
    edges = path_edges([n])
    op = scaled_laplacian(torch.cat([edges, edges.flip(0)], dim=1), n)
    x = torch.eye(n)
    reached = sum(term.abs() for term in chebyshev_terms(op, x, K))
    assert [v for v in range(n) if reached[v, 0] > 0] == list(range(K))


@pytest.mark.parametrize("add_self_loops", [True, False])
def test_gcn_operator_is_gcn_conv(add_self_loops):
    edges, weight = weighted()
    x = torch.randn(N, 3, dtype=torch.float64, requires_grad=True)
    conv = GCNConv(3, 2, bias=False, add_self_loops=add_self_loops).double()
    op = gcn_operator(edges, N, weight, add_self_loops)
    assert_same([op @ x @ conv.lin.weight.t()], [conv(x, edges, weight)], [x, conv.lin.weight])


def test_gcn_operator_is_the_dense_one_on_a_directed_graph():
    edges = torch.tensor([[0, 0, 1, 3], [1, 2, 2, 3]])  # a self-loop is not doubled
    A = reference.adjacency(edges, 5)
    eye = torch.eye(5, dtype=torch.float64)
    expected = reference.gcn(eye, A, eye, torch.zeros(5, dtype=torch.float64))
    assert_close(gcn_operator(edges, 5, torch.ones(4, dtype=torch.float64)).to_dense(), expected)


def test_gcn_zero_degree_is_a_zero_row():
    weight = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    op = gcn_operator(torch.tensor([[0, 0], [1, 2]]), 3, weight, add_self_loops=False)
    assert torch.equal(op.to_dense(), torch.zeros(3, 3, dtype=torch.float64))
    (grad,) = torch.autograd.grad((op @ torch.ones(3, 1, dtype=torch.float64)).sum(), weight)
    assert torch.isfinite(grad).all()


UNDIRECTED = torch.tensor([[0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"edge_index": torch.tensor([[0], [1]])}, "edge_index is directed.*to_undirected"),
        ({"edge_index": torch.tensor([[0, 9], [9, 0]])}, "edge_index refers to node 9 of 3"),
        ({"edge_weight": torch.ones(3)}, r"edge_weight has shape \[3\], expected \[2\]"),
        ({"edge_weight": torch.tensor([1.0, float("nan")])}, r"edge_weight\[1\] is nan"),
        (
            {"edge_weight": torch.tensor([-1.0, -1.0])},
            r"edge_weight\[0\] is -1.0, expected >= 0 with",
        ),
        ({"normalization": "row"}, "normalization is 'row', expected"),
        ({"lambda_max": 0.0}, r"lambda_max is 0.0, expected positive finite numbers"),
        ({"lambda_max": -2}, r"lambda_max is -2, expected positive"),
        ({"lambda_max": float("inf")}, r"lambda_max is inf, expected positive"),
        (
            {"lambda_max": torch.ones(2)},
            r"lambda_max has shape \[2\], expected one number or \[1\]",
        ),
        (
            {"batch": torch.zeros(2, dtype=torch.long)},
            r"batch has shape \[2\], expected \[3\], one per node",
        ),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        scaled_laplacian(**{"edge_index": UNDIRECTED, "num_nodes": 3, **arguments})


def test_negative_weights_without_normalisation():
    op = scaled_laplacian(UNDIRECTED, 2, torch.tensor([-1.0, -1.0]), None, 2.0)
    assert_close(op.to_dense(), torch.tensor([[-2.0, 1.0], [1.0, -2.0]]))


def test_negative_weights_have_no_default_bound():
    message = r"edge_weight\[0\] is -1.0, expected >= 0 with normalization=None and without lambda_max"
    with pytest.raises(ValueError, match=message):
        scaled_laplacian(UNDIRECTED, 2, torch.tensor([-1.0, -1.0]), None)


@pytest.mark.parametrize("make", [gcn_operator, scaled_laplacian])
@pytest.mark.parametrize("dtype", [torch.int64, torch.bool])
def test_integers_as_weights(make, dtype):
    edges, _ = weighted([N])
    weight = torch.ones(edges.size(1)).to(dtype)
    assert torch.equal(make(edges, N, weight).to_dense(), make(edges, N).to_dense())


def test_lambda_max_of_integer_weights_is_not_cut():
    weight = torch.ones(2, dtype=torch.long)
    dense = scaled_laplacian(UNDIRECTED, 2, weight, lambda_max=1.6).to_dense()
    assert_close(dense, torch.tensor([[0.25, -1.25], [-1.25, 0.25]]))


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [4, 1, 0, 3, 2, 5]])
def test_several_self_loops_add_up_in_any_order(order):
    edges = torch.tensor([[0, 1, 0, 2, 0, 1], [0, 0, 0, 2, 1, 2]])[:, order]
    weight = torch.tensor([1.0, 2.0, 4.0, 0.5, 1.0, 3.0])[order]
    A = torch.tensor([[5.0, 2.0, 0.0], [1.0, 1.0, 0.0], [0.0, 3.0, 0.5]])
    scale = A.sum(1).pow(-0.5)
    assert_close(gcn_operator(edges, 3, weight).to_dense(), scale.view(-1, 1) * A * scale)


def test_lambda_max_counts_empty_graphs_at_the_end():
    batch, bound = torch.tensor([0, 0, 2]), torch.tensor([1.6, 9.0, 3.0, 4.0])
    dense = scaled_laplacian(UNDIRECTED, 3, None, "sym", bound, batch).to_dense()
    expected = torch.tensor([[0.25, -1.25, 0.0], [-1.25, 0.25, 0.0], [0.0, 0.0, 2 / 3 - 1]])
    assert_close(dense, expected)
    with pytest.raises(ValueError, match=r"lambda_max has shape \[2\], expected one number or \[3\]"):
        scaled_laplacian(UNDIRECTED, 3, None, "sym", bound[:2], batch)


def test_lambda_max_has_a_tangent():
    x = torch.randn(2, 1)
    with torch.autograd.forward_ad.dual_level():
        bound = torch.autograd.forward_ad.make_dual(torch.tensor(2.0), torch.tensor(1.0))
        out = scaled_laplacian(UNDIRECTED, 2, None, "sym", bound) @ x
        tangent = torch.autograd.forward_ad.unpack_dual(out).tangent
    assert_close(tangent, -0.5 * (x - x.flip(0)))  # d/ds of 2 L / s - I at s = 2


def test_k_below_one():
    with pytest.raises(ValueError, match="K is 0, expected at least 1"):
        chebyshev_terms(scaled_laplacian(UNDIRECTED, 2), torch.ones(2, 1), 0)


@pytest.mark.parametrize("make", [gcn_operator, scaled_laplacian])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_degrees_of_weights_in_half_precision(make, dtype):
    out = torch.stack([torch.zeros(3000, dtype=torch.long), torch.arange(1, 3001)])
    edges, weight = torch.cat([out, out.flip(0)], dim=1), torch.ones(6000)
    x = torch.ones(3001, 1)
    assert_close(make(edges, 3001, weight.to(dtype)) @ x, make(edges, 3001, weight) @ x)
