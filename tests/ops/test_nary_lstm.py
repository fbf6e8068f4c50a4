"""The hand-written N-ary Tree-LSTM on full trees against the plain one and against the level-by-level scan."""

import pytest
import torch
from gradients import assert_same
from torch.testing import assert_close

from gnnseq.layers import NaryTreeLSTM
from gnnseq.layers.tree_lstm import _in_places
from gnnseq.ops import Schedule
from gnnseq.ops.nary_lstm import FullTrees, Inputs, nary_lstm, plain_nary_lstm

F, H = 4, 3


def full_trees(arity, inner_nodes):
    """Random trees, one for each number of inner nodes: edges from child to parent, and the places of the children."""
    edges, slots, first = [], [], 0
    for count in inner_nodes:
        size = count * arity + 1
        row, free = list(range(size - count)), size - count
        while len(row) > 1:
            start = int(torch.randint(len(row) - arity + 1, ()))
            for slot in torch.randperm(arity).tolist():
                edges.append((first + row[start + slot], first + free))
                slots.append(slot)
            row[start : start + arity] = [free]
            free += 1
        first += size
    return torch.tensor(edges).view(-1, 2).t(), torch.tensor(slots, dtype=torch.long), first


def case(arity, inner_nodes=(4, 0, 2)):
    edges, slot, n = full_trees(arity, inner_nodes)
    schedule = Schedule(edges, n)
    child = _in_places(schedule, slot[schedule.edge_order], arity)
    trees = FullTrees(schedule, list(child), arity)
    features = [(size, F) for size in trees.sizes]
    shapes = [*features, (3 * H, F), (4 * H, F), (arity * H, (3 + arity) * H), (3 * H,), (4 * H,)]
    return trees, [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


def by_hand(trees, *tensors):
    return nary_lstm(trees, Inputs(*tensors))


@pytest.mark.parametrize("arity", [2, 3])
def test_agrees_with_the_plain_recurrence(arity):
    trees, tensors = case(arity)
    assert_same(by_hand(trees, *tensors), plain_nary_lstm(trees, *tensors), tensors)


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
    monkeypatch.setattr("gnnseq.layers.tree_lstm._in_places", lambda *_: None)
    scanned, scanned_state = layer(x, edges, slot)
    assert_same([out, *state], [scanned, *scanned_state], [x, *layer.parameters()])


def test_trees_without_inner_nodes():
    layer = NaryTreeLSTM(4, H).double()
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    out, (h, c) = layer(x, torch.empty(2, 0, dtype=torch.long), torch.empty(0, dtype=torch.long))
    assert_close(out, h)
    assert torch.autograd.grad((out + c).sum(), x)[0].abs().sum() > 0
