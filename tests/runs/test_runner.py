import json
import os
import signal
import warnings
from dataclasses import dataclass

import pytest
import torch
from sweeps import Task, keys, ran, run

from gnnseq.experiments import PalindromeTask, Settings, Store, Trial, find_family, run_trial, run_trials
from gnnseq.runs.locks import Claims

TASKS = [Task(number) for number in range(4)]


def test_a_second_run_repeats_nothing(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    tasks = [Task(number, folder=str(tmp_path)) for number in range(4)]
    first = run_trials(tasks[:2], store, run=run, progress=False)
    second = run_trials(tasks[::-1], store, run=run, progress=False)
    assert ran(tmp_path) == [0, 1, 3, 2]
    assert [record["key"] for record in second] == [task.key for task in tasks[::-1]]
    assert second[:1:-1] == first


def test_a_record_tells_what_took_part(tmp_path):
    (record,) = run_trials(TASKS[:1], Store(tmp_path / "records.jsonl"), run=run, threads=2, progress=False)
    assert record["threads"] == 2
    assert record["versions"]["torch"] == torch.__version__
    assert record["host"]["cpus"] == os.cpu_count()
    assert len(record["host"]["load"]) == 3
    assert record["started"] <= record["ended"]
    assert record["attempt"] == 1
    assert "git" in record
    assert torch.get_num_threads() == 1


def test_a_failure_is_recorded_and_the_others_go_on(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    tasks = [Task(0), Task(1, "raise"), Task(2, "object"), Task(3)]
    records = run_trials(tasks, store, run=run, progress=False)
    assert [record["status"] for record in records] == ["done", "failed", "failed", "done"]
    assert records[1]["stopped"] == "RuntimeError: no luck"
    assert "sweeps.py" in records[1]["traceback"]
    assert records[1]["trial"] == {"number": 1, "act": "raise", "folder": ""}
    assert records[1]["label"] == "trial 1"
    assert "not JSON serializable" in records[2]["stopped"]


def test_a_failure_tells_what_the_trial_says_of_itself(tmp_path):
    @dataclass(frozen=True)
    class Described(Task):
        description = {"key": "key-7", "label": "mine", "task": {"name": "sums"}}  # noqa: RUF012

    (record,) = run_trials([Described(7, "raise")], Store(tmp_path / "r.jsonl"), run=run, progress=False)
    assert record["task"] == {"name": "sums"}
    assert record["status"] == "failed"


def test_a_failure_is_tried_again_where_that_is_asked_for(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    broken = [Task(0), Task(1, "raise"), Task(2)]
    run_trials(broken, store, run=run, progress=False)
    again = run_trials(TASKS, store, run=run, progress=False)
    assert [record["status"] for record in again] == ["done", "failed", "done", "done"]
    still = run_trials(broken, store, run=run, retry_failed=True, progress=False)
    assert still[1]["attempt"] == 2
    fixed = run_trials(TASKS, store, run=run, retry_failed=True, progress=False)
    assert [record["status"] for record in fixed] == ["done"] * 4
    assert fixed[1]["attempt"] == 3
    assert keys(store) == ["key-0", "key-1", "key-1", "key-1", "key-2", "key-3"]


def test_a_trial_that_comes_twice_runs_once(tmp_path):
    tasks = [Task(0, folder=str(tmp_path))] * 3
    assert len(run_trials(tasks, Store(tmp_path / "records.jsonl"), run=run, progress=False)) == 3
    assert ran(tmp_path) == [0]


def test_an_interrupt_that_a_trial_raises_keeps_what_is_done(tmp_path):
    store = Store(tmp_path / "records.jsonl")

    def stop(trial):
        if trial == TASKS[2]:
            raise KeyboardInterrupt
        return run(trial)

    with pytest.raises(KeyboardInterrupt):
        run_trials(TASKS, store, run=stop, progress=False)
    assert keys(store) == ["key-0", "key-1"]


def test_ctrl_c_lets_the_running_trial_end_and_a_second_one_does_not(tmp_path, capsys):
    store = Store(tmp_path / "records.jsonl")

    def interrupted(trial):
        for _ in range(trial.number):
            signal.raise_signal(signal.SIGINT)
        return run(trial)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run_trials(TASKS, store, run=interrupted, progress=False)
    assert keys(store) == ["key-0", "key-1"]
    assert "press Ctrl-C again" in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        run_trials(TASKS, store, run=interrupted, progress=False)
    assert keys(store) == ["key-0", "key-1"]
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_with_several_processes(tmp_path):
    pytest.importorskip("joblib")
    store = Store(tmp_path / "records.jsonl")
    tasks = [Task(number, "interrupt" if number == 1 else "nap", str(tmp_path)) for number in range(200)]
    with pytest.raises(KeyboardInterrupt):
        run_trials(tasks, store, run=run, jobs=2, progress=False)
    stored = keys(store)
    assert sorted(f"key-{number}" for number in ran(tmp_path)) == stored
    assert "key-1" in stored
    assert len(stored) < 200


@pytest.fixture
def other_sweep(tmp_path):
    """A process that holds trial 1 until it is killed."""
    store, (reads, writes) = Store(tmp_path / "records.jsonl"), os.pipe()
    child = os.fork()
    if child == 0:
        claims = Claims(store.path)
        os.write(writes, b"1" if claims.take("key-1") else b"0")
        signal.pause()
        os._exit(1)
    assert os.read(reads, 1) == b"1"
    return store, child


@pytest.mark.parametrize("finishes", [True, False])
def test_a_trial_of_another_sweep_is_waited_for_and_run_if_that_was_killed(other_sweep, finishes):
    store, child = other_sweep

    def release(trial):
        if trial.number == 3:  # the last one that is free
            if finishes:
                Store(store.path).append_new({"key": "key-1", "status": "done", "score": -1.0})
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return run(trial)

    records = run_trials(TASKS, store, run=release, progress=False)
    assert [record["status"] for record in records] == ["done"] * 4
    assert (records[1]["score"] == -1.0) is finishes
    order = [json.loads(line)["key"] for line in store.path.read_text().splitlines()]
    assert order == ["key-0", "key-2", *(["key-1", "key-3"] if finishes else ["key-3", "key-1"])]


def test_two_sweeps_at_once_run_every_trial_once(tmp_path):
    tasks, store = [Task(number, folder=str(tmp_path)) for number in range(60)], Store(tmp_path / "records.jsonl")
    child = os.fork()
    if child == 0:
        run_trials(tasks, store, run=run, progress=False)
        os._exit(0)
    records = run_trials(tasks[::-1], Store(store.path), run=run, progress=False)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [record["status"] for record in records] == ["done"] * 60
    assert sorted(ran(tmp_path)) == list(range(60))
    assert keys(store) == sorted(task.key for task in tasks)


def test_a_trial_that_kills_its_process_is_found_and_the_others_go_on(tmp_path):
    pytest.importorskip("joblib")
    store = Store(tmp_path / "records.jsonl")
    tasks = [Task(0), Task(1, "kill"), Task(2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joblib's, about the process that died
        records = run_trials(tasks, store, run=run, jobs=2, progress=False)
    assert [record["status"] for record in records] == ["done", "failed", "done"]
    assert "SIGKILL" in records[1]["stopped"]
    assert keys(store) == ["key-0", "key-1", "key-2"]


def test_results_do_not_depend_on_the_number_of_processes(tmp_path):
    pytest.importorskip("joblib")
    settings = Settings(budget=600, steps=2, batch_size=4, test_samples=250)
    trials = [
        Trial(PalindromeTask(length), find_family("lstm"), seed, settings=settings)
        for length in (3, 4)
        for seed in (0, 1)
    ]
    one = run_trials(trials, Store(tmp_path / "one.jsonl"), jobs=1, run=run_trial, progress=False)
    two = run_trials(trials, Store(tmp_path / "two.jsonl"), jobs=2, run=run_trial, progress=False)
    assert [r["curve"] for r in one] == [r["curve"] for r in two]
    assert [r["score"] for r in one] == [r["score"] for r in two]


def test_a_backend_that_gives_all_results_at_once_runs_rounds(tmp_path):
    joblib = pytest.importorskip("joblib")
    from joblib._parallel_backends import ThreadingBackend

    class Plain(ThreadingBackend):  # as Ray's
        supports_return_generator = False

    joblib.register_parallel_backend("plain", Plain)
    store, tasks = Store(tmp_path / "records.jsonl"), [Task(number, folder=str(tmp_path)) for number in range(5)]
    stored = []

    def looking(trial):
        stored.append(len(store.attempts()))
        return run(trial)

    with joblib.parallel_config("plain"):
        records = run_trials(tasks, store, run=looking, jobs=2, progress=False)
    assert [record["status"] for record in records] == ["done"] * 5
    assert sorted(ran(tmp_path)) == [0, 1, 2, 3, 4]
    assert max(stored) == 4


def test_without_a_terminal_a_line_for_each_trial(tmp_path, capsys):
    store = Store(tmp_path / "records.jsonl")
    run_trials(TASKS[:3], store, run=run)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("1/3, trial 0: ")
    assert "left" in lines[1]
    run_trials(TASKS[:3], store, run=run)
    assert capsys.readouterr().err == ""


def test_bad_input(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    with pytest.raises(ValueError, match="trials is empty"):
        run_trials([], store, run=run)
    for jobs in (0, -1):
        with pytest.raises(ValueError, match=f"jobs is {jobs}, expected at least 1"):
            run_trials(TASKS, store, jobs=jobs, run=run)
    with pytest.raises(ValueError, match="threads is 0"):
        run_trials(TASKS, store, threads=0, run=run)
