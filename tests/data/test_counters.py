import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.data.counters import below, derive, distinct, key_of, uniform

MASK = 2**64 - 1


def splitmix64(state):
    """The published function, on Python's integers: the output for a state."""
    z = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


@given(st.integers(0, MASK), st.integers(0, 2**40))
def test_derive_is_the_splitmix64_stream_of_the_key(key, counter):
    words = derive(np.array([key], np.uint64), np.array([counter]))
    assert words.tolist() == [splitmix64((key + counter * 0x9E3779B97F4A7C15) & MASK)]


def test_derive_broadcasts():
    keys = np.array([1, 2, 3], np.uint64)
    grid = derive(keys[:, None], np.arange(4))
    assert grid.shape == (3, 4)
    assert grid[2, 3] == derive(keys[2:], np.array([3]))[0]


def test_streams_of_seeds_are_distinct():
    keys = {int(key_of(seed, stream, 3)[0]) for seed in range(50) for stream in range(3)}
    assert len(keys) == 150


def test_arguments_stay_as_they_were():
    keys, counters = np.array([7], np.uint64), np.array([5])
    derive(keys, counters)
    assert keys.tolist() == [7]
    assert counters.tolist() == [5]


@pytest.mark.parametrize("bound", [1, 2, 7, 2**40])
def test_below_is_within_its_bound_and_even(bound):
    numbers = below(derive(key_of(0), np.arange(20_000)), bound)
    assert numbers.min() >= 0
    assert numbers.max() < bound
    assert numbers.mean() == pytest.approx((bound - 1) / 2, rel=0.02)


def test_below_takes_a_bound_for_each_word():
    bounds = np.array([1, 10, 1000])
    assert (below(derive(key_of(3), np.arange(3)), bounds) < bounds).all()


def test_uniform_numbers():
    numbers = uniform(derive(key_of(3), np.arange(100_000)))
    assert 0.0 <= numbers.min() < 1e-4
    assert 1.0 - 1e-4 < numbers.max() < 1.0
    counts = np.histogram(numbers, 10, (0.0, 1.0))[0]
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 27.88  # 0.999 quantile of chi-square, 9 degrees


@pytest.mark.parametrize("count", [1, 3, 8])
def test_distinct_numbers_are_the_places_of_the_least_words(count):
    words = derive(derive(key_of(4), np.arange(50))[:, None], np.arange(8))
    rows = distinct(words, count)
    for row, found in zip(words.tolist(), rows.tolist(), strict=True):
        assert found == sorted(range(8), key=row.__getitem__)[:count]
