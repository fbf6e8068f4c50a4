import math
import sys

import numpy as np
import pytest

from gnnseq.results.paired import (
    PAIRED_T,
    SIGN,
    SIGN_FLIP,
    equivalence,
    holm,
    paired_t,
    seeds_needed,
    sign_flip,
    sign_test,
)


def test_the_sign_test_by_hand():
    assert sign_test([1.0, 2.0, 3.0]) == 0.25
    assert sign_test([1.0, 2.0, -9.0]) == 1.0
    assert sign_test([0.1] * 7 + [-5.0]) == 2 * 9 / 2**8
    assert sign_test([0.0, 0.0]) == 1.0
    assert sign_test([0.0, 1.0, 1.0, 1.0]) == 0.25  # no difference says nothing


@pytest.mark.parametrize("count", [5, 9, 30])
def test_the_sign_test_agrees_with_scipy(count):
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(count).normal(0.5, 1.0, count).tolist()
    up = sum(value > 0 for value in values)
    assert sign_test(values) == pytest.approx(stats.binomtest(up, count).pvalue)


def test_rare_failures_deceive_sign_flips_and_not_the_sign_test():
    """Equal means: one model fails on a seed of ten and is slightly better on the others (docs/verdicts.md)."""
    rng = np.random.default_rng(0)
    draws = np.where(rng.random((2000, 9)) < 0.1, 0.1, 0.99) - 0.901
    above = [sign_flip(row.tolist()) <= 0.05 for row in draws]
    assert np.mean(above) > 0.3  # of equal means, at a level of 0.05
    shuffled = np.where(rng.random((2000, 9)) < 0.5, 1e-3, -0.9)  # equal chances to win, and nothing symmetric
    assert np.mean([sign_test(row.tolist()) <= 0.05 for row in shuffled]) <= 0.05
    assert np.mean([sign_flip(row.tolist()) <= 0.05 for row in shuffled]) > 0.1


def test_equivalence_by_hand():
    assert equivalence([0.0] * 5, 0.1) == 1 / 2**5
    assert equivalence([0.05, -0.05, 0.05, 0.2], 0.1) == 5 / 2**4  # one of four at the margin or beyond
    assert equivalence([0.1] * 5, 0.1) == 1.0
    assert equivalence([-0.2] * 5, 0.1) == 1.0


def test_equivalence_holds_its_level_at_the_margin():
    rng = np.random.default_rng(1)
    found = [equivalence(rng.normal(0.1, 0.02, 10).tolist(), 0.1) <= 0.05 for _ in range(2000)]
    assert np.mean(found) <= 0.05


def test_equivalence_needs_a_margin():
    with pytest.raises(ValueError, match=r"margin is 0\.0, expected a positive number"):
        equivalence([1.0], 0.0)


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
@pytest.mark.parametrize("test", [SIGN, SIGN_FLIP], ids=lambda test: test.name)
def test_the_smallest_p_value_is_the_one_of_equal_signs(count, test):
    assert test.p_value([1.0] * count) == test.smallest(count) == 2.0 ** (1 - count)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_seeds_needed_to_decide_anything():
    assert [seeds_needed(pairs) for pairs in (1, 6, 36)] == [6, 8, 11]
    assert seeds_needed(36, test=PAIRED_T) == 2
    assert seeds_needed(1, 1e-9) == 31
    assert seeds_needed(1, 1e-5, SIGN_FLIP) == 18
    with pytest.raises(ValueError, match="alpha is 1e-09"):
        seeds_needed(1, 1e-9, SIGN_FLIP)
    with pytest.raises(ValueError, match="comparisons is 0"):
        seeds_needed(0)


@pytest.mark.parametrize("function", [sign_test, sign_flip, paired_t])
@pytest.mark.parametrize(("values", "named"), [([], "is empty"), ([1.0, math.nan], "holds nan"), ([math.inf], "inf")])
def test_values_that_are_none_or_not_finite(function, values, named):
    with pytest.raises(ValueError, match=named):
        function(values)


def test_holm_takes_p_values():
    with pytest.raises(ValueError, match=r"p_values holds 1\.5"):
        holm([1.5])
