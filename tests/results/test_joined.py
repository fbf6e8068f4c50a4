import statistics

import pytest
from comparison import make_record, make_records, make_regression

from gnnseq.results.joined import by_name, by_task, collect, family_title
from gnnseq.results.records import current, score


def test_one_result_for_each_task_and_model_with_sizes_ascending():
    records = make_regression() + make_records(seeds=2, sizes=(10, 5))
    found = [(result.task["name"], result.task["size"], result.model) for result in collect(records)]
    gcn = "GCN, 8 layers on the path"
    assert found == [
        ("adding", 50, "LSTM"),
        ("adding", 50, "RNN"),
        *(("palindromes", size, model) for size in (5, 10) for model in ("RNN", "LSTM", gcn)),
    ]
    assert list(by_task(collect(records))) == [
        "adding of length 50",
        "palindromes of length 5",
        "palindromes of length 10",
    ]
    assert {name: len(group) for name, group in by_name(collect(records)).items()} == {"adding": 2, "palindromes": 6}


def test_scores_go_by_seed_and_their_summary_is_over_seeds():
    records = [make_record(seed=seed, score=value) for seed, value in ((2, 0.9), (0, 0.97), (1, 0.2))]
    (result,) = collect(records)
    assert list(result.scores.items()) == [(0, 0.97), (1, 0.2), (2, 0.9)]
    assert result.summary.mean == pytest.approx(statistics.fmean([0.9, 0.97, 0.2]))
    assert result.summary.spread == pytest.approx(statistics.stdev([0.9, 0.97, 0.2]))
    assert result.solved == 1
    assert result.setting == "default, lr 0.003"


def test_the_way_from_chance_to_the_threshold_in_both_directions():
    (up,) = collect([make_record(score=0.525)])
    assert up.gain() == pytest.approx(0.5)
    good, bad = collect(make_regression(1))
    assert good.gain() > 1
    assert bad.gain() == pytest.approx((bad.summary.mean - 1 / 6) / (0.01 - 1 / 6))
    assert 0 < bad.gain() < 0.1
    assert (good.solved, bad.solved) == (1, 0)


def test_a_run_that_diverged_counts_as_chance():
    assert score(make_record(score=0.3, status="diverged")) == 0.1
    nan = make_record(seed=1, status="diverged") | {"score": float("nan")}
    assert score(nan) == 0.1
    (result,) = collect([make_record(score=0.9), nan])
    assert (result.scores, result.diverged, result.failed) == ({0: 0.9, 1: 0.1}, 1, 0)


def test_a_failed_run_is_counted_and_left_out():
    failed = make_record(seed=1, status="failed") | {"score": None}
    (result,) = collect([make_record(), failed])
    assert (result.failed, list(result.scores)) == (1, [0])
    (none,) = collect([failed])
    assert (none.failed, none.scores, none.summary.count) == (1, {}, 0)
    assert collect([{"key": "x", "trial": {"seed": 0}, "status": "failed", "stopped": "ValueError: budget"}]) == []


def test_two_runs_of_one_seed_are_an_error_unless_named_apart():
    slow, fast = make_record(), make_record(trial={"seed": 0, "learning_rate": 1e-2})
    with pytest.raises(ValueError, match="two runs of LSTM on palindromes of length 10 with seed 0"):
        collect([slow, fast])
    apart = collect([slow, fast], lambda r: f"{family_title(r)}, lr {r['trial']['learning_rate']}")
    assert [result.model for result in apart] == ["LSTM, lr 0.003", "LSTM, lr 0.01"]


@pytest.mark.parametrize(
    ("task", "trial", "message"),
    [
        ({"metric": "mean squared error"}, {}, "task.metric is accuracy and mean squared error in records of palin"),
        ({"size": 99}, {}, "task.size is 10 and 99"),
        ({"chance": 0.5}, {}, r"task.chance is 0.1 and 0.5"),
        ({}, {"task": {"digest": "b"}}, "trial.task.digest is a and b"),
        ({"chance": 0.1 + 1e-12}, {"task": {"new": 1}}, None),
    ],
)
def test_different_tasks_of_one_title_are_never_compared(task, trial, message):
    own, other = make_record("rnn"), make_record("lstm")
    own["trial"] = own["trial"] | {"task": {"digest": "a"}}
    other |= {"task": other["task"] | task, "trial": other["trial"] | trial}
    if message is None:
        assert len(collect([own, other])) == 2
    else:
        with pytest.raises(ValueError, match=message):
            collect([own, other])


def test_values_over_the_seeds():
    (result,) = collect([make_record(seed=seed, ms_per_step=ms) for seed, ms in enumerate((1.0, 5.0, 2.0))])
    assert result.middle("ms_per_step") == 2.0
    assert result.middle("samples_to_threshold") is None
    assert result.first("weights") == 10_004
    assert result.first("hops_reach") is None
    assert result.gradient == (pytest.approx(1.25), 2.0)
    (bare,) = collect([make_record(curve=None)])
    assert bare.gradient is None


def test_records_of_version_0_1_are_read():
    record = {
        "key": "f00",
        "trial": {"family": "gcn", "length": 12, "seed": 3, "learning_rate": None},
        "status": "done",
        "title": "GCN, 8 layers on the path",
        "learning_rate": 3e-3,
        "initialisation": "default",
        "hops_required": 10,
        "hops_reach": 8,
        "chance": 0.1,
        "accuracy": 0.11,
    }
    (result,) = collect([record])
    assert result.task["title"] == "palindromes of length 12"
    assert (result.model, result.scores) == ("GCN, 8 layers on the path", {3: 0.11})
    assert result.setting == "default, lr 0.003"
    assert current(make_record()) == make_record()


def test_runs_that_chose_a_learning_rate_are_left_out():
    tuning = make_record(seed=7, purpose="tuning") | {"score": None, "validation_score": 0.9}
    (result,) = collect([make_record(), tuning])
    assert (list(result.scores), result.failed) == ([0], 0)


def test_runs_of_other_settings_are_never_averaged():
    records = [make_record("lstm", seed=seed) for seed in range(2)]
    records[1]["trial"] = records[1]["trial"] | {"steps": 3000}
    with pytest.raises(ValueError, match=r"trial\.steps is 30 and 3000 in runs of LSTM on palindromes of length 10"):
        collect(records)


def test_rates_may_differ_where_they_were_tuned_alone():
    records = [make_record("lstm", seed=seed) for seed in range(2)]
    records[1]["trial"] = records[1]["trial"] | {"learning_rate": 0.1}
    (result,) = collect(records)
    assert result.setting.endswith("lr 0.003 or 0.1")
    with pytest.raises(ValueError, match=r"trial\.learning_rate is 0\.003 and 0\.1"):
        collect([record | {"tuning": None} for record in records])
