import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from gnnseq.training import fit
from gnnseq.training.denormals import denormals_flushed, flushes_denormals

CAN = torch.set_flush_denormal(False)
TINY = torch.tensor(1e-40)

pytestmark = pytest.mark.skipif(not CAN, reason="this processor cannot flush denormals")


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("fails", [False, True])
def test_small_numbers_are_zero_inside_and_as_before_afterwards(before, fails):
    torch.set_flush_denormal(before)
    try:
        with denormals_flushed():
            assert flushes_denormals()
            assert TINY * 1 == 0
            if fails:
                raise ArithmeticError
    except ArithmeticError:
        assert fails
    finally:
        assert flushes_denormals() is before
        torch.set_flush_denormal(False)
    assert TINY * 1 > 0


def test_training_is_without_denormals_and_leaves_the_caller_his():
    seen = []

    class Noting(nn.Linear):
        def forward(self, batch):
            seen.append(flushes_denormals())
            return super().forward(batch.x)

    model, data = Noting(2, 2), Data(x=torch.randn(3, 2), y=torch.tensor([0, 1, 0]))
    batches = [Batch.from_data_list([data])] * 2
    fit(model, batches, torch.optim.SGD(model.parameters(), lr=0.1))
    assert seen == [True, True]
    assert not flushes_denormals()
