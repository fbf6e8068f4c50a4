import pytest
import reference
import torch
from dags import undirected_edges
from torch import nn

from gnnseq.layers.signals.layout import SignalLayout
from gnnseq.layers.signals.spectral_module import SpectralModule
from gnnseq.ops.operators.sparse import SparseOperator

N, F, O, K = 5, 2, 3, 3  # noqa: E741


class Filter(SpectralModule):
    def __init__(self, K=K, normalization="sym"):
        super().__init__(K, normalization)
        self.weight = nn.Parameter(torch.randn(K, F, O, dtype=torch.float64))


def edges():
    return undirected_edges([N], 0.8)


def laplacian(edge_index, weight=None):
    weight = torch.ones(edge_index.size(1), dtype=torch.float64) if weight is None else weight
    return reference.scaled_laplacian(reference.laplacian(reference.adjacency(edge_index, N, weight)))


def polynomial(matrix, x, weight):
    """The filter by the recursion of the dense Chebyshev polynomials."""
    terms = [torch.eye(N, dtype=torch.float64), matrix]
    while len(terms) < len(weight):
        terms.append(2 * matrix @ terms[-1] - terms[-2])
    return sum(torch.einsum("uv,v...f,fo->u...o", T, x, W) for T, W in zip(terms, weight, strict=False))


@pytest.mark.parametrize("terms", [1, 2, 4])
@pytest.mark.parametrize("shape", [(N, F), (N, 2, 3, F)])
def test_a_filter_is_its_dense_polynomial(terms, shape):
    module, edge_index, x = Filter(terms), edges(), torch.randn(shape, dtype=torch.float64)
    bias = torch.randn(O, dtype=torch.float64)
    found = module.filtered(module.operator(edge_index, N), x, module.weight, bias)
    torch.testing.assert_close(found, polynomial(laplacian(edge_index), x, module.weight) + bias)


def test_steps_share_one_operator_or_have_one_each():
    module, x = Filter(), torch.randn(N, 1, 2, F, dtype=torch.float64)
    layout = SignalLayout(x.squeeze(1), F)
    graphs = [edges(), torch.tensor([[0, 3], [3, 0]])]
    each = module.operators(layout, graphs, None, None, None)
    found = module.filtered_steps(each, x, module.weight, None)
    for step, edge_index in enumerate(graphs):
        torch.testing.assert_close(found[step], polynomial(laplacian(edge_index), x[:, :, step], module.weight))
    one = module.operators(layout, graphs[0], None, None, None)
    assert isinstance(one, SparseOperator)
    for step, out in enumerate(module.filtered_steps(one, x, module.weight, None)):
        torch.testing.assert_close(out, polynomial(laplacian(graphs[0]), x[:, :, step], module.weight))


def test_an_operator_is_taken_as_it_is_if_its_size_fits():
    module = Filter()
    own = module.operator(edges(), N)
    assert module.operator(own, N) is own
    with pytest.raises(ValueError, match="the operator is of 5 nodes, but x has 6"):
        module.operator(own, 6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_operator_has_the_precision_of_the_weights(dtype):
    module, x = Filter().to(dtype), torch.randn(N, F, dtype=dtype)
    edge_index = edges()
    weight = torch.rand(edge_index.size(1) // 2).repeat(2).double()
    found = module.filtered(module.operator(edge_index, N, weight), x, module.weight)
    assert found.dtype == dtype
    expected = polynomial(laplacian(edge_index, weight), x.double(), module.weight.double())
    torch.testing.assert_close(found, expected.to(dtype))


def test_arguments_out_of_range():
    with pytest.raises(ValueError, match="K is 0, expected at least 1"):
        Filter(0)
    with pytest.raises(ValueError, match='normalization is \'symmetric\', expected "sym", "rw" or None'):
        Filter(normalization="symmetric")
