"""Random numbers without a state: hashes (SplitMix64) of a key and a counter.

SplitMix64 (Steele, Lea and Flood 2014, https://doi.org/10.1145/2660193.2660195) maps a 64-bit word
to another one to one. So what is drawn for sample ``i`` depends on the key and on ``i`` alone, and
batches of any size, in any order and from any worker hold the same samples.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gnnseq.data.sequences import IntArray

Words: TypeAlias = npt.NDArray[np.uint64]

MAX_SEED = 2**62

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def key_of(seed: int, stream: int = 0, streams: int = 1) -> Words:
    """The key ``[1]`` of one of a seed's streams, such as its training samples."""
    return _mix(np.array([streams * seed + stream], np.uint64))


def derive(keys: Words, counters: IntArray) -> Words:
    """A new key for every pair of a key and a counter >= 0; the shapes are broadcast."""
    return _mix(keys + (counters.astype(np.uint64) + np.uint64(1)) * _GOLDEN)


def below(words: Words, bound: int | IntArray) -> IntArray:
    """Uniform integers from 0 to ``bound - 1``, one for each word.

    The remainder of 64 bits: no value's probability is off by more than bound / 2**64 of itself.
    """
    return (words % np.asarray(bound).astype(np.uint64)).astype(np.int64)


def uniform(words: Words) -> npt.NDArray[np.float64]:
    """Uniform numbers in [0, 1), multiples of 2**-53, one for each word."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def distinct(words: Words, count: int) -> IntArray:
    """``count`` different integers below n in random order, from each row of n words ``[..., n]``."""
    if count == words.shape[-1]:
        return np.argsort(words, axis=-1)
    least = np.argpartition(words, count, axis=-1)[..., :count]
    order = np.argsort(np.take_along_axis(words, least, axis=-1), axis=-1)
    return np.take_along_axis(least, order, axis=-1)


def _mix(words: Words) -> Words:
    """SplitMix64's finaliser, a bijection of 64-bit words, in place."""
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words
