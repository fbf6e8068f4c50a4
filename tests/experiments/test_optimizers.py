import pickle
from dataclasses import replace

import pytest
import torch
from torch import nn

from gnnseq.experiments import OPTIMIZERS, Settings
from gnnseq.experiments.optimizers import falling, find_optimizer
from gnnseq.studies.pairs.models import adamw


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: optimizer.name)
def test_each_takes_a_step_at_its_rate(optimizer):
    weight = nn.Parameter(torch.tensor([1.0]))
    made = optimizer([weight], 0.25)
    assert made.param_groups[0]["lr"] == 0.25
    weight.sum().backward()
    made.step()
    assert weight.item() < 1.0


def test_momentum_carries_a_step_on():
    momentum = next(each for each in OPTIMIZERS if each.name == "momentum")
    weight = nn.Parameter(torch.tensor([1.0]))
    made = momentum([weight], 1.0)
    for gradient in (1.0, 0.0):
        weight.grad = torch.tensor([gradient])
        made.step()
    assert weight.item() == pytest.approx(-0.9)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_adam_is_torchs_up_to_rounding(dtype, tolerance):
    adam = next(each for each in OPTIMIZERS if each.name == "adam")
    start, target = torch.randn(3, 37, dtype=dtype), torch.randn(3, 37, dtype=dtype)
    found = []
    for make in (adam, adam, torch.optim.Adam):
        weight = nn.Parameter(start.clone())
        optimizer = make([weight], 0.01)
        for _ in range(20):
            optimizer.zero_grad()
            (weight - target).square().sum().backward()
            optimizer.step()
        found.append(weight.detach())
    assert torch.equal(found[0], found[1])
    assert (found[0] - found[2]).abs().max() < tolerance


def test_the_four_methods_take_their_textbook_steps():
    taken = {}
    for method in OPTIMIZERS:
        weight = torch.zeros(1, requires_grad=True)
        optimizer = method([weight], 0.1)
        for _ in range(2):
            weight.grad = torch.tensor([2.0])
            optimizer.step()
        taken[method.name] = -weight.item()
    assert taken["sgd"] == pytest.approx(0.1 * (2 + 2))
    assert taken["momentum"] == pytest.approx(0.1 * (2 + (0.9 * 2 + 2)))
    assert taken["adam"] == pytest.approx(0.1 * 2)
    first, second = (0.01 * 4) ** 0.5, (0.99 * 0.04 + 0.04) ** 0.5
    assert taken["rmsprop"] == pytest.approx(0.1 * (2 / first + 2 / second), rel=1e-5)


def test_an_optimizer_is_found_by_name():
    assert find_optimizer("sgd").title == "SGD"
    with pytest.raises(ValueError, match="did you mean 'adam'"):
        find_optimizer("adm")


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, adamw(0.1)], ids=lambda optimizer: optimizer.name)
def test_settings_equal_their_copy_in_another_process(optimizer):
    settings = Settings(optimizer=optimizer)
    assert pickle.loads(pickle.dumps(settings)) == settings
    assert replace(settings, optimizer=replace(optimizer, name="other")) != settings


def test_schedules_of_one_name_are_equal():
    assert falling(3) == falling(3) != falling(4)
