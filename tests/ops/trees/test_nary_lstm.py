"""The hand-written N-ary Tree-LSTM on full trees against the plain one and against the level-by-level scan."""

import pytest
import torch
from dags import full_trees
from gradients import assert_same
from torch.testing import assert_close

from gnnseq.layers import NaryTreeLSTM
from gnnseq.ops import Schedule
from gnnseq.ops.trees.full_trees import FullTrees
from gnnseq.ops.trees.nary_lstm import Inputs, nary_lstm, plain_nary_lstm

F, H = 4, 3


def case(arity, inner_nodes=(4, 0, 2)):
    edges, slot, n = full_trees(arity, inner_nodes)
    trees = FullTrees.of(Schedule(edges, n), slot, arity)
    shapes = [(n, F), (4 * H, F), ((3 + arity) * H, arity * H), (4 * H,)]
    return trees, [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


def by_hand(trees, *tensors):
    return nary_lstm(trees, Inputs(*tensors))


@pytest.mark.parametrize("arity", [2, 3])
def test_agrees_with_the_plain_recurrence(arity):
    trees, tensors = case(arity)
    assert_same(by_hand(trees, *tensors), plain_nary_lstm(trees, *tensors), tensors)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("filled", [[], [0], [-1]])
def test_inner_nodes_without_features(filled, bias):
    """Their products are left out where all are zero, and only there."""
    trees, (x, *weights) = case(2)
    keep = trees.inner_nodes[filled]
    with torch.no_grad():
        kept = x[keep]
        x[trees.inner_nodes] = 0
        x[keep] = kept
    tensors = [x, *weights] if bias else [x, *weights[:2]]
    given = tensors if bias else [*tensors, None]
    assert_same(by_hand(trees, *given), plain_nary_lstm(trees, *given), tensors)
    constant = [x.detach(), *given[1:]]  # no gradient of the features
    assert_same(by_hand(trees, *constant), plain_nary_lstm(trees, *constant), tensors[1:])


def test_features_that_are_not_numbers_are_not_left_out():
    trees, (x, *weights) = case(2)
    with torch.no_grad():
        x[trees.inner_nodes] = 0
        x[trees.inner_nodes[-1]] = torch.nan
    h = by_hand(trees, x, *weights)[0]
    assert h[trees.inner_nodes[-1]].isnan().all()


def test_backward_twice():
    trees, tensors = case(3)
    h = by_hand(trees, *tensors)[0]
    first, second = (torch.autograd.grad(h.sum(), tensors, retain_graph=True) for _ in range(2))
    assert_close(first, second, rtol=0, atol=0)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_either_state_alone(part):
    trees, tensors = case(2)
    assert_same([by_hand(trees, *tensors)[part]], [plain_nary_lstm(trees, *tensors)[part]], tensors)


def test_gradients_have_gradients():
    trees, tensors = case(2, (2, 1))
    assert torch.autograd.gradgradcheck(lambda *t: by_hand(trees, *t), tensors, fast_mode=True)


def test_many_gradients_at_once():
    trees, tensors = case(2)
    left, right = (f(trees, *tensors)[0] for f in (by_hand, plain_nary_lstm))
    directions = torch.randn(3, *left.shape, dtype=torch.float64)
    found, expected = (torch.autograd.grad(out, tensors, directions, is_grads_batched=True) for out in (left, right))
    assert_close(found, expected)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("arity", [2, 3])
def test_full_trees_and_the_scan_agree(arity, bias, monkeypatch):
    edges, slot, n = full_trees(arity, (4, 0, 2))
    layer = NaryTreeLSTM(4, H, arity, bias).double()
    x = torch.randn(n, 4, dtype=torch.float64, requires_grad=True)
    out, state = layer(x, edges, slot)
    monkeypatch.setattr("gnnseq.layers.tree_lstm.FullTrees.of", lambda *_: None)
    scanned, scanned_state = layer(x, edges, slot)
    assert_same([out, *state], [scanned, *scanned_state], [x, *layer.parameters()])


def test_trees_without_inner_nodes():
    layer = NaryTreeLSTM(4, H).double()
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    out, (h, c) = layer(x, torch.empty(2, 0, dtype=torch.long), torch.empty(0, dtype=torch.long))
    assert_close(out, h[0])
    assert torch.autograd.grad((out + c).sum(), x)[0].abs().sum() > 0
