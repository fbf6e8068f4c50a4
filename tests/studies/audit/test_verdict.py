"""The rule that gives the word."""

import pytest

from gnnseq.studies.audit.verdict import judge


def word(*arguments, **options):
    return judge(*arguments, **options).word


def test_an_error_is_reproduced_within_five_per_cent_on_either_side():
    assert word(100.0, 105.0, {}) == word(100.0, 95.0, {}) == "reproduced"
    assert word(100.0, 105.1, {}) == word(100.0, 94.9, {}) == "not reproduced"
    assert judge(100.0, 60.0, {}).difference == pytest.approx(-0.4)
    assert [judge(100.0, value, {}).better for value in (60.0, 140.0)] == [True, False]


def test_an_accuracy_is_reproduced_within_five_points_on_either_side():
    assert word(0.90, 0.851, {}, higher_is_better=True) == "reproduced"
    assert word(0.90, 0.849, {}, higher_is_better=True) == "not reproduced"
    assert word(0.20, 0.16, {}, higher_is_better=True) == "reproduced"  # points, not per cent of it
    assert [judge(0.5, value, {}, higher_is_better=True).better for value in (0.9, 0.1)] == [True, False]
    assert judge(0.5, 0.9, {}, higher_is_better=True).reproduced is False


def test_a_baseline_beats_by_more_than_one_per_cent_or_point():
    assert word(100.0, 100.0, {"a": 99.1}) == "reproduced"
    assert word(100.0, 100.0, {"a": 98.9}) == "beaten by a baseline"
    assert word(0.9, 0.9, {"a": 0.909}, higher_is_better=True) == "reproduced"
    assert word(0.9, 0.9, {"a": 0.911}, higher_is_better=True) == "beaten by a baseline"


def test_a_number_that_is_beaten_may_be_reproduced_and_baselines_come_best_first():
    found = judge(100.0, 102.0, {"worse": 120.0, "good": 90.0, "best": 80.0})
    assert (found.word, found.reproduced, found.beaten_by) == ("beaten by a baseline", True, ("best", "good"))
    assert judge(100.0, 130.0, {"best": 80.0}).reproduced is False
    assert judge(100.0, None, {"best": 80.0}).reproduced is None


def test_without_a_run_nothing_is_said_of_it():
    assert word(100.0, None, {"a": 120.0}) == "not run yet"
    assert judge(100.0, None, {}).difference is None


def test_what_cannot_be_compared_gets_no_other_word():
    found = judge(100.0, 60.0, {"a": 10.0}, comparable=False)
    assert (found.word, found.reproduced, found.beaten_by) == ("not comparable", None, ())


@pytest.mark.parametrize(("value", "higher"), [(0.0, False), (-1.0, False), (99.0, True), (0.0, True)])
def test_numbers_in_another_unit_are_refused(value, higher):
    with pytest.raises(ValueError, match="published is"):
        judge(value, None, {}, higher_is_better=higher)
