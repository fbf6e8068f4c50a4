"""Means, intervals and paired tests over a few seeds."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from gnnseq.extras import require

_ENUMERATED = 8  # values, up to which all bootstrap samples are gone through
_FLIPPED = 20  # differences, up to which all signs are gone through
_SAMPLES = 20_000  # random ones above that


@dataclass(frozen=True)
class Summary:
    """What a few runs say about their mean.

    Attributes:
        count: number of values, n.
        mean: their mean.
        spread: standard deviation with ddof 1; None for one value.
        low: lower end of the interval of the mean; None for one value.
        high: upper end.
    """

    count: int
    mean: float
    spread: float | None
    low: float | None
    high: float | None


def summarise(values: Sequence[float], confidence: float = 0.95) -> Summary:
    """Mean, standard deviation and bootstrap interval.

    Raises:
        ValueError: for no values, or one that is not finite.
    """
    _check(values, "values")
    if len(values) == 1:
        return Summary(1, float(values[0]), None, None, None)
    low, high = bootstrap_interval(values, confidence)
    return Summary(len(values), statistics.fmean(values), statistics.stdev(values), low, high)


def bootstrap_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The percentile bootstrap interval of the mean (Efron 1979).

    Up to 8 values it is exact: all n^n resamples count, so nothing is random. Above, 20,000 resamples of a fixed seed
    stand for them. Equal values give an interval of width 0. Few values give an interval that is too narrow: with 3
    it is the range from the smallest to the largest, which covers the mean of a normal distribution in 3 of 4 cases
    only. Verdicts therefore rest on a test and not on intervals.

    Args:
        values: at least two, finite.
        confidence: between 0 and 1.

    Raises:
        ValueError: for fewer values, or one that is not finite, or another ``confidence``.
    """
    _check(values, "values")
    if len(values) < 2:
        raise ValueError("values holds 1 number, expected at least 2: one run says nothing about the spread")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, expected a number between 0 and 1")
    counts, weights = _resamples(len(values))
    means = counts @ np.asarray(values, dtype=np.float64) / len(values)
    order = np.argsort(means, kind="stable")
    below = np.cumsum(weights[order])
    tail = (1 - confidence) / 2
    places = np.searchsorted(below, [tail * (1 - 1e-12), (1 - tail) * (1 - 1e-12)])
    low, high = means[order][places]
    return float(low), float(high)


@lru_cache(maxsize=32)
def _resamples(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How often each value is in a resample ``[M, n]``, and the resamples' probabilities ``[M]``."""
    if count > _ENUMERATED:
        drawn = np.random.default_rng(0).multinomial(count, [1 / count] * count, size=_SAMPLES)
        return drawn.astype(np.float64), np.full(_SAMPLES, 1 / _SAMPLES)
    draws = combinations_with_replacement(range(count), count)
    counts = np.stack([np.bincount(draw, minlength=count) for draw in draws])
    ways = [math.factorial(count) / math.prod(map(math.factorial, row)) for row in counts.tolist()]
    return counts.astype(np.float64), np.asarray(ways) / float(count) ** count


def sign_flip(differences: Sequence[float]) -> float:
    """Two-sided p-value of the exact sign-flip permutation test (Fisher 1935) for paired differences.

    If two models are equally good, a difference is as likely to have one sign as the other. The p-value is the share of
    all 2^n signs whose sum is at least as far from 0 as the one seen. Nothing is assumed about the form of the
    distribution, so it holds for models that learn with some seeds and not at all with others. Its price: with n seeds
    no p-value is below 2^(1 - n). Above 20 differences, 20,000 random signs of a fixed seed stand for all.

    Raises:
        ValueError: for no differences, or one that is not finite.
    """
    _check(differences, "differences")
    values = np.asarray(differences, dtype=np.float64)
    seen = abs(values.sum()) - 1e-12 * np.abs(values).sum()
    if len(values) > _FLIPPED:
        signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(_SAMPLES, len(values)))
        return float((1 + (np.abs(signs @ values) >= seen).sum()) / (_SAMPLES + 1))
    sums = values[:1]
    for value in values[1:]:  # the first sign is fixed: the other half is its mirror image
        sums = np.concatenate([sums + value, sums - value])
    return float((np.abs(sums) >= seen).mean())


def paired_t(differences: Sequence[float]) -> float:
    """Two-sided p-value of Student's paired t test; needs scipy.

    It assumes that the differences are about normal. Models that learn with some seeds and not with others break that:
    see `sign_flip`. Differences that are all equal give 1 where they are 0, and 0 where they are not; one difference
    gives 1.

    Raises:
        ValueError: for no differences, or one that is not finite.
        ImportError: without scipy.
    """
    _check(differences, "differences")
    if len(set(differences)) == 1:
        return 0.0 if len(differences) > 1 and differences[0] != 0 else 1.0
    return float(require("scipy.stats", "experiments").ttest_1samp(differences, 0.0).pvalue)


@dataclass(frozen=True)
class PairedTest:
    """A test of paired differences.

    Attributes:
        name: for tables.
        p_value: of differences, two-sided.
        smallest: the smallest p-value that n differences can give.
    """

    name: str
    p_value: Callable[[Sequence[float]], float]
    smallest: Callable[[int], float]


def _smallest_flip(count: int) -> float:
    return 2.0 ** (1 - count) if count <= _FLIPPED else 1 / (_SAMPLES + 1)


def _smallest_t(count: int) -> float:
    return 0.0 if count > 1 else 1.0


SIGN_FLIP = PairedTest("exact sign-flip permutation test", sign_flip, _smallest_flip)
PAIRED_T = PairedTest("paired t test", paired_t, _smallest_t)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979): p_(i) becomes max over j <= i of min(1, (m - j + 1) p_(j)).

    Under any dependence, the chance that even one true null hypothesis is rejected stays at the level of the test.

    Raises:
        ValueError: for a value outside 0 to 1.
    """
    for value in p_values:
        if not 0 <= value <= 1:
            raise ValueError(f"p_values holds {value}, expected numbers from 0 to 1")
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected


def seeds_needed(comparisons: int, alpha: float = 0.05, test: PairedTest = SIGN_FLIP) -> int:
    """The fewest seeds with which the smallest of several p-values can stay below ``alpha`` after correction.

    Raises:
        ValueError: for fewer than one comparison, or an ``alpha`` that no number of seeds reaches.
    """
    if comparisons < 1:
        raise ValueError(f"comparisons is {comparisons}, expected at least 1")
    for count in range(1, _FLIPPED + 1):
        if comparisons * test.smallest(count) <= alpha:
            return count
    raise ValueError(f"alpha is {alpha}, expected at least {comparisons * test.smallest(_FLIPPED):.1g}")


def _check(values: Sequence[float], name: str) -> None:
    if not len(values):
        raise ValueError(f"{name} is empty, expected at least one number")
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"{name} holds {value}, expected finite numbers")
