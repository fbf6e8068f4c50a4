"""What a plan chooses, and that it moves and copies with its schedule. test_scan.py has the results."""

from copy import deepcopy

import pytest
import torch
from dags import dag_edges, path_edges, renumbered, tree_edges
from torch.testing import assert_close

from gnnseq.ops import Schedule, linear_scan


def stages(edges):
    n = int(edges.max()) + 1
    schedule = Schedule(edges, n)
    there, back = schedule.linear_plan.stages, schedule.reversed().linear_plan.stages
    assert len(there) == len(back)
    return there


def test_depth_decides():
    assert len(stages(path_edges([3000]))) == 1
    assert len(stages(path_edges([200] * 64))) == 1
    spine = torch.arange(3000)
    legs = torch.stack([spine + 3000, spine])
    assert len(stages(torch.cat([path_edges([3000]), legs], dim=1))) == 2
    star = torch.stack([torch.arange(1, 100), torch.zeros(99, dtype=torch.long)])
    found = stages(star)
    assert [stage.paths for stage in found] == [None, None]
    assert [stage.size for stage in found] == [99, 1]


def test_dags_go_level_by_level():
    edges = torch.cat([path_edges([50]), torch.tensor([[0], [49]])], dim=1)
    assert len(stages(edges)) == 50


def test_each_component_goes_its_own_way():
    path, down, diamond = path_edges([900]), tree_edges([60]).flip(0), torch.tensor([[0, 0, 1, 2], [1, 2, 3, 3]])
    assert len(stages(torch.cat([path, diamond + 900], dim=1))) == 3
    edges = torch.cat([path, down + 900, diamond + 960], dim=1)
    assert len(stages(edges)) < 12
    assert len(stages(renumbered(edges, torch.randperm(964)))) < 12


@pytest.mark.parametrize("edges", [path_edges([9, 4]), tree_edges([13]), tree_edges([13]).flip(0), dag_edges([13])])
def test_values_do_not_decide(edges):
    schedule = Schedule(edges, 13)
    before = linear_scan(schedule, torch.randn(13, 2), target_gate=torch.zeros(13, 2))
    plan = schedule.linear_plan
    linear_scan(schedule, before * float("nan"), target_gate=torch.ones(13, 2))
    assert schedule.linear_plan is plan


def test_a_plan_is_copied_with_its_schedule():
    schedule = Schedule(path_edges([400]), 400)
    a, b = torch.randn(400, 2), torch.randn(400, 2)
    expected = linear_scan(schedule, b, target_gate=a)
    assert_close(linear_scan(deepcopy(schedule), b, target_gate=a), expected)
    there = schedule.to("meta").linear_plan
    assert there.order.is_meta
    assert there.stages[0].paths.after.is_meta
    assert there.stages[0].paths.sizes == schedule.linear_plan.stages[0].paths.sizes
