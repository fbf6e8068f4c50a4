import math
import statistics
from itertools import product

import numpy as np
import pytest

from gnnseq.results.statistics import Summary, at_least, bootstrap_interval, share_interval, summarise

SCORES = [0.91, 0.42, 0.93, 0.88, 0.97]


def test_a_summary_by_hand():
    summary = summarise([1.0, 2.0, 6.0])
    assert (summary.count, summary.mean) == (3, 3.0)
    assert summary.spread == pytest.approx(math.sqrt((4 + 1 + 9) / 2))
    assert (summary.low, summary.high) == (1.0, 6.0)  # 1/27 of the resamples hold one value only, more than 2.5 %


def test_one_seed_has_no_spread_and_no_interval():
    assert summarise([0.5]) == Summary(1, 0.5, None, None, None)
    with pytest.raises(ValueError, match="values holds 1 number, expected at least 2"):
        bootstrap_interval([0.5])


def test_equal_values_have_an_interval_of_width_zero():
    assert summarise([0.25] * 4) == Summary(4, 0.25, 0.0, 0.25, 0.25)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95])
@pytest.mark.parametrize("values", [SCORES[:2], SCORES[:4], SCORES])
def test_the_interval_is_that_of_all_resamples(values, confidence):
    means = sorted(statistics.fmean(draw) for draw in product(values, repeat=len(values)))
    tail = (1 - confidence) / 2
    low, high = (means[math.ceil(round(q * len(means), 9)) - 1] for q in (tail, 1 - tail))
    assert bootstrap_interval(values, confidence) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize("count", [6, 12])
def test_the_interval_agrees_with_scipy(count):
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(3).normal(size=count)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=50_000, rng=1)
    for end, share in zip(bootstrap_interval(values.tolist()), (0.025, 0.975), strict=True):
        below, up_to = ((theirs.bootstrap_distribution < end + d).mean() for d in (-1e-9, 1e-9))
        assert below - 0.004 < share < up_to + 0.004  # four standard errors of either's draws
    assert bootstrap_interval(values.tolist()) == pytest.approx(tuple(theirs.confidence_interval), abs=0.05)


def test_the_interval_of_many_values_is_the_same_each_time():
    values = [float(i % 7) for i in range(30)]
    assert bootstrap_interval(values) == bootstrap_interval(values)


def test_the_interval_of_a_share_agrees_with_scipy():
    stats = pytest.importorskip("scipy.stats")
    for total in (1, 7, 10):
        for count in range(total + 1):
            theirs = stats.binomtest(count, total).proportion_ci(0.95, method="exact")
            assert share_interval(count, total) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_interval_of_a_share_by_hand():
    low, high = share_interval(5, 5)
    assert (low, high) == (pytest.approx(0.025 ** (1 / 5)), 1.0)
    assert share_interval(0, 5) == (0.0, pytest.approx(1 - low))


@pytest.mark.parametrize("arguments", [(1, 0), (-1, 3), (4, 3)])
def test_a_share_needs_tries(arguments):
    with pytest.raises(ValueError, match="expected 0 <= count <= total"):
        share_interval(*arguments)


def test_at_least_by_hand():
    assert [at_least(k, 2) for k in range(3)] == [1.0, 0.75, 0.25]
    assert at_least(2, 2, 0.1) == pytest.approx(0.01)


@pytest.mark.parametrize("function", [summarise, bootstrap_interval])
@pytest.mark.parametrize(("values", "named"), [([], "is empty"), ([1.0, math.nan], "holds nan"), ([math.inf], "inf")])
def test_values_that_are_none_or_not_finite(function, values, named):
    with pytest.raises(ValueError, match=named):
        function(values)


def test_other_bad_input():
    with pytest.raises(ValueError, match="confidence is 95"):
        bootstrap_interval([1.0, 2.0], 95)
    with pytest.raises(ValueError, match="confidence is 95"):
        share_interval(1, 2, 95)


@pytest.mark.parametrize(("count", "total", "probability"), [(0, 1001, 0.3), (610, 1200, 0.5), (1500, 1500, 0.999)])
def test_many_tries(count, total, probability):
    scipy = pytest.importorskip("scipy.stats")
    assert at_least(count, total, probability) == pytest.approx(scipy.binom.sf(count - 1, total, probability), rel=1e-8)
    found = share_interval(count, total)
    exact = scipy.binomtest(count, total).proportion_ci(method="exact")
    assert found == pytest.approx((exact.low, exact.high), abs=1e-9)
