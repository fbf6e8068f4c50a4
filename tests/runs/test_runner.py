import json
import os
import signal
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from sweeps import Task, keys, ran, run

from gnnseq.experiments import PalindromeTask, Settings, Store, Trial, find_family, run_trial, run_trials
from gnnseq.runs.locks import Claims
from gnnseq.runs.runner import TrialsFailedError

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
    assert torch.__version__.startswith(record["versions"]["torch"])  # a wheel may add its build
    assert record["host"]["cpus"] == os.cpu_count()
    assert len(record["host"]["load"]) == 3
    assert record["started"] <= record["ended"]
    assert record["attempt"] == 1
    assert "git" in record
    assert torch.get_num_threads() == 1


def test_a_failure_is_recorded_and_the_others_go_on(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    tasks = [Task(0), Task(1, "raise"), Task(2, "object"), Task(3)]
    with pytest.warns(UserWarning, match=r"2 of 4 trials failed; .* trial 1:\nTraceback [\s\S]*RuntimeError: no luck"):
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

    tasks = [Described(7, "raise"), Task(0)]
    with pytest.warns(UserWarning, match="1 of 2 trials failed; .* was mine:"):
        record, _ = run_trials(tasks, Store(tmp_path / "r.jsonl"), run=run, progress=False)
    assert record["task"] == {"name": "sums"}
    assert record["status"] == "failed"


def test_a_failure_is_tried_again_where_that_is_asked_for(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    broken = [Task(0), Task(1, "raise"), Task(2)]
    with pytest.warns(UserWarning, match="1 of 3 trials failed"):
        run_trials(broken, store, run=run, progress=False)
    with pytest.warns(UserWarning, match="1 of 4 trials failed; retry_failed=True runs them again"):
        again = run_trials(TASKS, store, run=run, progress=False)
    assert [record["status"] for record in again] == ["done", "failed", "done", "done"]
    with pytest.warns(UserWarning, match="1 of 3 trials failed"):
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


def test_sigterm_lets_the_running_trial_end(tmp_path, capsys):
    """A cluster sends it when the time is over."""
    store = Store(tmp_path / "records.jsonl")

    def terminated(trial):
        if trial.number == 1:
            signal.raise_signal(signal.SIGTERM)
        return run(trial)

    with pytest.raises(KeyboardInterrupt):
        run_trials(TASKS, store, run=terminated, progress=False)
    assert keys(store) == ["key-0", "key-1"]
    assert "Stopping when the running trials have ended" in capsys.readouterr().err


def terminate_all(trial):
    """Sends SIGTERM to this process and the one that started it, as a cluster does to all of a job."""
    if trial.number == 1:
        for process in (os.getppid(), os.getpid()):
            os.kill(process, signal.SIGTERM)
    return run(trial)


def test_sigterm_with_several_processes_loses_no_trial_that_began(tmp_path):
    pytest.importorskip("joblib")
    store = Store(tmp_path / "records.jsonl")
    tasks = [Task(number, "nap", str(tmp_path)) for number in range(200)]
    with pytest.raises(KeyboardInterrupt):
        run_trials(tasks, store, run=terminate_all, jobs=2, progress=False)
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
    from joblib._parallel_backends import LokyBackend

    class Plain(LokyBackend):  # as Ray's
        supports_return_generator = False

    joblib.register_parallel_backend("plain", Plain)
    store, tasks = Store(tmp_path / "records.jsonl"), [Task(number, folder=str(tmp_path)) for number in range(5)]

    def looking(trial):
        return run(trial) | {"stored": len(Store(store.path).attempts())}

    with joblib.parallel_config("plain"):
        records = run_trials(tasks, store, run=looking, jobs=2, progress=False)
    assert [record["status"] for record in records] == ["done"] * 5
    assert sorted(ran(tmp_path)) == [0, 1, 2, 3, 4]
    assert max(record["stored"] for record in records) == 4


def test_threads_of_one_process_are_refused(tmp_path):
    """They share torch's random numbers: one record of nine was another one with three threads."""
    joblib = pytest.importorskip("joblib")
    store = Store(tmp_path / "records.jsonl")
    with joblib.parallel_config("threading"), pytest.raises(ValueError, match=r"is ThreadingBackend, .* 'loky'"):
        run_trials(TASKS, store, run=run, jobs=3, progress=False)
    assert store.attempts() == {}
    with joblib.parallel_config("threading"):
        assert len(run_trials(TASKS, store, run=run, jobs=1, progress=False)) == 4


class Unspeakable(Exception):  # noqa: N818
    def __str__(self):
        raise RuntimeError("no text")


def hostile(trial):
    """What a function of somebody else may do."""
    record = {"key": trial.key, "status": "done"}
    if trial.act == "exit":
        raise SystemExit(3)
    if trial.act == "unspeakable":
        raise Unspeakable
    if trial.act == "deep":
        for _ in range(100_000):
            record = {"status": "done", "inner": record}
    return {
        "none": None,
        "list": [record],
        "no status": {"key": trial.key},
        "mixed keys": record | {"value": {1: 2, "a": 3}},
        "attempt": record | {"attempt": "first"},
        "format": record | {"format": "csv"},
        "another key": record | {"key": "elsewhere"},
        "odd parts": record | {"task": "sums", "trial": ["a"], "score": "much", "label": 7},
        "nan": record | {"score": float("nan")},
    }.get(trial.act, record)


FATAL = ["none", "list", "no status", "exit", "unspeakable", "mixed keys", "format", "deep"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_function_stops_the_sweep(tmp_path, jobs):
    if jobs > 1:
        pytest.importorskip("joblib")
    acts = [*FATAL, "attempt", "another key", "odd parts", "nan", "pass"]
    tasks, store = [Task(number, act) for number, act in enumerate(acts)], Store(tmp_path / "records.jsonl")
    with pytest.warns(UserWarning, match=r"8 of 13 trials failed; .* trial 0:[\s\S]*run returned NoneType, expected"):
        records = run_trials(tasks, store, run=hostile, jobs=jobs)
    failed = [record["trial"]["act"] for record in records if record["status"] == "failed"]
    assert failed == FATAL
    assert [record["stopped"] for record in records[3:5]] == ["SystemExit: 3", "Unspeakable: (its text cannot be made)"]
    assert keys(store) == sorted(task.key for task in tasks)
    assert {record["attempt"] for record in records} == {1}


@dataclass(frozen=True)
class Shy(Task):
    """A trial that cannot say what it is."""

    @property
    def label(self):
        raise RuntimeError("no label")

    @property
    def description(self):
        return {"label": object()}


def test_a_trial_without_words_is_called_by_its_key(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    with pytest.warns(UserWarning, match="The first was key-1:"):
        records = run_trials([Task(0), Shy(1, "raise")], store, run=run)
    assert records[1]["stopped"] == "RuntimeError: no luck"


def test_where_all_trials_fail_that_is_an_error_and_their_records_are_kept(tmp_path):
    store, tasks = Store(tmp_path / "records.jsonl"), [Task(0, "raise"), Task(1, "raise")]
    for _ in range(2):
        with pytest.raises(TrialsFailedError, match=r"2 of 2 trials failed; [\s\S]*RuntimeError: no luck"):
            run_trials(tasks, store, run=run, progress=False)
    assert keys(store) == ["key-0", "key-1"]


def test_no_more_processes_than_trials(tmp_path, monkeypatch):
    joblib = pytest.importorskip("joblib")
    asked = []

    class Counted(joblib.Parallel):
        def __init__(self, n_jobs=None, **options):
            asked.append(n_jobs)
            super().__init__(n_jobs=1, **options)

    monkeypatch.setattr(joblib, "Parallel", Counted)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    for number, (tasks, jobs) in enumerate([(TASKS[:2], 1_000_000), (TASKS[:1], 5)]):
        store = Store(tmp_path / f"{number}.jsonl")
        assert len(run_trials(tasks, store, run=run, jobs=jobs, progress=False)) == len(tasks)
    assert asked == [2, 2]
    many = [Task(number) for number in range(50)]
    with pytest.warns(UserWarning, match="jobs is 1000000, but there are 2 cores: 8 processes share them"):
        run_trials(many, Store(tmp_path / "many.jsonl"), run=run, jobs=1_000_000, progress=False)
    assert asked == [2, 2, 8]


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
    for jobs in (0, -1, 1.5, "2"):
        with pytest.raises(ValueError, match=f"jobs is {jobs!r}, expected an integer >= 1"):
            run_trials(TASKS, store, jobs=jobs, run=run)
    with pytest.raises(ValueError, match="threads is 0"):
        run_trials(TASKS, store, threads=0, run=run)

    @dataclass(frozen=True)
    class Counted:
        key: int

    with pytest.raises(ValueError, match="trials holds one with the key 7, expected a text"):
        run_trials([Counted(7)], store, run=run)


def test_two_threads_of_one_process_share_the_work(tmp_path):
    ran = []

    def run(trial):
        ran.append(trial.key)
        return {"status": "done"}

    def all_of_them():
        return run_trials([SimpleNamespace(key=str(n)) for n in range(4)], Store(path), run=run, progress=False)

    path = tmp_path / "records.jsonl"
    with ThreadPoolExecutor(2) as pool:
        found = [future.result() for future in [pool.submit(all_of_them) for _ in range(2)]]
    assert sorted(ran) == ["0", "1", "2", "3"]
    assert found[0] == found[1]


def test_a_store_whose_name_leaves_no_room_for_that_of_its_locks_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected a file that can be written: .*File name too long"):
        run_trials([SimpleNamespace(key="a")], Store(tmp_path / ("n" * 252)), run=dict, progress=False)
