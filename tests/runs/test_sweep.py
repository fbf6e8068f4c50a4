"""A sweep in this process, where workers may seem to die; `test_runner` has the processes."""

import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from sweeps import Task, keys, ran, run

from gnnseq.experiments import Store
from gnnseq.runs import sweep as module
from gnnseq.runs.locks import Claims
from gnnseq.runs.sweep import Sweep, _check_workers, _holding_ctrl_c, _lost_worker
from gnnseq.runs.worker import guarded


class BrokenProcessPool(Exception):  # noqa: N818
    """Bears the name of the error that joblib raises when a process died."""


class KilledWorker(BrokenProcessPool):
    """Likewise for Dask."""


class Fragile(Sweep):
    """A sweep that loses its worker at every trial that kills it, like a pool of processes."""

    def _records(self, pending):
        for trial, about in self._hand_out(pending):
            if trial.act == "kill":
                raise BrokenProcessPool("a worker died")
            yield guarded(trial, about, self._run, self._threads)


def sweep(folder, kind=Sweep, run=run):
    return kind(Store(folder / "records.jsonl"), run, jobs=1, threads=1)


def done(made, tasks, **options):
    return made.run({task.key: task for task in tasks}, **({"retry_failed": False, "progress": False} | options))


def test_records_of_all_trials_by_key(tmp_path):
    records = done(sweep(tmp_path), [Task(0), Task(1)])
    assert {key: record["status"] for key, record in records.items()} == {"key-0": "done", "key-1": "done"}
    assert records["key-1"]["score"] == run(Task(1))["score"]


def test_the_trial_that_kills_its_worker_is_found_and_the_others_are_done_once(tmp_path):
    tasks = [Task(number, "kill" if number == 1 else "pass", str(tmp_path)) for number in range(4)]
    made = sweep(tmp_path, Fragile)
    records = done(made, tasks)
    assert [records[task.key]["status"] for task in tasks] == ["done", "failed", "done", "done"]
    assert records["key-1"]["stopped"] == "BrokenProcessPool: a worker died"
    assert records["key-1"]["attempt"] == 1
    assert ran(tmp_path) == [0, 2, 3]
    assert keys(made.store) == ["key-0", "key-1", "key-2", "key-3"]


def test_a_fault_of_the_sweep_itself_is_no_trial_s_failure(tmp_path):
    class Broken(Sweep):
        def _records(self, pending):
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        done(sweep(tmp_path, Broken), [Task(0)])
    assert list(Store(tmp_path / "records.jsonl")) == []


def test_trials_are_claimed_while_they_run_and_no_longer(tmp_path, monkeypatch):
    held = {}

    class Noted(Claims):
        def take(self, name):
            held[name] = True
            return super().take(name)

        def release(self, name):
            held[name] = False
            super().release(name)

    monkeypatch.setattr(module, "Claims", Noted)
    seen = []

    def look(trial):
        seen.append((trial.key, dict(held)))
        return run(trial)

    done(sweep(tmp_path, run=look), [Task(0), Task(1)])
    assert seen == [("key-0", {"key-0": True}), ("key-1", {"key-0": False, "key-1": True})]
    assert not any(held.values())


def test_a_trial_that_somebody_else_has_is_left_to_him(tmp_path, monkeypatch):
    """He stores it while this sweep waits, so it is not run here."""
    store = Store(tmp_path / "records.jsonl")
    elsewhere = run(Task(0))

    class Theirs(Claims):
        def take(self, name):
            return name != "key-0" and super().take(name)

    def wait(seconds):
        assert seconds == module.PATIENCE
        store.append(elsewhere)

    monkeypatch.setattr(module, "Claims", Theirs)
    monkeypatch.setattr(module.time, "sleep", wait)
    records = done(sweep(tmp_path), [Task(0, folder=str(tmp_path)), Task(1, folder=str(tmp_path))])
    assert ran(tmp_path) == [1]
    assert "ended" not in records["key-0"]
    assert records["key-0"]["score"] == elsewhere["score"]


def test_an_attempt_after_a_failure_counts_on(tmp_path):
    broken, fixed = Task(0, "raise"), Task(0)
    assert done(sweep(tmp_path), [broken])["key-0"]["attempt"] == 1
    assert done(sweep(tmp_path), [fixed])["key-0"]["status"] == "failed"
    record = done(sweep(tmp_path), [fixed], retry_failed=True)["key-0"]
    assert (record["status"], record["attempt"]) == ("done", 2)


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (BrokenProcessPool(), True),
        (KilledWorker(), True),
        (pickle.PicklingError("cannot be sent"), True),
        (RuntimeError("no luck"), False),
        (OSError("no space"), False),
    ],
)
def test_which_errors_mean_a_lost_worker(error, lost):
    assert _lost_worker(error) is lost


def test_ctrl_c_waits_while_processes_start_and_is_not_lost():
    pytest.importorskip("joblib")
    reached = []

    def pressed():
        with _holding_ctrl_c():
            signal.raise_signal(signal.SIGINT)
            reached.append("inside")
        reached.append("behind")

    with pytest.raises(KeyboardInterrupt):
        pressed()
    assert reached == ["inside"]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_processes_that_start_then_never_see_ctrl_c():
    pytest.importorskip("joblib")
    program = "import sys; print('ready', flush=True); sys.stdin.read(); print('end')"
    with _holding_ctrl_c():
        child = subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True)
    with child:
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGINT)
        assert child.communicate()[0] == "end\n"


def test_signals_are_left_alone_in_other_threads():
    found = []

    def look():
        with _holding_ctrl_c():
            found.append(signal.pthread_sigmask(signal.SIG_BLOCK, []))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert signal.SIGINT not in found[0]


@pytest.mark.parametrize(
    ("workers", "named"),
    [
        ({"tcp://10.0.0.5:1": 1, "tcp://10.0.0.6:1": 2}, "tcp://10.0.0.6:1"),
        ({"inproc://10.0.0.5/1/2": 1, "inproc://10.0.0.5/1/3": 1}, "inproc://10.0.0.5/1/2"),
        ({"tcp://10.0.0.5:1": 1, "tcp://10.0.0.5:2": 1}, None),
        ({"inproc://10.0.0.5/1/2": 1}, None),
        ({}, None),
    ],
)
def test_which_workers_run_one_trial_at_a_time_in_a_process(workers, named):
    if named is None:
        _check_workers(workers)
    else:
        with pytest.raises(ValueError, match=f"Dask's worker at {named} runs several"):
            _check_workers(workers)


def test_trials_in_threads_of_one_process_wait_for_each_other():
    """As in a worker that joins a cluster later, with several threads: nobody takes another's random numbers."""

    def draws(trial):
        torch.manual_seed(trial.number)
        values = []
        for _ in range(5):
            values.append(torch.rand(1).item())
            time.sleep(0.01)
        return {"key": trial.key, "status": "done", "values": values}

    alone = [guarded(Task(number), {}, draws, 1)["values"] for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda number: guarded(Task(number), {}, draws, 1)["values"], range(3)))
    assert together == alone
