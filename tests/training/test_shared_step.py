import copy

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from gnnseq.training import SharedStep, fit

EDGES = torch.tensor([[0, 1], [1, 2]])


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 3)

    def forward(self, batch):
        return self.linear(batch.x)


def batch_of(labels):
    return Batch.from_data_list([Data(torch.rand(3, 2), EDGES, y=torch.tensor(labels))])


def test_two_batches_make_the_step_of_their_targets_together():
    one, other = batch_of([0, 1, 2]), batch_of([1, -100, -100])
    both = Batch.from_data_list([*one.to_data_list(), *other.to_data_list()])
    model = Plain().double()
    for part in (one, other, both):
        part.x = part.x.double()
    twin = copy.deepcopy(model)
    for each, batches, step in ((model, [one, other], SharedStep(accumulate=2)), (twin, [both], None)):
        fit(each, batches, torch.optim.SGD(each.parameters(), lr=0.1), step=step)
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_fewer_than_one_batch():
    with pytest.raises(ValueError, match="accumulate is 0, expected at least 1"):
        SharedStep(accumulate=0)
