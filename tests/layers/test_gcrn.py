"""The GCRN against dense matrix polynomials, torch.nn.LSTM, and itself in pieces."""

import pytest
import reference
import torch
from dags import batch_vector, one_by_one, path_edges, undirected_edges
from gradients import assert_same
from signal_graphs import F, H, T, dense, graph, random_states, signals
from torch import nn
from torch.testing import assert_close

from gnnseq.layers import GCRN, GCRNCell
from gnnseq.ops import SparseOperator

SIZES = [5, 1, 3]
N = sum(SIZES)


def slow(layer, x, L, state=None):
    bias = torch.zeros(4 * H, dtype=x.dtype) if layer.bias is None else layer.bias
    out, final = reference.gcrn(x, L, layer.weight_x, layer.weight_h, bias, layer.peephole, state)
    return [out, *final]


def flat(result):
    out, state = result
    return [out, *state]


@pytest.mark.parametrize("K", [1, 2, 4])
@pytest.mark.parametrize("options", [{}, {"peephole": False}, {"bias": False}, {"normalization": "rw"}])
def test_gcrn_is_the_dense_reference(K, options):
    (edges, weight), x, state = graph(SIZES), signals(N), random_states(2, N)
    layer = GCRN(F, H, K, **options).double()
    expected = slow(layer, x, dense(edges, N, weight, options.get("normalization", "sym")), state)
    inputs = [x, weight, *state, *layer.parameters()]
    assert_same(flat(layer(x, edges, weight, state)), expected, inputs)


@pytest.mark.parametrize("normalization", ["sym", "rw", None])
@pytest.mark.parametrize("lambda_max", [1.5, 4.0])
def test_lambda_max(normalization, lambda_max):
    (edges, weight), x = graph(SIZES), signals(N)
    layer = GCRN(F, H, 3, normalization).double()
    expected = slow(layer, x, dense(edges, N, weight, normalization, lambda_max))
    result = layer(x, edges, weight, lambda_max=lambda_max)
    assert_same(flat(result), expected, [x, weight, *layer.parameters()])


@pytest.mark.parametrize("bias", [True, False])
def test_one_term_without_peepholes_is_torch_s_lstm(bias):
    module = nn.LSTM(F, H, batch_first=True, bias=bias).double()
    layer = GCRN.from_torch(module)
    x, (edges, _), state = signals(N), graph(SIZES), random_states(2, N)
    out, (h, c) = module(x, tuple(s.unsqueeze(0) for s in state))
    result = layer(x, edges, state=state)
    assert_same(flat(result), [out, h[0], c[0]], [x, *state])
    left, right = (
        torch.autograd.grad(o.pow(2).sum(), w)
        for o, w in ((result[0], [layer.weight_x, layer.weight_h]), (out, [module.weight_ih_l0, module.weight_hh_l0]))
    )
    assert_close([grad[0].t() for grad in left], list(right))


