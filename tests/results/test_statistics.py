import math
import statistics
import sys
from itertools import product

import numpy as np
import pytest

from gnnseq.results.statistics import (
    PAIRED_T,
    SIGN_FLIP,
    Summary,
    bootstrap_interval,
    holm,
    paired_t,
    seeds_needed,
    sign_flip,
    summarise,
)

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


def test_sign_flips_by_hand():
    assert sign_flip([1.0, 2.0, 3.0]) == 0.25  # +++ and --- of eight
    assert sign_flip([1.0, 2.0, -3.0]) == 1.0
    assert sign_flip([3.0, 2.0, -1.0]) == 0.5  # sums 4, 6 and their mirror images
    assert sign_flip([0.0, 0.0]) == 1.0
    assert sign_flip([-1.0]) == 1.0


@pytest.mark.parametrize("count", [2, 5, 9])
def test_sign_flips_agree_with_scipy(count):
    stats = pytest.importorskip("scipy.stats")
    first, second = np.random.default_rng(count).normal(0.4, 1.0, (2, count)).round(1)
    theirs = stats.permutation_test(
        (first, second), lambda a, b, axis: (a - b).mean(axis), vectorized=True, permutation_type="samples"
    )
    assert sign_flip((first - second).tolist()) == pytest.approx(theirs.pvalue)


def test_many_sign_flips_are_drawn_and_agree_with_the_normal_distribution():
    differences = np.random.default_rng(0).normal(0.3, 1.0, 40).tolist()
    deviation = abs(sum(differences)) / math.sqrt(sum(d * d for d in differences))
    assert sign_flip(differences) == pytest.approx(math.erfc(deviation / math.sqrt(2)), abs=0.01)
    assert sign_flip(differences) == sign_flip(differences)
    assert sign_flip([1.0] * 40) == SIGN_FLIP.smallest(40) > 0


def test_the_paired_t_test_agrees_with_scipy():
    stats = pytest.importorskip("scipy.stats")
    first, second = np.random.default_rng(1).normal(size=(2, 5))
    assert paired_t((first - second).tolist()) == pytest.approx(stats.ttest_rel(first, second).pvalue)


def test_the_paired_t_test_by_hand():
    pytest.importorskip("scipy.stats")
    # mean 2, sd 1, t = 2 sqrt(3); with 2 degrees of freedom p = 1 - t / sqrt(2 + t^2)
    t = 2 * math.sqrt(3)
    assert paired_t([1.0, 2.0, 3.0]) == pytest.approx(1 - t / math.sqrt(2 + t * t))


def test_differences_without_variance():
    assert paired_t([0.0, 0.0]) == 1.0
    assert paired_t([0.5, 0.5]) == 0.0
    assert paired_t([0.5]) == PAIRED_T.smallest(1) == 1.0


def test_the_t_test_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match=r"gnnseq\[experiments\]"):
        paired_t([1.0, 2.0])


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_the_smallest_p_value_is_the_one_of_equal_signs(count):
    assert sign_flip([1.0] * count) == SIGN_FLIP.smallest(count) == 2.0 ** (1 - count)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_seeds_needed_to_decide_anything():
    assert [seeds_needed(pairs) for pairs in (1, 6, 36)] == [6, 8, 11]
    assert seeds_needed(36, test=PAIRED_T) == 2
    with pytest.raises(ValueError, match="alpha is 1e-09"):
        seeds_needed(1, 1e-9)
    with pytest.raises(ValueError, match="comparisons is 0"):
        seeds_needed(0)


@pytest.mark.parametrize("function", [summarise, bootstrap_interval, sign_flip, paired_t])
@pytest.mark.parametrize(("values", "named"), [([], "is empty"), ([1.0, math.nan], "holds nan"), ([math.inf], "inf")])
def test_values_that_are_none_or_not_finite(function, values, named):
    with pytest.raises(ValueError, match=named):
        function(values)


def test_other_bad_input():
    with pytest.raises(ValueError, match="confidence is 95"):
        bootstrap_interval([1.0, 2.0], 95)
    with pytest.raises(ValueError, match=r"p_values holds 1\.5"):
        holm([1.5])
