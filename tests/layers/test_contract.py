"""What every public layer keeps: one case per name of `gnnseq.layers`, and no name without a case."""

import copy
import io

import pytest
import torch
from dags import batch_vector, one_by_one
from gradients import assert_same
from layer_cases import (
    ALL,
    CASES,
    FUNCTIONS,
    IN_TIME,
    LEARNED,
    POSITIONS,
    F,
    Flat,
    Graphs,
    Nary,
    Paths,
    Readout,
    Recurrence,
    Related,
    flat,
    run,
)
from torch import nn
from torch.testing import assert_close

from gnnseq import layers

every = pytest.mark.parametrize("case", ALL)


def test_every_public_layer_has_a_case():
    assert set(CASES) | FUNCTIONS | POSITIONS == set(layers.__all__)


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shapes_and_dtypes(case, dtype):
    _, x, _, results = run(case, dtype=dtype)
    assert results[0].shape == (case.rows(len(x)), *x.shape[1:-1], case.out_channels())
    assert all(part.dtype == dtype for part in results)
    assert all(torch.isfinite(part).all() for part in results)


@every
def test_a_batch_equals_its_graphs_one_by_one(case):
    layer, x, graphs, together = run(case)
    alone = []
    for nodes, own, which in one_by_one(graphs.edge_index, graphs.sizes):
        n = nodes.stop - nodes.start
        part = Graphs(own, [n], {name: value[which] for name, value in graphs.arguments.items()})
        alone.append(case.call(layer, x[nodes], part, batch_vector([n])))
    layered = type(case) in (Recurrence, Paths, Nary, Related)  # states [L, G, H]; others count nodes or graphs first
    joined = [
        torch.cat(parts, dim=1 if layered and number else 0) for number, parts in enumerate(zip(*alone, strict=True))
    ]
    assert_same(together, joined, [x, *layer.parameters()])


@every
def test_order_of_edges_does_not_matter(case):
    layer, x, graphs, results = run(case)
    order = torch.randperm(graphs.edge_index.size(1))
    shuffled = Graphs(graphs.edge_index[:, order], graphs.sizes, {k: v[order] for k, v in graphs.arguments.items()})
    again = case.call(layer, x, shuffled, batch_vector(graphs.sizes))
    assert_same(results, again, [x, *layer.parameters()])


@every
def test_numbers_of_nodes_do_not_matter(case):
    if isinstance(case, Readout | Flat):
        pytest.skip("reads nodes by their places, as documented")
    layer, x, graphs, results = run(case)
    n = len(x)
    numbers = torch.randperm(n)
    moved = torch.empty_like(numbers)
    moved[numbers] = torch.arange(n)
    renamed = Graphs(numbers[graphs.edge_index], graphs.sizes, graphs.arguments)
    again = case.call(layer, x[moved], renamed, batch_vector(graphs.sizes)[moved])
    assert_same(results[:1], [again[0][numbers]], [x, *layer.parameters()])


@pytest.mark.parametrize("case", LEARNED)
def test_gradients_are_numerically_right(case):
    case = copy.copy(case)
    case.sizes = [4] if isinstance(case, Flat) else [2, 1]
    case.steps = case.steps and 2
    layer, x, graphs, _ = run(case)
    names = [name for name, _ in layer.named_parameters()]
    batch = batch_vector(graphs.sizes)

    def call(x, *weights):
        def inner(module, x):
            return case.call(module, x, graphs, batch)[0]

        return torch.func.functional_call(Wrapped(layer, inner), dict(zip(prefixed(names), weights, strict=True)), (x,))

    assert torch.autograd.gradcheck(call, (x, *layer.parameters()), fast_mode=True)


class Wrapped(nn.Module):
    """A layer behind one argument, so that its weights can be replaced."""

    def __init__(self, layer, inner):
        super().__init__()
        self.layer, self.inner = layer, inner

    def forward(self, x):
        return self.inner(self.layer, x)


def prefixed(names):
    return [f"layer.{name}" for name in names]


