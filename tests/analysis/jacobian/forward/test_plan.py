from collections import Counter

import torch

from gnnseq.analysis.jacobian.forward.blocks import Mix, Term
from gnnseq.analysis.jacobian.forward.plan import Plan, Value

SHAPE = (4, 3)


def test_what_is_left_is_done_once_and_only_where_it_is_needed():
    plan, slope = Plan(Counter()), torch.rand(SHAPE)
    features = Value.at(0, SHAPE)
    bent = plan.combine([features], [slope], SHAPE)
    assert plan.steps == []
    first, second = plan.ready(bent), plan.ready(bent)
    assert first == second == Value.at(1, SHAPE)
    assert [step.reads for step in plan.steps] == [[0]]
    assert plan.ready(features) is features


def test_slopes_multiply_and_sums_stay_one_step():
    plan, slope = Plan(Counter()), torch.rand(SHAPE)
    features = Value.at(0, SHAPE)
    inner = plan.combine([features, features], [slope, None], SHAPE)
    outer = plan.combine([inner, features], [slope, None], SHAPE)
    assert [term.blocks for term in outer.terms] == [0, 0, 0]
    assert torch.equal(outer.terms[0].slope, slope * slope)
    assert torch.equal(outer.terms[1].slope, slope)
    plan.ready(outer)
    assert len(plan.steps) == 1


def test_rows_are_mixed_before_they_are_added_up():
    plan = Plan(Counter())
    mix = Mix(torch.tensor([0, 1]), torch.tensor([1, 1]), None, 4)
    mixed = Value((Term(0),), (2, 3), mix)
    found = plan.combine([mixed, mixed], [None, None], (2, 3))
    assert found == Value((Term(1), Term(1)), (2, 3))
    assert len(plan.steps) == 1
    assert not mixed.ready


def test_a_step_is_added_with_what_it_reads_made_ready():
    plan = Plan(Counter())
    value = plan.add(lambda blocks: blocks[0], [Value((Term(0, (0, 2)),), (4, 2))], (4, 2), shares=True)
    assert [(step.reads, step.writes, step.shares) for step in plan.steps] == [([0], 1, True), ([1], 2, True)]
    assert value == Value.at(2, (4, 2))
    assert plan.widest == 8
