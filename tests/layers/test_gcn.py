"""GCN stacks against PyG, the dense reference, a convolution on paths, and their reach."""

import pytest
import reference
import torch
from dags import path_edges, undirected_edges
from gradients import assert_same
from torch import nn
from torch.testing import assert_close
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv, to_hetero
from torch_geometric.transforms import ToSparseTensor

from gnnseq.layers import GCN
from gnnseq.ops import gcn_operator

F, H, N = 3, 4, 9


def features():
    return torch.randn(N, F, dtype=torch.float64, requires_grad=True)


def both_ways(n):
    edges = path_edges([n])
    return torch.cat([edges, edges.flip(0)], dim=1)


@pytest.mark.parametrize("add_self_loops", [True, False])
@pytest.mark.parametrize("channels", [(3, 5), (5, 3)])
@pytest.mark.parametrize("weighted", [True, False])
def test_one_layer_is_gcn_conv(add_self_loops, channels, weighted):
    edges = undirected_edges([N])
    weight = torch.rand(edges.size(1), dtype=torch.float64, requires_grad=True) if weighted else None
    x = torch.randn(N, channels[0], dtype=torch.float64, requires_grad=True)
    conv = GCNConv(*channels, add_self_loops=add_self_loops).double()
    layer = GCN.from_gcn_conv(conv)
    inputs = [x, weight] if weighted else [x]
    assert_same([layer(x, edges, weight)], [conv(x, edges, weight)], inputs)
    grads = [torch.autograd.grad(m(x, edges, weight).pow(2).sum(), list(m.parameters())) for m in (layer, conv)]
    by_shape = [sorted((g if g.dim() == 1 else g.view(-1)).abs().sum().item() for g in grad) for grad in grads]
    assert_close(*map(torch.tensor, by_shape))


def test_a_stack_is_the_dense_reference():
    edges, x = undirected_edges([N]), features()
    layer = GCN(F, H, 3, activation=nn.Tanh()).double()
    nn.init.normal_(layer.biases[1])
    A, expected = reference.adjacency(edges, N), x
    for number, (weight, bias) in enumerate(zip(layer.weights, layer.biases, strict=True)):
        expected = reference.gcn(torch.tanh(expected) if number else expected, A, weight, bias)
    assert_same([layer(x, edges)], [expected], [x, *layer.parameters()])


def test_inside_a_path_it_is_a_convolution():
    x, layer = features(), GCN(F, H, bias=False).double()
    kernel = (layer.weights[0] / 3).t().unsqueeze(-1).expand(-1, -1, 3)
    expected = nn.functional.conv1d(x.t().unsqueeze(0), kernel, padding=1)[0].t()
    out = layer(x, both_ways(N))
    assert_same([out[2:-2]], [expected[2:-2]], [x, *layer.parameters()])
    assert ((out - expected).abs().amax(1) > 1e-9).nonzero().view(-1).tolist() == [0, 1, N - 2, N - 1]


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_reach_is_the_number_of_layers(layers):
    layer, n = GCN(F, H, layers, activation=nn.Identity()).double(), 11
    x = torch.randn(n, F, dtype=torch.float64)
    jacobian = torch.func.jacrev(lambda x: layer(x, both_ways(n))[5])(x)  # [H, n, F]
    influence = jacobian.abs().sum((0, 2))
    assert influence.nonzero().view(-1).tolist() == list(range(5 - layers, 6 + layers))


def test_jacobian_spectrum_of_a_linear_gcn():
    """Squared singular values of dH'/dH are lambda_i(A)^2 mu_j(W W^T) (arXiv:2502.10818)."""
    edges = undirected_edges([N])
    layer, x = GCN(F, H, bias=False).double(), features()
    jacobian = torch.func.jacrev(lambda x: layer(x, edges))(x.detach()).view(N * H, N * F)
    A = gcn_operator(edges, N, torch.ones(edges.size(1), dtype=torch.float64)).to_dense()
    eigenvalues = torch.linalg.eigvalsh(A)
    singular = torch.linalg.svdvals(layer.weights[0])
    expected = (eigenvalues.abs().unsqueeze(1) * singular).view(-1).sort(descending=True).values
    assert_close(torch.linalg.svdvals(jacobian)[: len(expected)], expected)


def test_operator_in_place_of_edges():
    edges, x, layer = undirected_edges([N]), features(), GCN(F, H, 2).double()
    operator = gcn_operator(edges, N, torch.ones(edges.size(1), dtype=torch.float64))
    assert_close(layer(x, operator), layer(x, edges))


