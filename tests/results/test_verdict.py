from dataclasses import replace

import pytest
from comparison import make_record, make_records, make_regression

from gnnseq.results.joined import by_task, collect
from gnnseq.results.paired import PAIRED_T, SIGN, SIGN_FLIP
from gnnseq.results.ranking import ranking
from gnnseq.results.verdict import (
    beyond_reach,
    cannot_see,
    compare,
    correct_for_number,
    diagnosis,
    judge,
)


def seeds(*values):
    return dict(enumerate(values))


EIGHT = {"A": seeds(*[0.9] * 8), "B": seeds(*[0.5] * 8)}


def test_a_difference_with_one_sign_at_eight_seeds_is_decided():
    (found,) = compare(EIGHT)
    assert (found.p, found.corrected, found.comparisons) == (2 / 2**8, 2 / 2**8, 1)
    assert (found.verdict, found.better, found.wins) == ("A better", "A", (8, 0))
    assert found.mean == pytest.approx(0.4)
    assert found.interval == pytest.approx((0.4, 0.4))


def test_where_lower_is_better_the_other_model_wins():
    (found,) = compare(EIGHT, higher_is_better=False)
    assert (found.verdict, found.wins) == ("B better", (0, 8))


@pytest.mark.parametrize("count", [1, 3, 5])
def test_few_seeds_decide_nothing_however_large_the_difference(count):
    (found,) = compare({"A": seeds(*[1.0] * count), "B": seeds(*[0.0] * count)})
    assert found.p == 2.0 ** (1 - count)
    assert found.verdict == f"undecided at {count} seed{'s' if count > 1 else ''}"
    assert not found.decidable
    assert (found.interval is None) == (count == 1)


def test_six_seeds_decide_one_pair_but_not_three():
    values = {name: seeds(*[level] * 6) for name, level in (("A", 3.0), ("B", 2.0), ("C", 1.0))}
    pair = {name: values[name] for name in "AB"}
    assert [c.verdict for c in compare(pair)] == ["A better"]
    three = compare(values)
    assert [c.corrected for c in three] == [6 / 2**6] * 3
    assert [c.verdict for c in three] == ["undecided at 6 seeds"] * 3
    assert [(c.a, c.b) for c in compare(values, reference="C")] == [("C", "A"), ("C", "B")]


def test_correction_over_several_tasks_counts_all_pairs():
    both = correct_for_number([*compare(EIGHT, task="one"), *compare(EIGHT, task="two")])
    assert [(c.task, c.corrected, c.comparisons) for c in both] == [("one", 4 / 2**8, 2), ("two", 4 / 2**8, 2)]


def test_only_seeds_in_common_are_paired():
    (found,) = compare({"A": {0: 1.0, 1: 1.0, 5: 4.0}, "B": {1: 0.5, 5: 1.0, 6: 9.0}})
    assert found.differences == (0.5, 3.0)
    (none,) = compare({"A": {0: 1.0}, "B": {1: 1.0}})
    assert (none.verdict, none.mean, none.p, none.decidable) == ("undecided at 0 seeds", None, 1.0, False)


def test_equal_models_are_undecided():
    (found,) = compare({"A": EIGHT["A"], "B": EIGHT["A"]})
    assert (found.p, found.verdict, found.wins) == (1.0, "undecided at 8 seeds", (0, 0))


def test_models_are_equal_within_a_margin_by_a_test_and_not_for_want_of_one():
    near = {"A": EIGHT["A"], "B": seeds(*[0.89, 0.91] * 4)}
    (found,) = compare(near, margin=0.05)
    assert (found.verdict, found.equal, found.equal_p) == ("equal within 0.05", True, 1 / 2**8)
    (few,) = compare({name: {0: own[0], 1: own[1]} for name, own in near.items()}, margin=0.05)
    assert few.verdict == "undecided at 2 seeds"
    (none,) = compare(near)
    assert (none.verdict, none.equal_p) == ("undecided at 8 seeds", 1.0)
    many = {name: seeds(*[0.9, 0.91] * 4) for name in "ABCDEFGH"}
    assert not any(c.equal for c in compare(many, margin=0.05))  # 28 pairs take more seeds
    assert "Equal within 0.05: A and B." in ranking(compare(near, margin=0.05))


def test_a_model_that_fails_rarely_is_not_equal_to_one_that_does_not():
    (found,) = compare({"A": seeds(*[0.9] * 9, 0.1), "B": seeds(*[0.9] * 10)}, margin=0.05)
    assert found.equal_p <= 0.05
    assert found.verdict == "undecided at 10 seeds"  # the mean lies beyond the margin


def test_who_wins_most_seeds_and_has_the_lower_mean_is_not_better():
    (found,) = compare({"A": seeds(*[0.91] * 9, 0.0), "B": seeds(*[0.9] * 10)})
    assert found.p == pytest.approx(2 * 11 / 2**10)
    assert found.mean < 0
    assert (found.wins, found.better) == ((9, 1), None)


def test_the_chance_to_win_a_seed():
    (found,) = compare({"A": seeds(1.0, 1.0, 1.0, 0.0, 0.5), "B": seeds(0.0, 0.0, 0.0, 1.0, 0.5)})
    assert found.improvement[0] == 0.75
    assert found.improvement[1] < 0.25 < 0.99 < found.improvement[2]
    (lower,) = compare({"A": seeds(1.0, 1.0, 1.0), "B": seeds(0.0, 0.0, 0.0)}, higher_is_better=False)
    assert lower.improvement[0] == 0.0
    (same,) = compare({"A": EIGHT["A"], "B": EIGHT["A"]})
    assert same.improvement is None


