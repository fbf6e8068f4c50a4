import sys

import pytest
import torch
from torch import nn

from gnnseq.experiments import PalindromeTask, find_family
from gnnseq.experiments.measures import check_outputs, kept_bytes, kept_tensors, memory_mb, relative_influence


class Square(nn.Module):
    """Keeps its input and its weight for the backward pass, nothing else."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))

    def forward(self, x):
        return (self.weight * x).square()


def test_every_storage_counts_once_and_weights_do_not():
    model, x = Square(), torch.rand(3, 4)
    with kept_tensors(model.parameters()) as kept:
        model(x)
        assert sum(kept.values()) == 2 * 3 * 4 * 4  # x, and the product that is squared; four bytes a number
        model(x[1:])  # a view of the same storage, and a new product
    assert sum(kept.values()) == 2 * 3 * 4 * 4 + 2 * 4 * 4


def test_memory_adds_weights_gradients_optimizer_and_what_is_kept():
    model = nn.Linear(10, 10, bias=False)
    optimizer = torch.optim.Adam(model.parameters())
    assert memory_mb(model, 1_000)(optimizer) == pytest.approx((2 * 400 + 1_000) / 1e6)
    model(torch.rand(2, 10)).sum().backward()
    optimizer.step()
    assert memory_mb(model, 1_000)(optimizer) == pytest.approx((4 * 400 + 4 + 1_000) / 1e6)  # two moments, a step count


@pytest.mark.parametrize("name", ["rnn", "gcn", "gcrn", "dilated", "tree-lstm-balanced"])
def test_what_is_kept_grows_with_the_batch_and_is_the_same_each_time(name):
    task, family = PalindromeTask(12), find_family(name)
    model = family.build(task, 8, 4)
    small, large = (next(task.batches(family.view, 0, "train", size, 1)) for size in (16, 64))
    one, again, four = (kept_bytes(model, batch, task, family) for batch in (small, small, large))
    assert one == again
    assert 3 * one < four < 5 * one


def test_influence_is_that_of_the_dense_jacobian():
    task, family = PalindromeTask(6), find_family("lstm")
    torch.manual_seed(0)
    model = family.build(task, 5, 4)
    batch = next(task.batches("path", 0, "train", 1, 1))
    double = family.build(task, 5, 4).double()
    double.load_state_dict(model.state_dict())
    features = double.embedding(batch.x).detach()
    call = lambda f: double.head(double.readout(double.encoder(f, batch), batch.ptr))  # noqa: E731
    each = torch.autograd.functional.jacobian(call, features).abs().sum((0, 1, 3))
    assert relative_influence(model, batch, task, "path") == pytest.approx(float(each[0] / each.mean()), rel=1e-9)


def test_influence_is_zero_beyond_reach_and_one_for_a_sum():
    task = PalindromeTask(14)
    for name, expected in (("gcn", 0.0), ("bag", None)):
        family = find_family(name)
        torch.manual_seed(0)
        model = family.build(task, 16, 8)
        found = relative_influence(model, next(task.batches(family.view, 0, "train", 8, 1)), task, family.view)
        assert found == expected if expected is not None else 0.5 < found < 2


@pytest.mark.parametrize("name", ["gcrn", "tree-lstm-balanced"])
def test_influence_counts_only_elements_that_hold_a_symbol(name):
    task, family = PalindromeTask(3), find_family(name)
    model = family.build(task, 6, 4)
    batch = next(task.batches(family.view, 0, "train", 8, 1))
    assert 0 < relative_influence(model, batch, task, family.view) <= 2  # of two digits


def test_a_model_without_derivatives_has_no_influence():
    class Rounded(nn.Module):
        def forward(self, batch):
            return batch.x.unsqueeze(-1).float()

    task = PalindromeTask(4)
    batch = next(task.batches("path", 0, "train", 2, 1))
    with pytest.warns(UserWarning, match="influence of the answer cannot be measured"):
        assert relative_influence(Rounded(), batch, task, "path") is None


def test_shapes():
    task = PalindromeTask(4)
    batch = next(task.batches("path", 0, "train", 2, 1))
    check_outputs("m", torch.zeros(2, 10), batch, task, "path")
    with pytest.raises(ValueError, match=r"m gives outputs of shape \[6, 10\] for palindromes of length 4, expected"):
        check_outputs("m", torch.zeros(6, 10), batch, task, "path")


class Fades(nn.Module):
    """The last of the symbols, and the sum of the others times a factor."""

    def __init__(self, factor):
        super().__init__()
        self.embedding, self.head = nn.Embedding(11, 3), nn.Linear(3, 10)
        self.factor = factor

    def forward(self, batch):
        h = self.embedding(batch.x).view(batch.num_graphs, -1, 3)
        for _ in range(20):
            h = torch.cat([h[:, :-1] * self.factor, h[:, -1:]], dim=1)
        return self.head(h.sum(1))


@pytest.mark.parametrize(("factor", "expected"), [(1e-30, sys.float_info.min), (0.0, 0.0)])
def test_an_influence_that_no_number_holds_is_not_zero(factor, expected):
    task = PalindromeTask(6)
    batch = next(task.batches("path", 0, "train", 4, 1))
    assert relative_influence(Fades(factor), batch, task, "path") == expected