def test_hooks_of_the_activation_fire():
    seen, layer, (edges, x) = [], GCN(F, H, 3), (undirected_edges([N]), torch.randn(N, F))
    layer.activation.register_forward_hook(lambda module, given, out: seen.append((given[0].min(), out.min())))
    layer.activation.register_forward_pre_hook(lambda module, given: (given[0] + 100.0,))
    layer.activation.register_full_backward_hook(lambda module, given, out: seen.append("back"))
    layer(x, edges).sum().backward()
    assert len(seen) == 4
    assert seen[0][1] > 50
    watched = []
    with nn.modules.module.register_module_forward_hook(lambda module, *_: watched.append(type(module))):
        layer(x, edges)
    assert watched.count(nn.ReLU) == 2


def test_repr_is_one_line():
    assert repr(GCN(F, H, 2)) == f"GCN({F}, {H}, num_layers=2, activation=ReLU())"


def test_two_self_loops_count_in_any_order():
    edges = torch.tensor([[0, 1, 0, 0], [1, 0, 0, 0]])
    weight, x, layer = torch.tensor([1.0, 1.0, 0.5, 3.0]), torch.randn(2, F), GCN(F, H)
    order = torch.tensor([0, 1, 3, 2])
    assert_close(layer(x, edges[:, order], weight[order]), layer(x, edges, weight))
    one = torch.tensor([[0, 1, 0], [1, 0, 0]])
    assert_close(layer(x, edges, weight), layer(x, one, torch.tensor([1.0, 1.0, 3.5])))


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
@pytest.mark.parametrize("layout", [torch.sparse_csr, torch.sparse_coo])
def test_after_to_sparse_tensor(layout):
    edges, x, layer = undirected_edges([N]), torch.randn(N, F), GCN(F, H)
    data = ToSparseTensor(layout=layout)(Data(x, edges))
    assert_close(layer(data.x, data.adj_t), layer(x, edges))


@pytest.mark.filterwarnings("ignore")
def test_heterogeneous_graphs_are_refused_by_name():
    model = to_hetero(Stack(), (["a", "b"], [("a", "to", "b"), ("b", "to", "a")]))
    x = {"a": torch.randn(2, F), "b": torch.randn(3, F)}
    edges = {("a", "to", "b"): torch.tensor([[0], [2]]), ("b", "to", "a"): torch.tensor([[2], [0]])}
    with pytest.raises(TypeError, match=r"x is a tuple, expected a tensor .*neither bipartite graphs nor `to_hetero`"):
        model(x, edges)


class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        self.gcn = GCN(F, H)

    def forward(self, x, edge_index):
        return self.gcn(x, edge_index)


def test_number_of_weights():
    d, n = 5, 7
    assert sum(p.numel() for p in GCN(d, n, 3).parameters()) == n * d + n + 2 * (n * n + n)
    assert sum(p.numel() for p in GCN(d, n, bias=False).parameters()) == n * d


def test_from_gcn_conv_refuses_what_it_cannot_keep():
    with pytest.raises(TypeError, match=r"conv is a Linear, expected torch_geometric.nn.GCNConv"):
        GCN.from_gcn_conv(nn.Linear(2, 2))
    for options in ({"improved": True}, {"normalize": False}):
        with pytest.raises(ValueError, match="expected improved=False and normalize=True"):
            GCN.from_gcn_conv(GCNConv(2, 2, **options))


def test_bad_input():
    layer, x, edges = GCN(F, H), torch.randn(N, F), undirected_edges([N])
    for name in ("in_channels", "out_channels", "num_layers"):
        with pytest.raises(ValueError, match=f"{name} is 0, expected at least 1"):
            GCN(**{"in_channels": F, "out_channels": H, name: 0})
    with pytest.raises(ValueError, match=rf"x has shape \[{N}, 2\], expected \[N, {F}\]"):
        layer(x[:, :2], edges)
    with pytest.raises(ValueError, match="edge_index refers to node"):
        layer(x[:2], edges)
    with pytest.raises(ValueError, match=r"edge_weight has shape \[1\]"):
        layer(x, edges, torch.ones(1))
    with pytest.raises(ValueError, match=r"edge_weight\[0\] is nan"):
        layer(x, edges, torch.full((edges.size(1),), float("nan")))
    with pytest.raises(ValueError, match=r"gives node 1 the degree -1\.0, expected >= 0"):
        layer(x, torch.tensor([[0], [1]]), torch.tensor([-2.0]))
