import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from gnnseq.data import PaddedBatch, PalindromeDataset, pad
from gnnseq.data.padded import split_samples

ONE, TWO, THREE = (torch.arange(length) + 1 for length in (1, 2, 3))


def test_equal_lengths_are_stacked():
    batch = pad([(THREE, torch.tensor(0)), (THREE * 2, torch.tensor(1))])
    assert isinstance(batch, PaddedBatch)
    assert batch.x.tolist() == [[1, 2, 3], [2, 4, 6]]
    assert batch.lengths.tolist() == [3, 3]
    assert batch.y.tolist() == [0, 1]


@pytest.mark.parametrize("padding", [0, 9])
def test_shorter_sequences_are_padded_at_the_end(padding):
    batch = pad([(TWO, 5), (THREE, 6), (ONE, 7)], padding=padding)
    assert batch.x.tolist() == [[1, 2, padding], [1, 2, 3], [1, padding, padding]]
    assert batch.lengths.tolist() == [2, 3, 1]
    assert batch.y.tolist() == [5, 6, 7]
    assert batch.x.dtype == batch.lengths.dtype == torch.int64


def test_features_are_padded():
    rows = [torch.ones(2, 3), torch.ones(1, 3) * 2]
    batch = pad([(rows[0], 0.5), (rows[1], 1.5)])
    assert batch.x.shape == (2, 2, 3)
    assert torch.equal(batch.x[0], rows[0])
    assert batch.x[1].tolist() == [[2, 2, 2], [0, 0, 0]]
    assert batch.y.tolist() == [0.5, 1.5]


def test_targets_of_positions_are_padded_with_no_label():
    batch = pad([(TWO, TWO * 10), (THREE, THREE * 10)])
    assert batch.y.tolist() == [[10, 20, -100], [10, 20, 30]]
    stacked = pad((torch.stack([THREE, THREE]), torch.stack([THREE, THREE * 2])))
    assert stacked.y.tolist() == [[1, 2, 3], [2, 4, 6]]


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int8, torch.int32])
def test_targets_of_any_integers_have_no_label_in_the_padding(dtype):
    y = [torch.tensor([1, 0], dtype=dtype), torch.tensor([1, 1, 0], dtype=dtype)]
    assert pad([(TWO, y[0]), (THREE, y[1])]).y.tolist() == [[1, 0, -100], [1, 1, 0]]


def test_both_forms_of_samples_are_the_same():
    dataset = PalindromeDataset(8, 6)
    for one, other in zip(pad(dataset[:]), pad([dataset[i] for i in range(6)]), strict=True):
        assert torch.equal(one, other)


def test_two_pairs_are_not_a_pair_of_stacks():
    sequences, targets = split_samples([(THREE, torch.tensor(4)), (TWO, torch.tensor(5))])
    assert [sequence.tolist() for sequence in sequences] == [[1, 2, 3], [1, 2]]
    assert targets.tolist() == [4, 5]


def test_a_list_of_sequences_with_stacked_targets():
    sequences, targets = split_samples(([THREE, TWO], torch.tensor([4, 5])))
    assert sequences == [THREE, TWO]
    assert targets.tolist() == [4, 5]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_in_a_loader(num_workers):
    dataset = PalindromeDataset(8, 10)
    batches = list(DataLoader(dataset, 4, collate_fn=pad, num_workers=num_workers))
    assert [tuple(batch.x.shape) for batch in batches] == [(4, 7), (4, 7), (2, 7)]
    assert torch.equal(torch.cat([batch.x for batch in batches]), dataset[:][0])
    sampler = BatchSampler(SequentialSampler(dataset), 4, drop_last=False)
    whole = DataLoader(dataset, batch_size=None, sampler=sampler, collate_fn=pad, num_workers=num_workers)
    for one, other in zip(batches, whole, strict=True):
        assert all(torch.equal(*parts) for parts in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([], r"samples is empty, expected at least one \(sequence, target\) pair"),
        ([(ONE, 1), (TWO, 1, 2), (ONE, 1)], r"samples\[1\] is no pair"),
        ((torch.ones(3, 2), torch.ones(2)), r"targets has shape \[2\], expected 3 rows, one per"),
        ((torch.ones(3, 2), torch.tensor(2)), r"targets has shape \[\], expected 3 rows"),
        ((torch.ones(3, 2), torch.ones(3, 3)), r"targets has shape \[3, 3\], expected one per seq"),
        ([(TWO, TWO), (TWO, THREE)], r"samples\[1\] has a target of shape \[3\], expected \[\] or"),
        ([(TWO, 1), (TWO, TWO)], r"samples\[0\] has a target of shape \[\], expected \[\] or \[2"),
        ([(ONE, 1), (ONE.float(), 1)], "dtype"),
    ],
)
def test_samples_that_do_not_fit(samples, message):
    with pytest.raises(ValueError, match=message):
        pad(samples)


@pytest.mark.parametrize("padding", [0.5, -1, float("nan"), float("inf"), None, True])
def test_padding_that_is_no_symbol(padding):
    with pytest.raises(ValueError, match=f"padding is {padding}, expected an integer >= 0"):
        pad([(ONE, 0), (TWO, 1)], padding=padding)


def test_padding_of_features():
    for padding in (None, "0"):
        with pytest.raises(ValueError, match=f"padding is {padding!r}, expected a number"):
            pad([(ONE.float()[:, None], 0)], padding=padding)
    assert pad([(ONE.float()[:, None], 0), (TWO.float()[:, None], 1)], padding=0.5).x[0, 1].tolist() == [0.5]


@pytest.mark.parametrize(
    "samples",
    [
        [
            (torch.tensor([3]), torch.tensor([1])),
            (torch.tensor([4]), torch.tensor([0])),
            (torch.tensor([5]), torch.tensor([2])),
        ],
        (torch.tensor([[3], [4], [5]]), torch.tensor([[1], [0], [2]])),
    ],
)
def test_targets_per_position_of_single_symbols(samples):
    assert pad(samples).y.tolist() == [[1], [0], [2]]
