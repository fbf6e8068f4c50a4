import math

import numpy as np
import pytest
import torch

from gnnseq.training import accuracy, best_k, correct, pearson, spearman, squared_error


def test_ignored_targets_do_not_count():
    logits = torch.eye(4)
    y = torch.tensor([0, -100, 0, 3])
    assert correct(logits, y) == (2, 3)
    assert accuracy(logits, y) == pytest.approx(2 / 3)
    assert math.isnan(accuracy(logits, torch.full((4,), -100)))


def test_best_k_is_the_mean_of_the_largest():
    assert best_k([0.1, 0.9, 0.5, 0.7], k=2) == pytest.approx(0.8)
    assert best_k([0.1, 0.3]) == pytest.approx(0.2)


def test_best_50_flatters_a_model_at_chance():
    torch.manual_seed(0)
    batches = torch.rand(10_000, 128).lt(0.1).float().mean(1)
    assert batches.mean() == pytest.approx(0.1, abs=0.002)
    assert best_k(batches.tolist()) == pytest.approx(0.18, abs=0.01)


@pytest.mark.parametrize(("values", "k", "named"), [([], 50, "values is empty"), ([0.5], 0, "k is 0")])
def test_bad_input(values, k, named):
    with pytest.raises(ValueError, match=named):
        best_k(values, k)


def test_squared_error_counts_only_targets_that_are_there():
    y = torch.tensor([1.0, float("nan"), -2.0])
    assert squared_error(torch.tensor([[2.0], [5.0], [0.0]]), y) == (5.0, 2)


def test_correlations():
    x, y = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]), torch.tensor([2.0, 1.0, 4.0, 3.0, 7.0])
    assert pearson(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert spearman(x, y) == pytest.approx(0.8)
    assert spearman(x, y.exp()) == pytest.approx(0.8)
    tied = torch.tensor([1.0, 1.0, 2.0, 2.0, 3.0])
    assert spearman(x, tied) == pytest.approx(np.corrcoef(x, [1.5, 1.5, 3.5, 3.5, 5])[0, 1])
    assert np.isnan(pearson(x, torch.ones(5)))
