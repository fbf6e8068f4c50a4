"""The example of a sweep on a cluster; tests/experiments/test_cluster.py kills a worker."""

import asyncio
import json
import runpy
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed")
pytest.importorskip("joblib")
EXAMPLE = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "examples" / "cluster_sweep.py")))


@pytest.fixture
def scheduler():
    """A scheduler at an address, with a worker in this process."""
    from distributed import LocalCluster

    how = {"processes": False, "dashboard_address": ":0", "protocol": "tcp://", "silence_logs": 50}
    with LocalCluster(1, threads_per_worker=1, **how) as cluster:
        yield cluster


def test_a_sweep_through_a_running_scheduler(tmp_path, capsys, scheduler):
    tiny = ["--lengths", "4", "--rates", "0.01", "--seeds", "2", "--steps", "2", "--output", str(tmp_path)]
    assert EXAMPLE.main([*tiny, "--scheduler", scheduler.scheduler_address]) == 0
    first = capsys.readouterr().out
    assert "| gru | 4 | 0.01 | 2 |" in first
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    assert len({record["key"] for record in records}) == len(records) == 6
    assert EXAMPLE.main([*tiny, "--scheduler", scheduler.scheduler_address]) == 0
    assert capsys.readouterr().out == first
    scheduler.scale(0)
    while scheduler.scheduler.workers:  # it says goodbye in its own time
        scheduler.sync(asyncio.sleep, 0.05)
    assert EXAMPLE.main([*tiny, "--scheduler", scheduler.scheduler_address]) == 2
    assert "has no workers; start some with: dask worker" in capsys.readouterr().err


def test_nobody_at_the_address(tmp_path, capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        status = EXAMPLE.main(["--scheduler", address, "--timeout", "0.5", "--output", str(tmp_path)])
    assert status == 2
    assert f"--scheduler is {address}, but no scheduler answers there" in capsys.readouterr().err


def test_bad_input(tmp_path, capsys):
    assert EXAMPLE.main(["--workers", "0"]) == 2
    assert "--workers is 0, expected at least 1" in capsys.readouterr().err
    assert EXAMPLE.main(["--output", __file__]) == 2
    assert "expected a folder that can be written" in capsys.readouterr().err