@pytest.mark.parametrize("case", IN_TIME)
def test_state_is_handed_over(case):
    layer, x, graphs, whole = run(case)
    weights = graphs.arguments["edge_weight"]
    first, state = layer(x[:, :1], graphs.edge_index, weights)
    second, last = layer(x[:, 1:], graphs.edge_index, weights, state=state)
    assert_same(whole, [torch.cat([first, second], dim=1), *flat(last)], [x, *layer.parameters()])


@every
def test_determinism(case):
    _, x, _, results = run(case)
    layer, x_again, _, again = run(case)
    for left, right in zip(results, again, strict=True):
        assert torch.equal(left, right)
    if list(layer.parameters()):
        left, right = (torch.autograd.grad(r[0].sum(), i)[0] for r, i in ((results, x), (again, x_again)))
        assert torch.equal(left, right)


@every
def test_deepcopy_is_independent(case):
    layer, x, graphs, results = run(case)
    other = copy.deepcopy(layer)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
    again = case.call(other, x, graphs, batch_vector(graphs.sizes))
    for left, right in zip(results, again, strict=True):
        assert torch.equal(left, right)


@every
def test_state_dict_round_trip(case):
    layer, x, graphs, results = run(case)
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other = case.make().double()
    other.load_state_dict(torch.load(file, weights_only=True))
    again = case.call(other, x, graphs, batch_vector(graphs.sizes))
    for left, right in zip(results, again, strict=True):
        assert torch.equal(left, right)


@pytest.mark.parametrize("case", LEARNED)
def test_reset_parameters_and_repr(case):
    layer = case.make()
    before = {name: weight.clone() for name, weight in layer.named_parameters()}
    layer.reset_parameters()
    assert any(not torch.equal(before[name], weight) for name, weight in layer.named_parameters())
    assert repr(layer).startswith(type(layer).__name__ + "(")


@every
def test_autocast(case):
    layer, x, graphs, expected = run(case, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        results = case.call(layer, x, graphs, batch_vector(graphs.sizes))
        results[0].float().sum().backward()
    assert torch.isfinite(x.grad).all()
    for left, right in zip(results, expected, strict=True):
        assert_close(left.float(), right, atol=0.05, rtol=0.05)


@every
def test_second_derivatives(case):
    layer, x, graphs, results = run(case)
    (grad,) = torch.autograd.grad(results[0].pow(2).sum(), x, create_graph=True)
    direction = torch.randn_like(x)
    (twice,) = torch.autograd.grad((grad * direction).sum(), x)
    step, batch = 1e-5, batch_vector(graphs.sizes)

    def slope(sign):
        moved = (x + sign * step * direction).detach().requires_grad_()
        return torch.autograd.grad(case.call(layer, moved, graphs, batch)[0].pow(2).sum(), moved)[0]

    assert_close(twice, (slope(1) - slope(-1)) / (2 * step), atol=1e-6, rtol=1e-4)


@every
def test_torch_func(case):
    layer, x, graphs, _ = run(case)
    batch = batch_vector(graphs.sizes)
    weight = torch.randn_like(case.call(layer, x, graphs, batch)[0]).detach()

    def loss(x):
        return (case.call(layer, x, graphs, batch)[0] * weight).sum((0, *range(1, weight.dim() - 1)))

    x = x.detach()
    expected = torch.autograd.functional.jacobian(loss, x)
    assert_close(torch.func.jacrev(loss)(x), expected)
    assert_close(torch.func.jacfwd(loss)(x), expected)
    many = torch.stack([x, 2 * x, -x])
    assert_close(torch.func.vmap(loss)(many), torch.stack([loss(one) for one in many]))


@every
def test_wrong_width_or_range_is_refused(case):
    layer, x, graphs, _ = run(case)
    if isinstance(case, Readout):
        with pytest.raises(ValueError, match="ptr runs from 0 to 1, expected from 0 to"):
            layer(x, torch.tensor([0, 1]))
        return
    with pytest.raises(ValueError, match=rf"x has shape .*, expected .*\[N, .*{F}\]"):
        case.call(layer, x[..., :1], graphs, batch_vector(graphs.sizes))
    far = Graphs(graphs.edge_index + 100, graphs.sizes, graphs.arguments)
    with pytest.raises(ValueError, match=rf"edge_index refers to node 10\d of {len(x)}"):
        case.call(layer, x, far, batch_vector(graphs.sizes))
