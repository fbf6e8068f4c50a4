import pytest
from torch import nn

from gnnseq.experiments import (
    FAMILIES,
    SEQUENCE_FAMILIES,
    PalindromeTask,
    SignalTask,
    find_family,
    num_weights,
    solve_width,
)
from gnnseq.experiments.presets import KINDS
from gnnseq.experiments.tasks.formulas import FORMULAS

DEEP = ("gcn-deep",)  # one unit of width in each of 20 layers and more is a large step


@pytest.mark.parametrize("family", [f for f in SEQUENCE_FAMILIES if f.name not in DEEP], ids=lambda family: family.name)
@pytest.mark.parametrize("length", [5, 20, 60])
@pytest.mark.parametrize("budget", [3_000, 10_000, 50_000])
def test_every_family_meets_the_budget_within_two_percent(family, length, budget):
    task = PalindromeTask(length)
    check_budget(family, task, budget)


@pytest.mark.parametrize("family", [f for f in FAMILIES if f.name != "linear-vectors"], ids=lambda family: family.name)
def test_families_meet_the_budget_on_every_task_or_say_so(family):
    for kind in KINDS:
        task = kind.make(kind.sizes[0])
        if family.joins(task) and kind.name != "mqar":  # its embedding alone has 131,072 weights
            coarse = kind.name in FORMULAS and family.width_multiple > 1  # 20 layers whose width is 4 or 8
            check_budget(family, task, 10_000, 0.25 if coarse else 0.08 if family.name in DEEP else 0.035)


def test_a_model_without_a_width_says_so():
    task, family = SignalTask(), find_family("linear-vectors")
    size = solve_width(lambda width, embedding: family.build(task, width, embedding), 10_000)
    assert size.weights == 20 * (20 * 4 + 1)
    assert "widths 1 and 2 both have 1620 weights" in size.note


def check_budget(family, task, budget, tolerance=0.02):
    size = solve_width(
        lambda width, embedding: family.build(task, width, embedding), budget, multiple=family.width_multiple
    )
    model = family.build(task, size.width, size.embedding)
    assert num_weights(model) == size.weights
    assert size.width % family.width_multiple == 0
    assert abs(size.weights - budget) <= tolerance * budget
    assert (size.note == "") == (abs(size.weights - budget) <= 0.02 * budget)


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


def test_widths_are_multiples():
    size = solve_width(lambda width, _: nn.Linear(width, 10, bias=False), 119, multiple=4)
    assert (size.width, size.weights, size.note) == (12, 120, "")
    missed = solve_width(lambda width, _: nn.Linear(width, 10, bias=False), 100, multiple=4)
    assert missed.width in (8, 12)
    assert "widths 8 and 12 have 80 and 120 weights" in missed.note
