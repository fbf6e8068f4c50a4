import os
import signal
import time

import pytest
from sweeps import Task, run

from gnnseq.experiments import Store, run_trials
from gnnseq.experiments.worker import failure, guarded


def test_a_trial_in_this_process():
    record = guarded(Task(3), {"attempt": 2}, run, 1)
    assert record["key"] == "key-3"
    assert record["attempt"] == 2
    assert record["status"] == "done"


def test_what_is_no_json_is_told_in_words():
    record = failure(Task(3, act=object()), ValueError("bad"))
    assert record["trial"]["act"].startswith("<object")
    assert record["stopped"] == "ValueError: bad"


def test_workers_end_with_the_process_that_started_them(tmp_path):
    pytest.importorskip("joblib")
    child = os.fork()
    if child == 0:
        tasks = [Task(number, "wait", str(tmp_path)) for number in range(2)]
        run_trials(tasks, Store(tmp_path / "records.jsonl"), run=run, jobs=2, progress=False)
        os._exit(0)
    workers = [tmp_path / f"worker-{number}" for number in range(2)]
    until(lambda: all(path.exists() for path in workers))
    pids = [int(path.read_text()) for path in workers]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    until(lambda: not any(is_alive(pid) for pid in pids))


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
