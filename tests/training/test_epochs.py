import pytest

from gnnseq.training import Epochs


def make(epoch):
    return [10 * epoch + place for place in range(3)]


@pytest.mark.parametrize("first", range(10))
def test_batches_from_any_one_on(first):
    epochs = Epochs(make, count=3, size=3)
    assert list(epochs(first)) == [0, 1, 2, 10, 11, 12, 20, 21, 22][first:]
    assert len(epochs) == 9


def test_only_the_epoch_that_was_begun_is_made_again():
    made = []

    def counted(epoch):
        made.append(epoch)
        yield from make(epoch)

    assert list(Epochs(counted, 4, 3)(7)) == [21, 22, 30, 31, 32]
    assert made == [2, 3]


def test_bad_input():
    with pytest.raises(ValueError, match="epoch 1 has 2 batches, expected size = 3"):
        list(Epochs(lambda epoch: make(epoch)[epoch:], 3, 3)(0))
    with pytest.raises(ValueError, match="epoch 0 has 3 batches, expected size = 2"):
        list(Epochs(make, 3, 2)(0))
    with pytest.raises(ValueError, match="count is 0, expected at least 1"):
        Epochs(make, 0, 2)
