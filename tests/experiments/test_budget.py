import pytest
from torch import nn

from gnnseq.experiments import SEQUENCE_FAMILIES, PalindromeTask, num_weights, solve_width


@pytest.mark.parametrize("family", SEQUENCE_FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("length", [5, 20, 60])
@pytest.mark.parametrize("budget", [3_000, 10_000, 50_000])
def test_every_family_meets_the_budget_within_two_percent(family, length, budget):
    task = PalindromeTask(length)
    size = solve_width(lambda width, embedding: family.build(task, width, embedding), budget)
    model = family.build(task, size.width, size.embedding)
    assert num_weights(model) == size.weights
    assert abs(size.weights - budget) <= 0.02 * budget
    assert size.note == ""


def test_a_budget_that_no_width_meets_says_why():
    size = solve_width(lambda width, _: nn.Linear(100, 10 * width, bias=False), 1_400)
    assert size.weights == 1_000
    assert "widths 1 and 2 have 1000 and 2000 weights" in size.note


def test_a_budget_too_small_names_the_smallest():
    with pytest.raises(ValueError, match=r"budget is 5 weights, expected at least 17"):
        solve_width(lambda width, embedding: nn.Linear(embedding, width), 5)


def test_frozen_weights_do_not_count():
    model = nn.Linear(3, 2)
    model.bias.requires_grad_(False)
    assert num_weights(model) == 6
