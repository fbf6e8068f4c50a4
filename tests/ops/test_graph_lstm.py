"""The hand-written backward pass of the GCRN against the plain recurrence: outputs, gradients, derivatives of those."""

import pytest
import torch
from dags import undirected_edges
from gradients import assert_same
from torch.testing import assert_close

from gnnseq.ops import graph_lstm as module
from gnnseq.ops import scaled_laplacian
from gnnseq.ops.graph_lstm import graph_lstm, hand_written, plain_graph_lstm
from gnnseq.ops.operators import constant_matrix

N, S, T, P, H = 6, 2, 4, 3, 5


@pytest.fixture(autouse=True, params=["csr", "dense"])
def _kind(request, monkeypatch):
    monkeypatch.setattr(constant_matrix, "_is_complete", lambda *_: request.param == "dense")


def arguments(K=3, peephole=True):
    edges = undirected_edges([4, 2], 0.9)
    operator = scaled_laplacian(edges, N, torch.ones(edges.size(1), dtype=torch.float64))
    shapes = [(N, S, T, P), (N, S, H), (N, S, H), (K * H + P, 4 * H), (3, H)]
    tensors = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    return operator, tensors if peephole else [*tensors[:4], None]


def given(tensors):
    return [tensor for tensor in tensors if tensor is not None]


@pytest.mark.parametrize("peephole", [True, False])
@pytest.mark.parametrize("K", [1, 2, 3, 4])
def test_agrees_with_the_plain_recurrence(K, peephole):
    operator, tensors = arguments(K, peephole)
    assert hand_written(operator, tensors[0], tensors[3], K)
    assert_same(graph_lstm(operator, *tensors), plain_graph_lstm(operator, *tensors), given(tensors))


@pytest.mark.parametrize("part", [0, 1])
def test_either_result_alone(part):
    operator, tensors = arguments()
    left, right = (f(operator, *tensors)[part] for f in (graph_lstm, plain_graph_lstm))
    assert_same([left], [right], tensors)


def test_only_some_gradients():
    operator, tensors = arguments()
    some = [t.detach() if i in (0, 2) else t for i, t in enumerate(tensors)]
    assert_same(graph_lstm(operator, *some), plain_graph_lstm(operator, *some), [tensors[i] for i in (1, 3, 4)])


def test_backward_twice_gives_the_same():
    operator, tensors = arguments()
    out = graph_lstm(operator, *tensors)[0].sum()
    first = torch.autograd.grad(out, tensors, retain_graph=True)
    assert_close(first, torch.autograd.grad(out, tensors))


def test_gradients_have_gradients():
    operator, tensors = arguments(2)
    assert torch.autograd.gradgradcheck(lambda *t: graph_lstm(operator, *t), tensors, fast_mode=True)


def test_many_gradients_at_once():
    operator, tensors = arguments()
    directions = torch.randn(3, N, S, T, H, dtype=torch.float64)
    left, right = (f(operator, *tensors)[0] for f in (graph_lstm, plain_graph_lstm))
    found, expected = (torch.autograd.grad(out, tensors, directions, is_grads_batched=True) for out in (left, right))
    assert_close(found, expected)


def test_forward_mode_goes_the_plain_way():
    operator, tensors = arguments()
    tensors = [t.detach() for t in tensors]
    direction = torch.randn_like(tensors[0])
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(tensors[0], direction)
        tangent = torch.autograd.forward_ad.unpack_dual(graph_lstm(operator, dual, *tensors[1:])[0]).tangent
    expected = torch.func.jvp(lambda x: plain_graph_lstm(operator, x, *tensors[1:])[0], (tensors[0],), (direction,))[1]
    assert_close(tangent, expected)


def test_nothing_is_kept_without_gradients(monkeypatch):
    operator, tensors = arguments()
    monkeypatch.setattr(module._GraphLSTM, "backward", None)
    with torch.no_grad():
        out, c = graph_lstm(operator, *tensors)
    assert not out.requires_grad
    assert_close((out, c), plain_graph_lstm(operator, *[t.detach() for t in tensors]))


def test_float32_is_as_near_as_rounding_allows():
    operator, tensors = arguments()
    single = [t.detach().float().requires_grad_() for t in tensors]
    left, right = graph_lstm(operator, *single)[0], plain_graph_lstm(operator, *tensors)[0]
    assert_close(left.double(), right, atol=1e-5, rtol=1e-5)
    grads = (torch.autograd.grad(out.sum(), inputs) for out, inputs in ((left, single), (right, tensors)))
    for one, other in zip(*grads, strict=True):
        assert_close(one.double(), other, atol=1e-4, rtol=1e-4)


def test_learned_weights_go_the_plain_way():
    edges = undirected_edges([4, 2], 0.9)
    weight = torch.rand(edges.size(1), dtype=torch.float64).requires_grad_()
    operator = scaled_laplacian(edges, N, weight)
    _, tensors = arguments()
    assert not hand_written(operator, tensors[0], tensors[3], 3)
    assert torch.autograd.grad(graph_lstm(operator, *tensors)[0].sum(), weight)[0].abs().sum() > 0
