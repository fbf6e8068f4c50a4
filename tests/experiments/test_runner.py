from dataclasses import asdict

import pytest

from gnnseq.experiments import Store, Trial, run_trials

TRIALS = [
    Trial("lstm", length, seed, budget=600, steps=2, batch_size=4, test_samples=250)
    for length in (3, 4)
    for seed in (0, 1)
]


def record_of(trial):
    return {"key": trial.key, "trial": asdict(trial), "status": "done", "accuracy": trial.seed / 2}


def test_a_second_run_repeats_nothing(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    ran = []

    def run(trial):
        ran.append(trial)
        return record_of(trial)

    first = run_trials(TRIALS[:2], store, run=run, progress=False)
    second = run_trials(TRIALS, store, run=run, progress=False)
    assert ran == TRIALS
    assert second[:2] == first
    assert [r["key"] for r in second] == [t.key for t in TRIALS]


def test_a_failure_is_recorded_the_others_go_on_and_it_is_tried_again(tmp_path):
    store = Store(tmp_path / "records.jsonl")

    def broken(trial):
        if trial == TRIALS[1]:
            raise RuntimeError("no luck")
        return record_of(trial)

    records = run_trials(TRIALS, store, run=broken, progress=False)
    assert [r["status"] for r in records] == ["done", "failed", "done", "done"]
    assert records[1]["stopped"] == "RuntimeError: no luck"
    assert "test_runner.py" in records[1]["traceback"]
    again = run_trials(TRIALS, store, run=record_of, progress=False)
    assert [r["status"] for r in again] == ["done"] * 4


def test_ctrl_c_keeps_what_is_done(tmp_path):
    store = Store(tmp_path / "records.jsonl")

    def stop(trial):
        if trial == TRIALS[2]:
            raise KeyboardInterrupt
        return record_of(trial)

    with pytest.raises(KeyboardInterrupt):
        run_trials(TRIALS, store, run=stop, progress=False)
    assert set(store.read()) == {t.key for t in TRIALS[:2]}


def test_results_do_not_depend_on_the_number_of_processes(tmp_path):
    pytest.importorskip("joblib")
    one = run_trials(TRIALS, Store(tmp_path / "one.jsonl"), jobs=1, progress=False)
    two = run_trials(TRIALS, Store(tmp_path / "two.jsonl"), jobs=2, progress=False)
    assert [r["curve"] for r in one] == [r["curve"] for r in two]
    assert [r["accuracy"] for r in one] == [r["accuracy"] for r in two]


def test_bad_input(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    with pytest.raises(ValueError, match="trials is empty"):
        run_trials([], store)
    with pytest.raises(ValueError, match="jobs is 0"):
        run_trials(TRIALS, store, jobs=0)
