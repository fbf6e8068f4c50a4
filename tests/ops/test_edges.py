"""One form for all that PyG takes as edges."""

import pytest
import torch
from torch_geometric import EdgeIndex
from torch_geometric.typing import WITH_TORCH_SPARSE, SparseTensor

from gnnseq.ops.edges import check_edges, check_weights, plain_edges

EDGES = torch.tensor([[0, 0, 1, 3], [1, 2, 2, 0]])
WEIGHT = torch.tensor([0.5, 2.0, 3.0, 4.0])


def as_matrix(edges, weight):
    """PyG's adj_t: one row per target."""
    return torch.sparse_coo_tensor(edges.flip(0), weight, (4, 4)).coalesce()


def pairs(edges, weight):
    return sorted(zip(edges[0].tolist(), edges[1].tolist(), weight.tolist(), strict=True))


def test_plain_tensors_pass():
    edges, weight = plain_edges(EDGES, WEIGHT)
    assert edges is EDGES
    assert weight is WEIGHT


def test_edge_index():
    edges, weight = plain_edges(EdgeIndex(EDGES, sparse_size=(4, 4)))
    assert type(edges) is torch.Tensor
    assert torch.equal(edges, EDGES)
    assert weight is None


@pytest.mark.parametrize("layout", ["coo", "csr"])
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_torch_sparse(layout):
    matrix = as_matrix(EDGES, WEIGHT)
    edges, weight = plain_edges(matrix if layout == "coo" else matrix.to_sparse_csr())
    assert pairs(edges, weight) == pairs(EDGES, WEIGHT)


@pytest.mark.parametrize("value", [1.0, 1.5])
@pytest.mark.parametrize("layout", ["coo", "csr"])
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_learned_values_get_gradients_whatever_they_are(value, layout):
    matrix = as_matrix(EDGES, torch.full((4,), value))
    matrix = (matrix if layout == "coo" else matrix.to_sparse_csr()).requires_grad_()
    leaf = torch.full((4,), value, requires_grad=True)
    for adjacency, given in ((matrix, matrix), (torch.sparse_coo_tensor(EDGES.flip(0), leaf, (4, 4)), leaf)):
        edges, weight = plain_edges(adjacency)
        grad = torch.autograd.grad((weight * edges[0]).sum(), given)[0]
        grad = grad.to_dense() if grad.layout != torch.strided else grad
        assert grad.sum() == 4  # sources 0, 0, 1 and 3


def test_a_caller_s_matrix_is_left_alone():
    twice = torch.cat([EDGES, EDGES[:, :1]], dim=1)
    matrix = torch.sparse_coo_tensor(twice.flip(0), torch.ones(5), (4, 4))
    before = matrix.to_dense()
    edges, weight = plain_edges(matrix)
    assert pairs(edges, weight) == pairs(EDGES, torch.tensor([2.0, 1.0, 1.0, 1.0]))
    assert not matrix.is_coalesced()
    assert torch.equal(matrix @ torch.eye(4), before)


@pytest.mark.skipif(not WITH_TORCH_SPARSE, reason="torch_sparse is not installed")
def test_sparse_tensor():
    matrix = SparseTensor(row=EDGES[1], col=EDGES[0], value=WEIGHT, sparse_sizes=(4, 4))
    assert pairs(*plain_edges(matrix)) == pairs(EDGES, WEIGHT)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (torch.zeros(4, 2, dtype=torch.long), r"edge_index has shape \[4, 2\], expected \[2, E\]"),
        (torch.zeros(2, dtype=torch.long), r"edge_index has shape \[2\], expected \[2, E\]"),
        (torch.zeros(2, 3), r"edge_index has dtype torch.float32, expected torch.int64"),
    ],
)
def test_wrong_tensor(edges, message):
    with pytest.raises(ValueError, match=message):
        plain_edges(edges)


def test_wrong_type():
    with pytest.raises(TypeError, match=r"edge_index is a list, expected a tensor \[2, E\] or a sparse matrix"):
        plain_edges([[0], [1]])


def test_a_list_of_weights():
    with pytest.raises(TypeError, match=r"edge_weight is a list, expected a tensor \[E\]; a list goes with a list of"):
        plain_edges(EDGES, [WEIGHT, WEIGHT])


def test_complex_weights():
    with pytest.raises(ValueError, match=r"edge_weight has dtype torch\.complex64, expected real numbers"):
        check_weights(WEIGHT.to(torch.complex64), 4)


def test_weights_twice():
    with pytest.raises(ValueError, match="edge_weight is given twice"):
        plain_edges(as_matrix(EDGES, WEIGHT), WEIGHT)


@pytest.mark.parametrize(("node", "wrong"), [(7, 7), (-1, -1)])
def test_node_out_of_range(node, wrong):
    with pytest.raises(ValueError, match=f"edge_index refers to node {wrong} of 5, expected 0 to 4"):
        check_edges(torch.tensor([[0, 1], [2, node]]), 5)


def test_no_edges_are_fine():
    assert check_edges(torch.empty(2, 0, dtype=torch.long), 1) is None


def test_weights():
    with pytest.raises(ValueError, match=r"edge_weight has shape \[3\], expected \[4\], one per edge"):
        check_weights(WEIGHT[:3], 4)
    with pytest.raises(ValueError, match=r"edge_weight\[1\] is nan, expected finite numbers"):
        check_weights(torch.tensor([1.0, float("nan")]), 2)
    with pytest.raises(ValueError, match=r"edge_weight\[0\] is inf"):
        check_weights(torch.tensor([float("inf"), 1.0]), 2)
