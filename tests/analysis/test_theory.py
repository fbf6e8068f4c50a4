import pytest
import torch
from analysis.dense import path
from torch import nn
from torch.autograd.functional import jacobian
from torch.testing import assert_close
from torch_geometric.data import Data
from torch_geometric.nn import SimpleConv

from gnnseq.analysis import (
    end_to_end,
    influence,
    jacobian_spectrum,
    mean_operator,
    random_walk,
    rnn_jacobian,
    sensitivity_bound,
    vanishing,
)
from gnnseq.layers import GCN
from gnnseq.ops import gcn_operator


class Means(nn.Module):
    """Layers of mean aggregation with random weights."""

    def __init__(self, num_layers, width, relu):
        super().__init__()
        self.weights = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(num_layers))
        self.mean = SimpleConv("mean", combine_root="self_loop")
        self.relu = relu

    def forward(self, x, edge_index):
        for number, weight in enumerate(self.weights):
            x = self.mean(weight(x.relu() if self.relu and number else x), edge_index)
        return x


def test_linear_layers_are_the_random_walk():
    data = Data(x=torch.randn(9, 6).double(), edge_index=path(9))
    found = influence(Means(4, 6, relu=False).double(), data)
    walk = random_walk(data.edge_index, 4, 9)
    assert_close(found / found.sum(1, keepdim=True), walk)
    expected = torch.tensor([0.0123, 0.0494, 0.1235, 0.1975, 0.2346], dtype=torch.float64)
    assert_close(walk[4, :5], expected, atol=5e-5, rtol=0.0)


def test_relu_layers_come_near_the_random_walk():
    walk = random_walk(path(9), 4, 9)[4]
    total = torch.zeros(9, dtype=torch.float64)
    torch.manual_seed(0)
    for _ in range(40):
        data = Data(x=torch.randn(9, 32).double(), edge_index=path(9))
        row = influence(Means(4, 32, relu=True).double(), data)[4]
        total += row / row.sum() / 40
    assert float((total - walk).abs().max()) < 0.02
    measured = torch.tensor([0.0148, 0.0527, 0.1243, 0.1927, 0.2270], dtype=torch.float64)  # of other draws
    assert float((total[:5] - measured).abs().max()) < 0.02
    assert float((total - 1 / 9).abs().max()) > 0.1


def test_weights_and_lonely_nodes():
    edges = torch.tensor([[0, 1], [2, 2]])
    found = mean_operator(edges, 3, torch.tensor([3.0, 1.0]), self_loops=False)
    assert found.tolist() == [[0, 0, 0], [0, 0, 0], [0.75, 0.25, 0]]
    assert torch.equal(mean_operator(edges, 3).sum(1), torch.ones(3).double())
    assert torch.equal(random_walk(edges, 0, 3), torch.eye(3).double())


@pytest.mark.parametrize("length", [1, 2, 3, 10, 60])
@pytest.mark.parametrize("both_ways", [True, False])
@pytest.mark.parametrize("self_loops", [True, False])
def test_end_to_end_is_the_product(length, both_ways, self_loops):
    edges = path(length, both_ways)
    walk = random_walk(edges, length - 1, length, self_loops=self_loops)
    found = end_to_end(length, both_ways, self_loops)
    assert walk[-1, 0].item() == pytest.approx(found, rel=1e-12)
    if both_ways and self_loops and length > 1:
        matrix = gcn_operator(edges, length, torch.ones(edges.size(1)).double()).to_dense()
        assert torch.linalg.matrix_power(matrix, length - 1)[-1, 0].item() == pytest.approx(found, rel=1e-12)


def test_end_to_end_numbers():
    assert end_to_end(10) == pytest.approx(7.6e-5, rel=0.01)
    assert end_to_end(60) == pytest.approx(1.1e-28, rel=0.05)
    assert end_to_end(60, both_ways=False) == 2.0**-59
    assert end_to_end(60, both_ways=False, self_loops=False) == 1.0


