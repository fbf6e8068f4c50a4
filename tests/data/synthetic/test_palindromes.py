import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from gnnseq.data import PalindromeDataset

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15
CHI_SQUARE_999 = {1: 10.83, 2: 13.82, 9: 27.88, 99: 148.23}  # quantiles at 0.999, by degrees


def mix(word: int) -> int:
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


def palindrome(length: int, base: int, seed: int, split: int, sample: int) -> list[int]:
    """One palindrome, digit by digit in Python's own integers."""
    key = mix((mix(3 * seed + split) + (sample + 1) * GOLDEN) & MASK)
    words = [mix((key + (step + 1) * GOLDEN) & MASK) for step in range((length + 1) // 2)]
    half = [(word >> 32) * base >> 32 for word in words]
    return half + half[: length // 2][::-1]


@given(
    length=st.integers(2, 40),
    base=st.integers(2, 10),
    seed=st.integers(0, 2**62 - 1),
    split=st.sampled_from(["train", "validation", "test"]),
    samples=st.lists(st.integers(0, 2**40), min_size=1, max_size=5),
)
def test_digits_are_those_of_a_slow_reference(length, base, seed, split, samples):
    dataset = PalindromeDataset(length, base=base, seed=seed, split=split)
    digits, targets = dataset[samples]
    number = ["train", "validation", "test"].index(split)
    whole = [palindrome(length, base, seed, number, sample) for sample in samples]
    assert all(row == row[::-1] for row in whole)
    assert digits.tolist() == [row[:-1] for row in whole]
    assert targets.tolist() == [row[-1] for row in whole]
    assert digits.dtype == targets.dtype == torch.int64


@pytest.mark.parametrize("length", [2, 3, 4, 5, 10_000, 10_001])
def test_inputs_and_target_form_a_palindrome(length):
    digits, targets = PalindromeDataset(length, 8)[:]
    assert digits.shape == (8, length - 1)
    whole = torch.cat([digits, targets[:, None]], dim=1)
    assert torch.equal(whole, whole.flip(1))
    assert torch.equal(targets, digits[:, 0])


@pytest.mark.parametrize("base", [2, 3, 10])
@pytest.mark.parametrize("position", [0, 1, 7])
def test_digits_are_uniform(base, position):
    digits, _ = PalindromeDataset(16, base=base, seed=1)[:50_000]
    counts = torch.bincount(digits[:, position], minlength=base).double()
    expected = 50_000 / base
    assert len(counts) == base
    assert ((counts - expected) ** 2 / expected).sum() < CHI_SQUARE_999[base - 1]


@pytest.mark.parametrize("shift", [(0, 1), (1, 0), (1, 1), (128, 0)])
def test_digits_of_neighbours_are_independent(shift):
    """Pairs of digits, of one sample or of two, are uniform over all pairs."""
    samples, positions = shift
    digits, _ = PalindromeDataset(9, seed=2)[: 50_000 + samples]
    pairs = 10 * digits[:50_000, 0] + digits[samples:, positions]
    counts = torch.bincount(pairs, minlength=100).double()
    assert ((counts - 500) ** 2 / 500).sum() < CHI_SQUARE_999[99]


@given(st.lists(st.integers(-100, 99), min_size=1, max_size=20))
def test_every_form_of_index_gives_the_same_samples(rows):
    dataset = PalindromeDataset(11, 100, seed=3)
    digits, targets = dataset[:]
    for index in (rows, tuple(rows), torch.tensor(rows), np.array(rows), np.array(rows, np.int8)):
        some_digits, some_targets = dataset[index]
        assert torch.equal(some_digits, digits[rows])
        assert torch.equal(some_targets, targets[rows])
    for row, (digit, target) in zip(rows, dataset.__getitems__(rows), strict=True):
        for pair in (dataset[row], dataset[np.int64(row)], dataset[torch.tensor(row)]):
            assert torch.equal(pair[0], digit)
            assert torch.equal(pair[1], target)
            assert pair[1].shape == ()


def test_slices_and_ranges():
    dataset, endless = PalindromeDataset(6, 50), PalindromeDataset(6)
    digits = dataset[list(range(50))][0]
    assert torch.equal(dataset[10:20:3][0], digits[[10, 13, 16, 19]])
    assert torch.equal(dataset[-3:][0], digits[-3:])
    assert torch.equal(dataset[range(9, -1, -2)][0], digits[[9, 7, 5, 3, 1]])
    assert torch.equal(endless[:50][0], digits)
    assert torch.equal(endless[range(20, 30)][0], digits[20:30])
    assert endless[10**12 : 10**12 + 2][0].shape == (2, 5)


def test_a_dataset_is_a_sequence_of_its_samples():
    dataset = PalindromeDataset(6, 5)
    assert len(dataset) == 5
    assert [int(target) for _, target in dataset] == dataset[:][1].tolist()


def test_seeds_and_splits_have_samples_of_their_own():
    """No window of 16 digits turns up in another stream, not even shifted by some samples."""
    seen: set[bytes] = set()
    for seed, split in itertools.product(range(5), ["train", "validation", "test"]):
        digits, _ = PalindromeDataset(31, 2000, seed=seed, split=split)[:]
        rows = {row.tobytes() for row in digits[:, :16].numpy()}
        assert len(rows) == 2000
        assert not rows & seen
        seen |= rows


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("batch_size", [7, 64])
def test_loaders_give_the_same_samples(batch_size, num_workers):
    dataset = PalindromeDataset(12, 150, seed=4)
    loader = DataLoader(dataset, batch_size, num_workers=num_workers)
    digits, targets = (torch.cat(part) for part in zip(*loader, strict=True))
    assert torch.equal(digits, dataset[:][0])
    assert torch.equal(targets, dataset[:][1])


def test_order_does_not_change_samples():
    dataset = PalindromeDataset(12, 150, seed=4)
    order = torch.randperm(150).tolist()
    loader = DataLoader(dataset, 32, sampler=order)
    assert torch.equal(torch.cat([digits for digits, _ in loader]), dataset[:][0][order])


def test_a_batch_sampler_takes_whole_batches():
    dataset = PalindromeDataset(12, 10, seed=4)
    sampler = BatchSampler(RandomSampler(dataset), 4, drop_last=False)
    loader = DataLoader(dataset, batch_size=None, sampler=sampler)
    assert [tuple(digits.shape) for digits, _ in loader] == [(4, 11), (4, 11), (2, 11)]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_without_end(num_workers):
    dataset = PalindromeDataset(12)
    loader = DataLoader(dataset, 32, sampler=itertools.count(), num_workers=num_workers)
    batches = list(itertools.islice(loader, 3))
    assert torch.equal(torch.cat([digits for digits, _ in batches]), dataset[:96][0])
    with pytest.raises(TypeError, match=r"num_samples is None.*sampler such as itertools\.count"):
        len(dataset)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 1}, "length is 1, expected an integer >= 2"),
        ({"length": 2.5}, "length is 2.5, expected an integer >= 2"),
        ({"length": True}, "length is True, expected an integer >= 2"),
        ({"base": 1}, "base is 1, expected an integer from 2 to 10"),
        ({"base": 11}, "base is 11, expected an integer from 2 to 10"),
        ({"num_samples": 0}, "num_samples is 0, expected an integer >= 1"),
        ({"seed": -1}, "seed is -1, expected an integer from 0 to"),
        ({"seed": 2**62}, "seed is 4611686018427387904, expected an integer from 0 to"),
        ({"split": "dev"}, "split is 'dev', expected one of train, validation, test"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        PalindromeDataset(**{"length": 5, **arguments})


@pytest.mark.parametrize(
    ("num_samples", "index", "message"),
    [
        (5, 5, "index 5 is out of range for a dataset of 5 samples"),
        (5, -6, "index -6 is out of range for a dataset of 5 samples"),
        (5, [0, 7], "index 7 is out of range"),
        (None, -1, "index -1 is out of range for a dataset without end"),
        (None, slice(3, None), "a stop"),
        (None, slice(0, 3, 0), "a step >= 1"),
        (None, slice(-3, 5), "0 <= start"),
        (5, [0.5], "expected one row of integers"),
        (5, [True, False], "expected one row of integers"),
        (5, [[0, 1]], "expected one row of integers"),
        (5, "01", "expected one row of integers"),
    ],
)
def test_bad_indices(num_samples, index, message):
    with pytest.raises(IndexError, match=message):
        PalindromeDataset(5, num_samples)[index]


def test_indices_of_another_type():
    with pytest.raises(TypeError):
        PalindromeDataset(5)[1.5]
