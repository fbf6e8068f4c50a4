"""What every dataset of random samples must keep."""

import itertools
from functools import partial

import pytest
import torch
from torch.utils.data import DataLoader

from gnnseq.data.signals.forecasts import ForecastDataset
from gnnseq.data.streams import Stream
from gnnseq.data.synthetic.adding import AddingDataset
from gnnseq.data.synthetic.copy_memory import CopyMemoryDataset
from gnnseq.data.synthetic.first_symbol import FirstSymbolDataset
from gnnseq.data.synthetic.neighbours import NeighborsMatchDataset
from gnnseq.data.synthetic.networks import BlockModelDataset
from gnnseq.data.synthetic.palindromes import PalindromeDataset
from gnnseq.data.synthetic.recall import RecallDataset

STREAMS = {
    "adding": partial(AddingDataset, 9),
    "copy": partial(CopyMemoryDataset, 8, 3),
    "first": partial(FirstSymbolDataset, 6),
    "match": partial(NeighborsMatchDataset, 4),
    "blocks": partial(BlockModelDataset, 2, 10),
    "palindromes": partial(PalindromeDataset, 31),
    "recall": partial(RecallDataset, 24, 4, 64),
}


@pytest.fixture(params=STREAMS)
def make(request):
    return STREAMS[request.param]


def equal(one, other):
    return all(torch.equal(a, b) and a.dtype == b.dtype for a, b in zip(one, other, strict=True))


def test_every_stream_has_a_case():
    """Forecasts read a given series, so they have tests of their own."""
    assert {make.func for make in STREAMS.values()} | {ForecastDataset} == set(Stream.__subclasses__())


def test_a_batch_is_its_samples_one_by_one(make):
    whole = make()[:12]
    for i in (0, 3, 11):
        assert equal(make()[i], [part[i] for part in whole])
    assert equal(make()[[7, 2]], [part[[7, 2]] for part in whole])
    assert equal(make()[4:8], [part[4:8] for part in whole])
    assert equal(make().__getitems__([5, 6])[1], make()[6])


def test_loaders_give_the_same_samples(make):
    loader = DataLoader(make(), 5, sampler=itertools.count(), num_workers=0)
    first, second = itertools.islice(loader, 2)
    assert equal([torch.cat(pair) for pair in zip(first, second, strict=True)], make()[:10])


def test_seeds_and_splits_share_no_sample(make):
    seen: set[bytes] = set()
    for seed, split in itertools.product(range(3), ["train", "validation", "test"]):
        parts = make(seed=seed, split=split)[:100]
        rows = {b"".join(value.numpy().tobytes() for value in sample) for sample in zip(*parts, strict=True)}
        assert len(rows) == 100
        assert not rows & seen
        seen |= rows


def test_size_and_repr():
    dataset = AddingDataset(5, 7, seed=2, split="test")
    assert len(dataset) == 7
    assert dataset[:][0].shape == (7, 5, 2)
    assert equal(eval(repr(dataset))[:], dataset[:])
    with pytest.raises(TypeError, match="num_samples is None"):
        len(AddingDataset(5))
    with pytest.raises(IndexError, match="index 7 is out of range for a dataset of 7 samples"):
        dataset[7]


def test_repr_makes_the_same_dataset(make):
    dataset = make(seed=4, split="validation")
    assert equal(eval(repr(dataset))[:3], dataset[:3])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "dev"}, "split is 'dev', expected one of train, validation, test"),
        ({"seed": -1}, "seed is -1, expected an integer from 0 to"),
    ],
)
def test_arguments_out_of_range(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)
