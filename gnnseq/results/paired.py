"""Tests of paired differences: which of two models is better, and whether they are equal within a margin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gnnseq.extras import require
from gnnseq.results.statistics import at_least, check_finite

_FLIPPED = 20  # differences, up to which all signs are gone through
_SAMPLES = 20_000  # random signs above that
_MOST = 1_075  # seeds, from which on 2^(1 - n) is 0


def sign_test(differences: Sequence[float]) -> float:
    """Two-sided p-value of the exact sign test (Arbuthnott 1710) for paired differences.

    Where either model is as likely to win a seed as the other, the number of seeds won is binomial with probability
    1/2. Seeds without a difference say nothing and are left out. Nothing is assumed about the size of differences or
    their symmetry, so it holds for a model that fails on a few seeds and is slightly better on the others. Its price:
    with n seeds no p-value is below 2^(1 - n), and large differences count no more than small ones.

    Raises:
        ValueError: for no differences, or one that is not finite.
    """
    check_finite(differences, "differences")
    up, down = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    return min(1.0, 2 * at_least(max(up, down), up + down)) if up + down else 1.0


def equivalence(differences: Sequence[float], margin: float) -> float:
    """P-value against the hypothesis that the median difference lies at ``margin`` or beyond, on either side.

    Two one-sided sign tests (Schuirmann 1987 for two one-sided tests): the larger of the chances that as many
    differences or more lie below ``margin``, and above -``margin``, if half of them did.

    Args:
        differences: of two models on the same seeds.
        margin: the smallest difference that matters, positive.

    Raises:
        ValueError: for no differences, one that is not finite, or a margin that is not positive.
    """
    check_finite(differences, "differences")
    if not margin > 0:
        raise ValueError(f"margin is {margin}, expected a positive number")
    below, above = sum(d < margin for d in differences), sum(d > -margin for d in differences)
    return at_least(min(below, above), len(differences))


def sign_flip(differences: Sequence[float]) -> float:
    """Two-sided p-value of the exact sign-flip permutation test (Fisher 1935) for paired differences.

    The p-value is the share of all 2^n signs whose sum is at least as far from 0 as the one seen. It assumes that
    differences are symmetric about 0 where two models have the same mean. A model that fails on few seeds and is
    slightly better on the others breaks that: see `sign_test`. With n seeds no p-value is below 2^(1 - n). Above 20
    differences, 20,000 random signs of a fixed seed stand for all.

    Raises:
        ValueError: for no differences, or one that is not finite.
    """
    check_finite(differences, "differences")
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
    see `sign_test`. Differences that are all equal give 1 where they are 0, and 0 where they are not; one difference
    gives 1.

    Raises:
        ValueError: for no differences, or one that is not finite.
        ImportError: without scipy.
    """
    check_finite(differences, "differences")
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


def _smallest_sign(count: int) -> float:
    return 2.0 ** (1 - count) if count else 1.0


def _smallest_flip(count: int) -> float:
    return 2.0 ** (1 - count) if count <= _FLIPPED else 1 / (_SAMPLES + 1)


def _smallest_t(count: int) -> float:
    return 0.0 if count > 1 else 1.0


SIGN = PairedTest("exact sign test", sign_test, _smallest_sign)
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


def seeds_needed(comparisons: int, alpha: float = 0.05, test: PairedTest = SIGN) -> int:
    """The fewest seeds with which the smallest of several p-values can stay below ``alpha`` after correction.

    Raises:
        ValueError: for fewer than one comparison, or an ``alpha`` that no number of seeds reaches.
    """
    if comparisons < 1:
        raise ValueError(f"comparisons is {comparisons}, expected at least 1")
    for count in range(1, _MOST + 1):
        if comparisons * test.smallest(count) <= alpha:
            return count
    raise ValueError(f"alpha is {alpha}, expected at least {comparisons * test.smallest(_FLIPPED):.1g}")
