from comparison import make_record

from gnnseq.results.conditions import MANY, cautions, conditions, failures, learning_rates
from gnnseq.results.joined import collect

TUNING = {"family": "lstm", "seed": 1_000_000, "purpose": "tuning", "steps": 7}


def test_settings_are_listed_with_all_their_values():
    records = [make_record(seed=0), make_record(seed=1)]
    records[1]["trial"] = records[1]["trial"] | {"batch_size": 32, "nested": {"name": "x"}, "grid": [0.1, 0.2]}
    found = dict(conditions(records))
    assert found["runs"] == "2"
    assert found["seeds"] == "0; 1"
    assert found["batch size"] == "64; 32"
    assert found["nested name"] == "x"
    assert found["grid"] == "0.1, 0.2"
    assert found["version of torch"] == "2.9.0"
    assert found["threads of a run"] == "1"
    assert found["finished"] == "2026-01-01T00:00:00Z"
    assert not {"family", "learning rate", "seed"} & found.keys()


def test_runs_that_chose_a_learning_rate_are_counted_apart():
    tuning = make_record(trial=TUNING, status="diverged", stopped="loss is nan")
    found = dict(conditions([make_record(), tuning]))
    assert (found["runs"], found["seeds"], found["steps"]) == ("2, 1 of them to choose learning rates", "0", "30")
    assert failures([tuning]) == []


def test_long_lists_are_cut():
    found = dict(conditions([make_record(seed=seed) for seed in range(MANY + 3)]))
    assert found["seeds"].endswith("; 11 and 3 more")


def test_a_choice_at_the_end_of_its_grid_is_noted():
    middle = make_record("rnn", tuning={"grid": [0.1, 0.001, 0.01], "chosen": 0.01})
    assert learning_rates([make_record(), make_record(seed=1), middle, make_record("gcn", tuning=None)]) == [
        ("palindromes of length 10", "LSTM", "0.001, 0.003", "0.003", "at the end of the grid"),
        ("palindromes of length 10", "RNN", "0.001, 0.01, 0.1", "0.01", ""),
    ]


def test_failures_are_named():
    failed = make_record(status="failed", stopped="ValueError: budget")
    assert failures([make_record(), failed]) == [
        ("lstm, palindromes 10, lr 0.003, seed 0", "failed", "ValueError: budget")
    ]


def test_missing_seeds_and_unlike_processors_are_told():
    records = [make_record("lstm", seed=seed) for seed in range(3)] + [make_record("rnn", seed=seed) for seed in (0, 2)]
    assert cautions(collect(records)) == ["palindromes of length 10: RNN has no score at seed 1."]
    whole = [make_record("lstm", seed=seed, host={"capability": kind}) for seed, kind in enumerate("xyx")]
    assert cautions(collect(whole)) == ["Runs on unlike processors are averaged: 2 on x, 1 on y."]
    assert cautions(collect(whole[:1])) == []
    assert dict(conditions(whole))["processor"] == "x; y"