def test_bound_holds_and_is_met_by_equal_weights():
    data = Data(x=torch.randn(7, 5).double(), edge_index=path(7))
    model = GCN(5, 5, 3, bias=False, activation=nn.Tanh()).double()
    operator = gcn_operator(path(7), 7, torch.ones(12).double()).to_dense()
    weight = max(w.abs().max().item() for w in model.weights)
    bound = sensitivity_bound(operator, 3, 5, weight)
    largest_column = influence(model, data, norm=lambda block: block.abs().sum(-2).amax(-1))
    assert bool((largest_column <= bound).all())
    assert bool((influence(model, data) <= 5 * bound).all())
    linear = GCN(5, 5, 3, bias=False, activation=nn.Identity()).double()
    for matrix in linear.weights:
        nn.init.constant_(matrix, 0.3)
    equal = influence(linear, data, norm=lambda block: block.abs().sum(-2).amax(-1))
    assert_close(equal, sensitivity_bound(operator, 3, 5, 0.3))


@pytest.mark.parametrize("both_ways", [True, False])
@pytest.mark.parametrize("out_channels", [3, 6])
def test_spectrum_of_a_linear_layer(both_ways, out_channels):
    matrix = mean_operator(path(6, both_ways), 6)
    weight = torch.randn(4, out_channels).double()
    full = jacobian(lambda h: matrix @ h @ weight, torch.randn(6, 4).double()).reshape(6 * out_channels, 24)
    measured = torch.linalg.svdvals(full).square()
    expected = jacobian_spectrum(matrix, weight)
    assert_close(measured[: len(expected)], expected, rtol=1e-10, atol=1e-14)
    assert float(measured[len(expected) :].abs().sum()) < 1e-20
    symmetric = gcn_operator(path(6), 6, torch.ones(10).double()).to_dense()
    eigenvalues = torch.outer(torch.linalg.eigvalsh(symmetric).square(), torch.linalg.svdvals(weight).square())
    assert_close(jacobian_spectrum(symmetric, weight), eigenvalues.flatten().sort(descending=True).values)


@pytest.mark.parametrize("scale", [0.5, 0.99, 2.0])
def test_vanishing(scale):
    weight = scale * nn.init.orthogonal_(torch.empty(8, 8)).double()
    found = vanishing(weight)
    assert found.sigma == pytest.approx(scale, rel=1e-6)
    assert (found.certain, found.can_explode, found.threshold) == (scale < 1, scale > 1, 1.0)
    assert vanishing(weight, gamma=0.25).certain
    states = [torch.randn(8).double().tanh()]
    for _ in range(30):
        states.append(torch.tanh(weight @ states[-1]))
    norms = torch.linalg.matrix_norm(rnn_jacobian(torch.stack(states), weight), ord=2)
    assert bool((norms <= found.sigma ** torch.arange(30, -1, -1).double() * (1 + 1e-9)).all())


def test_a_sigmoid_shrinks_four_times_as_much():
    weight = 3.9 * nn.init.orthogonal_(torch.empty(8, 8)).double()
    found = vanishing(weight, gamma=0.25)
    assert (found.threshold, found.certain) == (4.0, True)
    h, product = torch.randn(8).double().sigmoid(), torch.eye(8).double()
    for step in range(1, 31):
        h = torch.sigmoid(weight @ h)
        product = torch.diag(h * (1 - h)) @ weight @ product
        assert torch.linalg.matrix_norm(product, ord=2) <= (0.25 * found.sigma) ** step * (1 + 1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: end_to_end(0), "length is 0, expected an integer >= 1"),
        (lambda: random_walk(path(3), -1, 3), "num_layers is -1, expected an integer >= 0"),
        (lambda: mean_operator(path(3), 2), "edge_index refers to node 2 of 2"),
        (lambda: mean_operator(path(3), 3, -torch.ones(4)), "edge_weight holds -1.0, expected weights >= 0"),
        (lambda: vanishing(torch.eye(2), gamma=0.0), "gamma is 0.0, expected a positive number"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
