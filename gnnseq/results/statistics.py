"""Means and their intervals over a few seeds."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

_ENUMERATED = 8  # values, up to which all bootstrap samples are gone through
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
    check_finite(values, "values")
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
    check_finite(values, "values")
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


def share_interval(count: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a probability of which ``count`` of ``total`` tries came true (Clopper and Pearson 1934).

    Its coverage is never below ``confidence``, whatever the probability.

    Raises:
        ValueError: for no tries, a count that is not among 0 to ``total``, or a ``confidence`` outside 0 to 1.
    """
    if total < 1 or not 0 <= count <= total:
        raise ValueError(f"count is {count} and total {total}, expected 0 <= count <= total and at least one try")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, expected a number between 0 and 1")
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _where(lambda p: at_least(count, total, p), tail)
    high = 1.0 if count == total else 1 - _where(lambda p: at_least(total - count, total, p), tail)
    return low, high


def at_least(count: int, total: int, probability: float = 0.5) -> float:
    """The chance of ``count`` successes or more in ``total`` independent tries."""
    p, q = probability, 1 - probability
    if total > 1000 and 0 < p < 1:  # whose binomials are too large for a float
        logs = (_log_ways(total, k) + k * math.log(p) + (total - k) * math.log(q) for k in range(count, total + 1))
        return min(1.0, math.fsum(map(math.exp, logs)))
    return min(1.0, math.fsum(math.comb(total, k) * p**k * q ** (total - k) for k in range(count, total + 1)))


def _log_ways(total: int, count: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)


def _where(increasing: Callable[[float], float], value: float) -> float:
    """The place between 0 and 1 at which an increasing function has a value, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if increasing(middle) < value else (low, middle)
    return (low + high) / 2


def check_finite(values: Sequence[float], name: str) -> None:
    """Raises a ValueError for no values, or one that is not finite."""
    if not len(values):
        raise ValueError(f"{name} is empty, expected at least one number")
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"{name} holds {value}, expected finite numbers")
