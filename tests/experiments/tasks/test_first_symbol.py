import pytest
import torch

from gnnseq.experiments import FirstSymbolTask


@pytest.mark.parametrize("view", FirstSymbolTask(5).views)
def test_the_target_is_the_first_symbol_in_every_view(view):
    task = FirstSymbolTask(5)
    batch = next(task.batches(view, 3, "train", 4, 1))
    plain = task.dataset(3, "train")[:4]
    assert torch.equal(batch.y, plain[0][:, 0])
    if view != "symbols":
        assert torch.equal(batch.x[batch.ptr[:-1]], batch.y)


def test_too_short():
    with pytest.raises(ValueError, match="length is 1, expected an integer >= 2"):
        FirstSymbolTask(1)
