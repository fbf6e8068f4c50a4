import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sweeps import Task, run

from gnnseq.runs.worker import failure, guarded


def test_a_trial_in_this_process():
    record = guarded(Task(3), {"attempt": 2}, run, 1)
    assert record["key"] == "key-3"
    assert record["attempt"] == 2
    assert record["status"] == "done"


def test_what_is_no_json_is_told_in_words():
    record = failure(Task(3, act=object()), ValueError("bad"))
    assert record["trial"]["act"].startswith("<object")
    assert record["stopped"] == "ValueError: bad"


SWEEP = """
import sys
from sweeps import Task, run
from gnnseq.experiments import Store, run_trials
tasks = [Task(number, "wait", sys.argv[1]) for number in range(2)]
run_trials(tasks, Store(sys.argv[1] + "/records.jsonl"), run=run, jobs=2, progress=False)
"""


def test_workers_end_with_the_process_that_started_them(tmp_path):
    """In a new process: one that is forked from this would wait for the workers that joblib keeps here."""
    pytest.importorskip("joblib")
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with subprocess.Popen([sys.executable, "-c", SWEEP, str(tmp_path)], env=environment) as child:
        workers = [tmp_path / f"worker-{number}" for number in range(2)]
        try:
            until(lambda: all(path.exists() for path in workers))
        finally:
            child.kill()
    pids = [int(path.read_text()) for path in workers]
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
