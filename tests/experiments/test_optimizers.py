import pytest
import torch
from torch import nn

from gnnseq.experiments import OPTIMIZERS


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