@pytest.mark.parametrize("K", [2, 3, 5, 6])
def test_without_edges_weights_add_up_with_signs(K):
    x, layer = signals(N), GCRN(F, H, K, peephole=False).double()
    sign = torch.tensor([0.0 if k % 2 else (-1.0) ** (k // 2) for k in range(K)], dtype=torch.float64).view(-1, 1, 1)
    module = nn.LSTM(F, H, batch_first=True).double()
    with torch.no_grad():
        module.weight_ih_l0.copy_((sign * layer.weight_x).sum(0).t())
        module.weight_hh_l0.copy_((sign * layer.weight_h).sum(0).t())
        module.bias_ih_l0.copy_(layer.bias)
        module.bias_hh_l0.zero_()
    out, (h, c) = module(x)
    empty = torch.empty(2, 0, dtype=torch.long)
    assert_same(flat(layer(x, empty)), [out, h[0], c[0]], [x])


def test_cell_steps_are_the_layer():
    (edges, weight), x, state = graph(SIZES), signals(N), random_states(2, N)
    layer, cell = GCRN(F, H, 3).double(), GCRNCell(F, H, 3).double()
    cell.load_state_dict(layer.state_dict())
    outs, now = [], state
    for x_t in x.unbind(1):
        out, now = cell(x_t, edges, weight, now)
        outs.append(out)
    inputs = [x, weight, *state]
    assert_same(flat(layer(x, edges, weight, state)), [torch.stack(outs, dim=1), *now], inputs)
    assert_same(flat(layer(x[:, 0], edges, weight, state)), [outs[0], *cell(x[:, 0], edges, weight, state)[1]], inputs)


def test_graphs_that_change():
    x, graphs = signals(N), [graph(SIZES) for _ in range(T)]
    layer = GCRN(F, H, 3).double()
    expected = slow(layer, x, [dense(e, N, w) for e, w in graphs])
    edges, weights = map(list, zip(*graphs, strict=True))
    assert_same(flat(layer(x, edges, weights)), expected, [x, *weights, *layer.parameters()])
    cell = GCRNCell(F, H, 3).double()
    cell.load_state_dict(layer.state_dict())
    state = None
    for x_t, e, w in zip(x.unbind(1), edges, weights, strict=True):
        out, state = cell(x_t, e, w, state)
    assert_close([out, *state], [expected[0][:, -1], *expected[1:]])


@pytest.mark.parametrize("normalization", ["sym", None])
@pytest.mark.parametrize("lambda_max", [None, torch.tensor([1.5, 2.0, 3.0])])
@pytest.mark.parametrize("lengths", [None, torch.tensor([2, 5, 3])])
def test_a_batch_equals_its_graphs_one_by_one(normalization, lambda_max, lengths):
    (edges, weight), x, state = graph(SIZES), signals(N), random_states(2, N)
    layer = GCRN(F, H, 3, normalization).double()
    result = layer(x, edges, weight, state, batch_vector(SIZES), lambda_max, lengths)
    parts = []
    for number, (nodes, own, which) in enumerate(one_by_one(edges, SIZES)):
        steps = T if lengths is None else int(lengths[number])
        bound = None if lambda_max is None else lambda_max[number]
        out, final = layer(x[nodes, :steps], own, weight[which], tuple(s[nodes] for s in state), lambda_max=bound)
        parts.append([nn.functional.pad(out, (0, 0, 0, T - steps)), *final])
    expected = [torch.cat(part) for part in zip(*parts, strict=True)]
    assert_same(flat(result), expected, [x, weight, *state, *layer.parameters()])


def test_many_signals_on_one_graph():
    (edges, weight), layer = graph([6]), GCRN(F, H, 3).double()
    x = torch.randn(2, 6, T, F, dtype=torch.float64, requires_grad=True)
    state = random_states(2, 2, 6)
    lengths = torch.tensor([T, 2])
    result = layer(x, edges, weight, state, lengths=lengths)
    alone = [layer(x[b], edges, weight, tuple(s[b] for s in state), lengths=lengths[b : b + 1]) for b in range(2)]
    expected = [torch.stack(part) for part in zip(*map(flat, alone), strict=True)]
    assert_same(flat(result), expected, [x, weight, *state, *layer.parameters()])


def test_state_stops_where_a_sequence_ends():
    (edges, weight), x, layer = graph(SIZES), signals(N), GCRN(F, H, 3).double()
    out, state = layer(x, edges, weight, lengths=torch.tensor([2]))
    expected, stopped = layer(x[:, :2], edges, weight)
    assert_close(out[:, :2], expected)
    assert not out[:, 2:].any()
    assert_close(state, stopped)
    with torch.no_grad():
        x[:, 2:] = float("nan")  # whatever stands there, cleared by the mask that marks it as missing
    mask = torch.arange(T).expand(N, T) < 2
    assert_close(layer(x, edges, weight, lengths=torch.tensor([2]), mask=mask)[0], out)


@pytest.mark.parametrize("per_feature", [False, True])
def test_missing_values_count_as_zero(per_feature):
    (edges, weight), x, layer = graph(SIZES), signals(N), GCRN(F, H, 3).double()
    mask = torch.rand(N, T, F) > 0.4 if per_feature else torch.rand(N, T) > 0.4
    full = mask if per_feature else mask.unsqueeze(-1).expand(-1, -1, F)
    broken = torch.where(full, x, torch.nan)
    zeros = torch.where(full, x, 0.0)
    result = layer(broken, edges, weight, mask=mask)
    assert_same(flat(result), flat(layer(zeros, edges, weight)), [x, *layer.parameters()])
    (grad,) = torch.autograd.grad(result[0].sum(), x)
    assert not grad[~full].any()


def test_two_halves_and_detached_states():
    (edges, weight), x, layer = graph(SIZES), signals(N), GCRN(F, H, 3).double()
    whole = flat(layer(x, edges, weight))
    first, state = layer(x[:, :2], edges, weight)
    second, last = layer(x[:, 2:], edges, weight, state)
    assert_same(whole, [torch.cat([first, second], dim=1), *last], [x, weight, *layer.parameters()])
    cut, _ = layer(x[:, 2:], edges, weight, tuple(s.detach() for s in state))
    (grad,) = torch.autograd.grad(cut.sum(), x)
    assert not grad[:, :2].any()
    assert grad[:, 2:].any()


@pytest.mark.parametrize("K", [1, 2, 3])
def test_each_step_reaches_k_minus_one_hops(K):
    n = 9
    path = path_edges([n])
    edges = torch.cat([path, path.flip(0)], dim=1)
    layer, x = GCRN(F, H, K).double(), signals(n, 2)
    (grad,) = torch.autograd.grad(layer(x, edges)[0][0, 1].sum(), x)
    reached = grad.abs().sum(-1)
    assert reached[:, 1].nonzero().view(-1).tolist() == list(range(K))
    assert reached[:, 0].nonzero().view(-1).tolist() == list(range(2 * K - 1))


def test_renumbering_and_order_of_edges():
    (edges, weight), x, layer = graph(SIZES), signals(N), GCRN(F, H, 3).double()
    numbers, order = torch.randperm(N), torch.randperm(edges.size(1))
    moved = torch.empty_like(numbers)
    moved[numbers] = torch.arange(N)
    left = flat(layer(x, edges, weight))
    right = flat(layer(x[moved], numbers[edges][:, order], weight[order]))
    assert_same(left, [part[numbers] for part in right], [x, weight, *layer.parameters()])


def test_operator_in_place_of_edges():
    (edges, weight), x, layer = graph(SIZES), signals(N), GCRN(F, H, 3).double()
    operator = layer.operator(edges, N, weight.detach())
    assert_close(flat(layer(x, operator)), flat(layer(x, edges, weight)))
    assert_close(flat(layer(x, [operator] * T)), flat(layer(x, edges, weight)))


def test_directed_graph_is_refused_or_the_operator_given():
    x, edges = signals(3), torch.tensor([[0, 1], [1, 2]])
    layer = GCRN(F, H, 2).double()
    with pytest.raises(ValueError, match="edge_index is directed"):
        layer(x, edges)
    along = SparseOperator(edges, torch.ones(2, dtype=torch.float64), 3)
    assert_same(flat(layer(x, along)), slow(layer, x, along.to_dense()), [x, *layer.parameters()])


@pytest.mark.parametrize("K", [1, 3])
def test_number_of_weights(K):
    d, n = 5, 7
    assert sum(p.numel() for p in GCRN(d, n, K).parameters()) == 4 * K * (d * n + n * n) + 4 * n + 3 * n
    moving_mnist = GCRN(1, 1, 1)  # the paper's counts: peepholes per channel, 4 biases
    assert moving_mnist.peephole.shape == (3, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": torch.ones(3, 4)}, r"x has shape \[3, 4\], expected \[N, 3\], \[N, T, 3\] or \[B, N, T, 3\]"),
        ({"x": torch.ones(3, 0, F)}, r"x has shape \[3, 0, 3\], expected at least one step"),
        ({"x": torch.ones(1, T, F)}, "edge_index refers to node 1 of 1"),
        ({"edge_weight": torch.ones(3)}, r"edge_weight has shape \[3\], expected \[2\]"),
        ({"edge_weight": torch.tensor([1.0, float("inf")])}, r"edge_weight\[1\] is inf, expected finite"),
        ({"edge_weight": -torch.ones(2)}, r"edge_weight\[0\] is -1.0, expected >= 0"),
        ({"state": (torch.ones(2, H),) * 2}, r"state has shapes .*, expected 2 of \[3, 4\]"),
        ({"state": (torch.ones(3, H),)}, r"state has shapes \[\[3, 4\]\], expected 2 of \[3, 4\]"),
        ({"state": (torch.ones(3, H, device="meta"),) * 2}, "state is on meta, expected cpu"),
        ({"lambda_max": 0}, "lambda_max is 0, expected positive"),
        ({"lambda_max": torch.ones(2)}, r"lambda_max has shape \[2\], expected one number or \[1\]"),
        ({"lengths": torch.tensor([6])}, r"lengths is \[6\], expected 1 to 5"),
        ({"lengths": torch.tensor([0])}, r"lengths is \[0\], expected 1 to 5"),
        ({"lengths": torch.tensor([1, 2])}, r"lengths has shape \[2\], expected \[1\], one per sequence"),
        ({"mask": torch.ones(3, T)}, r"mask is torch.float32 of shape \[3, 5\], expected torch.bool"),
        ({"mask": torch.ones(3, 1, dtype=torch.bool)}, r"mask is torch.bool of shape \[3, 1\], expected"),
        (
            {"edge_index": [torch.tensor([[0, 1], [1, 0]])]},
            "edge_index and edge_weight list 1 and 1 graphs, .* 5 steps",
        ),
        ({"batch": torch.zeros(2, dtype=torch.long)}, r"batch has shape \[2\], expected \[3\]"),
    ],
)
def test_bad_input(arguments, message):
    usual = {"x": torch.ones(3, T, F), "edge_index": torch.tensor([[0, 1], [1, 0]])}
    with pytest.raises(ValueError, match=message):
        GCRN(F, H, 2)(**{**usual, **arguments})


def test_operator_of_another_size():
    layer = GCRN(F, H, 2)
    with pytest.raises(ValueError, match="the operator is of 4 nodes, but x has 3"):
        layer(torch.ones(3, T, F), layer.operator(undirected_edges([4]), 4))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"K": 0}, "K is 0, expected at least 1"),
        ({"in_channels": 0}, "in_channels is 0, expected at least 1"),
        ({"out_channels": 0}, "out_channels is 0, expected at least 1"),
        ({"normalization": "row"}, "normalization is 'row', expected"),
    ],
)
@pytest.mark.parametrize("kind", [GCRN, GCRNCell])
def test_bad_arguments(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind(**{"in_channels": F, "out_channels": H, "K": 2, **arguments})


def test_cell_takes_one_step():
    with pytest.raises(ValueError, match=r"x has shape \[2, 3, 5, 3\], expected \[N, 3\] or \[B, N, 3\]: one step"):
        GCRNCell(F, H, 2)(torch.ones(2, 3, T, F), undirected_edges([3]))


def test_cell_takes_many_signals_on_one_graph():
    edges, cell, x = undirected_edges([5]), GCRNCell(F, H, 3).double(), torch.randn(2, 5, F, dtype=torch.float64)
    first = cell(x, edges)
    many = cell(x, edges, state=first[1])
    assert many[0].shape == (2, 5, H)
    for b in range(2):
        h, (_, c) = cell(x[b], edges, state=cell(x[b], edges)[1])
        assert_close([many[0][b], many[1][0][b], many[1][1][b]], [h, h, c])
