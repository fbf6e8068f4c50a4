import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from gnnseq.data.synthetic.copy_memory import CopyMemoryDataset, SelectiveCopyDataset


def test_a_sample_is_as_defined():
    """Symbols, blanks, the marker, blanks; and what is to be said, written out symbol by symbol."""
    inputs, targets = CopyMemoryDataset(3, 5)[:50]
    for given, wanted in zip(inputs.tolist(), targets.tolist(), strict=True):
        symbols = given[:3]
        assert set(symbols) <= set(range(1, 9))
        assert given == [*symbols, 0, 0, 0, 0, 9, 0, 0, 0]
        assert wanted == [0] * 8 + symbols


def test_the_shortest_silence_is_the_marker_alone():
    inputs, targets = CopyMemoryDataset(1, 1, base=2)[0]
    assert inputs.tolist() == [int(inputs[0]), 3, 0]
    assert targets.tolist() == [0, 0, int(inputs[0])]


def test_symbols_are_uniform():
    inputs, _ = CopyMemoryDataset(10, 1, base=8, seed=1)[:5000]
    counts = torch.bincount(inputs[:, :10].flatten(), minlength=9)[1:].double()
    assert ((counts - 6250) ** 2 / 6250).sum() < 24.32  # 0.999 quantile of chi-square, 7 degrees


@pytest.mark.parametrize(("symbols", "blanks", "base"), [(10, 20, 8), (2, 1, 3)])
def test_who_remembers_nothing_scores_the_memoryless_cross_entropy(symbols, blanks, base):
    dataset = CopyMemoryDataset(symbols, blanks, base)
    _, targets = dataset[:20]
    logits = torch.full((*targets.shape, dataset.num_symbols), -math.inf)
    logits[:, :-symbols, 0] = 0.0
    logits[:, -symbols:, 1 : base + 1] = 0.0
    loss = cross_entropy(logits.double().flatten(0, 1), targets.flatten())
    assert float(loss) == pytest.approx(dataset.memoryless_cross_entropy, rel=1e-12)


@pytest.mark.parametrize(("name", "low"), [("symbols", 1), ("blanks", 1), ("base", 2)])
def test_arguments_out_of_range(name, low):
    with pytest.raises(ValueError, match=f"{name} is {low - 1}, expected an integer >= {low}"):
        CopyMemoryDataset(**{"symbols": 3, "blanks": 4, name: low - 1})


def test_selective_copies_stand_anywhere_in_order():
    inputs, targets = SelectiveCopyDataset(3, 5, seed=2)[:500]
    same, _ = CopyMemoryDataset(3, 5, seed=2)[:500]
    places = set()
    for given, wanted, shown in zip(inputs.tolist(), targets.tolist(), same.tolist(), strict=True):
        assert given[7:] == [9, 0, 0, 0]
        assert [symbol for symbol in given[:7] if symbol] == shown[:3]
        assert wanted == [0] * 8 + shown[:3]
        places.add(tuple(place for place in range(7) if given[place]))
    assert len(places) == 35  # all ways to choose 3 of 7