def test_the_margin_of_a_task_is_a_twentieth_of_the_way_to_its_threshold():
    comparisons = judge(collect(make_records(sizes=(20,))))
    assert [c.margin for c in comparisons] == [pytest.approx(0.05 * (0.95 - 0.1))] * 3


def test_another_test_can_be_given():
    pytest.importorskip("scipy")
    values = {"A": seeds(0.9, 0.91, 0.89), "B": seeds(0.1, 0.12, 0.13)}
    (found,) = compare(values, test=PAIRED_T)
    assert found.verdict == "A better"
    assert compare(values)[0].verdict == "undecided at 3 seeds"


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="reference is 'C', expected one of A, B"):
        compare(EIGHT, reference="C")
    with pytest.raises(ValueError, match="margin is -1"):
        compare(EIGHT, margin=-1)
    with pytest.raises(ValueError, match=r"alpha is 5"):
        compare(EIGHT, alpha=5)
    with pytest.raises(ValueError, match="results are of 3 tasks, expected one"):
        judge(collect(make_records()))
    with pytest.raises(ValueError, match="comparisons is empty"):
        ranking([])


def test_verdicts_of_records_follow_the_tasks_direction():
    long = by_task(collect(make_records()))["palindromes of length 20"]
    assert [(c.a, c.b, c.verdict) for c in judge(long)] == [
        ("RNN", "LSTM", "LSTM better"),
        ("RNN", "GCN, 8 layers on the path", "RNN better"),
        ("LSTM", "GCN, 8 layers on the path", "LSTM better"),
    ]
    (adding,) = judge(collect(make_regression(6)))
    assert adding.verdict == "LSTM better"
    assert adding.mean < 0


def test_the_ranking_in_words():
    groups = by_task(collect(make_records()))
    long = ranking(judge(groups["palindromes of length 20"]))
    assert long == (
        "No model was found better than LSTM. RNN is better than GCN, 8 layers on the path. "
        "LSTM is better than RNN; and GCN, 8 layers on the path. All 3 pairs are decided."
    )
    few = ranking(judge(collect(make_records(seeds=3, sizes=(20,)))))
    assert few == (
        "Undecided at 3 seeds: 3 of 3 pairs. No outcome at 3 seeds could have decided any of them: "
        "that takes at least 7 seeds."
    )
    a, b = seeds(*[0.9, 0.8] * 4), seeds(*[0.8, 0.9] * 4)
    close = ranking(compare({"A": a, "B": b, "C": seeds(*[0.1] * 8)}))
    assert close == (
        "No model was found better than A or B. A is better than C. B is better than C. "
        "Undecided at 8 seeds: 1 of 3 pairs."
    )


@pytest.mark.parametrize(
    ("test", "alpha", "why"),
    [
        (SIGN, 1e-7, ": that takes at least 25 seeds."),
        (SIGN_FLIP, 1e-5, ", as signs are drawn at random."),
        (SIGN_FLIP, 1e-9, ": with this test no number of seeds can."),
    ],
)
def test_why_no_number_of_these_seeds_decides(test, alpha, why):
    pair = {"A": seeds(*[0.9] * 24), "B": seeds(*[0.8] * 24)}
    text = ranking(compare(pair, test=test, alpha=alpha))
    assert text.endswith(f"No outcome at 24 seeds could have decided any of them{why}")


@pytest.mark.parametrize(
    ("family", "size", "score", "word"),
    [
        ("gcn", 20, 0.1, "cannot see"),
        ("gcn", 20, 0.5, "scores beyond its reach"),
        ("gcn", 10, 0.1, "sees too weakly"),
        ("gcn", 10, 0.95, "learned"),
        ("lstm", 60, 0.18, "sees too weakly"),
        ("lstm", 60, 0.19, "learned in part"),
        ("lstm", 60, 0.94, "learned in part"),
        ("lstm", 60, 0.96, "learned"),
    ],
)
def test_the_diagnosis(family, size, score, word):
    (result,) = collect([make_record(family, size, score=score)])
    assert diagnosis(result) == word


def test_the_diagnosis_where_lower_is_better_and_where_no_hops_are_known():
    good, bad = collect(make_regression(1))
    assert (diagnosis(good), diagnosis(bad)) == ("learned", "sees too weakly")
    unknown = replace(good, records=({"hops_reach": None, "hops_required": None},))
    assert diagnosis(unknown) == "learned"


def test_an_answer_without_influence_cannot_be_seen():
    (result,) = collect([make_record(score=0.1, influence=0.0)])
    assert diagnosis(result) == "cannot see"


def test_an_influence_below_any_other_number_is_no_zero():
    (result,) = collect([make_record(score=0.1, influence=2.2e-308)])
    assert not cannot_see(result)
    assert diagnosis(result) == "sees too weakly"


def test_what_theory_says_is_read_from_the_record():
    for influence, score, word in ((0.5, 0.5, "cannot compute"), (0.5, 0.96, "learned"), (0.0, 0.1, "cannot see")):
        (result,) = collect([make_record(score=score, influence=influence, computes="cannot")])
        assert diagnosis(result) == word
    (result,) = collect([make_record(score=0.1, influence=0.5, computes="can")])
    assert diagnosis(result) == "did not learn"


@pytest.mark.parametrize(
    ("reach", "required", "expected"), [(8, 9, True), (9, 9, False), (None, 9, False), (8, None, False), (0, 0, False)]
)
def test_beyond_reach(reach, required, expected):
    assert beyond_reach(reach, required) is expected
