"""The words of the diagnosis: one place, one rule for each, and the page that explains them."""

from pathlib import Path

import pytest

from gnnseq.analysis.diagnosis import WHEN, diagnose
from gnnseq.results.page import CLASSES

CASES = [
    (0.0, {"sees": False}, "cannot see"),
    (0.2, {"sees": False}, "scores beyond its reach"),
    (0.0, {"sees": False, "computes": "cannot"}, "cannot see"),
    (1.0, {}, "learned"),
    (1.0, {"computes": "cannot"}, "learned"),
    (0.9, {"computes": "cannot"}, "cannot compute"),
    (0.0, {"computes": "cannot", "influence": 1e-9}, "cannot compute"),
    (0.0, {"computes": "can"}, "did not learn"),
    (0.0, {"influence": 0.009}, "sees too weakly"),
    (0.0, {"influence": 0.02}, "did not learn"),
    (0.5, {"influence": 1e-9}, "learned in part"),
    (-0.1, {}, "did not learn"),
]


@pytest.mark.parametrize(("gain", "known", "word"), CASES)
def test_the_first_rule_that_fits(gain, known, word):
    assert diagnose(gain, **known) == word


def test_every_word_is_said_and_explained():
    assert {word for *_, word in CASES} == set(WHEN) - {"failed"} == set(CLASSES)
    page = (Path(__file__).parents[2] / "docs" / "verdicts.md").read_text()
    for word, when in WHEN.items():
        assert f"| {word} | {when} |" in page
