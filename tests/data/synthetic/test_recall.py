import math

import numpy as np
import pytest
import torch

from gnnseq.data.synthetic.recall import RecallDataset


@pytest.mark.parametrize(("length", "pairs", "vocabulary"), [(64, 4, 8192), (16, 4, 10), (8, 1, 4), (20, 2, 13)])
def test_a_sample_is_as_defined(length, pairs, vocabulary):
    """Checked with a dictionary, symbol by symbol."""
    dataset = RecallDataset(length, pairs, vocabulary)
    inputs, labels = dataset[:50]
    for given, wanted in zip(inputs.tolist(), labels.tolist(), strict=True):
        memory = dict(zip(given[0 : 2 * pairs : 2], given[1 : 2 * pairs : 2], strict=True))
        assert len(memory) == len(set(memory.values())) == pairs
        assert all(1 <= key < vocabulary // 2 <= value < vocabulary for key, value in memory.items())
        assert wanted[: 2 * pairs] == [-100] * (2 * pairs)
        asked = []
        for place in range(2 * pairs, length):
            if given[place]:
                asked.append(given[place])
                assert place % 2 == 0
            assert wanted[place] == (memory[given[place]] if given[place] else -100)
        assert sorted(asked) == sorted(memory)


def test_gaps_follow_the_power_law():
    """The first key's place, against the law; numpy draws it so too, as the first of several without replacement."""
    dataset = RecallDataset(24, 2, 64, seed=1)
    inputs, _ = dataset[:40_000]
    first = (inputs[:, 4:] == inputs[:, :1]).int().argmax(1).numpy() // 2
    law = 0.01 * np.arange(1, 11) ** (0.01 - 1)
    expected = 40_000 * law / law.sum()
    assert ((np.bincount(first, minlength=10) - expected) ** 2 / expected).sum() < 27.88  # 0.999, 9 degrees


def test_the_second_key_takes_one_of_the_places_left_by_the_same_law():
    inputs, _ = RecallDataset(8, 2, 64, seed=2)[:20_000]
    assert set((inputs[:, 4] > 0).tolist()) == {True}  # two keys, two places
    inputs, _ = RecallDataset(10, 2, 64, seed=2)[:40_000]
    law = np.arange(1, 4) ** (0.01 - 1)
    law /= law.sum()
    pairs = {(i, j): law[i] * law[j] / (1 - law[i]) for i in range(3) for j in range(3) if i != j}
    places = [(inputs[:, 4:] == inputs[:, k : k + 1]).int().argmax(1).numpy() // 2 for k in (0, 2)]
    found = {pair: int(((places[0] == pair[0]) & (places[1] == pair[1])).sum()) for pair in pairs}
    assert sum((found[p] - 40_000 * q) ** 2 / (40_000 * q) for p, q in pairs.items()) < 20.52  # 0.999, 5 degrees


def test_keys_and_values_are_uniform_and_ordered_at_random():
    inputs, _ = RecallDataset(16, 4, 20, seed=3)[:20_000]
    for place, low, bound in ((0, 1, 9), (2, 1, 9), (1, 10, 10), (7, 10, 10)):
        counts = torch.bincount(inputs[:, place] - low, minlength=bound).double()
        assert len(counts) == bound
        expected = 20_000 / bound
        assert ((counts - expected) ** 2 / expected).sum() < 27.88


def test_chance():
    dataset = RecallDataset(32, 4, 40, seed=4)
    inputs, labels = dataset[:20_000]
    answers = labels[labels >= 0].reshape(-1, 4)
    constant = float((answers == 25).double().mean())
    assert constant == pytest.approx(dataset.chance, abs=4 * math.sqrt(0.05 * 0.95 / 80_000))
    second_value = float((answers == inputs[:, 3:4]).double().mean())
    assert second_value == dataset.chance_of_values == 0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 15}, "length is 15, expected an integer >= 16"),
        ({"length": 17}, "length is 17, expected an even number"),
        ({"pairs": 0}, "pairs is 0, expected an integer >= 1"),
        ({"vocabulary": 9}, "vocabulary is 9, expected an integer >= 10"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        RecallDataset(**{"length": 64, "pairs": 4, **arguments})
