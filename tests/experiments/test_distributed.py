"""Every family of the comparison in `DistributedDataParallel`: two gloo processes have the gradients of one."""

import pytest
import torch
from processes import in_two_processes
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.testing import assert_close

from gnnseq.experiments import SEQUENCE_FAMILIES, PalindromeTask

TASK, SHARES = PalindromeTask(6), ([0, 1, 2], [3])  # unequal


class WithUnused(nn.Module):
    """A model with weights that take no part in its outputs."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.unused = inner, nn.Linear(2, 2).double()

    def forward(self, batch):
        return self.inner(batch)


def made(family):
    torch.manual_seed(0)
    return WithUnused(family.build(TASK, 8, 4).double())


def loss_of(model, family, samples):
    """The sum over the samples, so that those of all processes add up."""
    torch.manual_seed(1)
    digits, y = torch.randint(0, 10, (4, 5)), torch.randint(0, 10, (4,))
    batch = family.collate(TASK)((digits[samples], y[samples]))
    return nn.functional.cross_entropy(model(batch), batch.y, reduction="sum")


def gradients(model):
    return {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


def share(rank):
    found = {}
    for family in SEQUENCE_FAMILIES:
        model = DistributedDataParallel(made(family), find_unused_parameters=True)
        loss_of(model, family, SHARES[rank]).mul(2).backward()  # DDP takes the mean over two
        found[family.name] = gradients(model.module)
    return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return in_two_processes(share, tmp_path_factory.mktemp("processes"))


@pytest.mark.parametrize("family", SEQUENCE_FAMILIES, ids=lambda family: family.name)
def test_two_processes_have_the_gradients_of_one(shared, family):
    model = made(family)
    loss_of(model, family, [0, 1, 2, 3]).backward()
    expected = gradients(model)
    assert max(grad.abs().max() for grad in expected.values()) > 0
    for found in shared:
        assert_close({name: found[family.name][name] for name in expected}, expected)
