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


def test_only_this_machine_is_listened_to():
    """Whoever reaches Dask's scheduler can run programs in its workers, and it asks for no password."""
    psutil = pytest.importorskip("psutil")
    options = EXAMPLE.parse(["--workers", "1"])
    with EXAMPLE.connect(options) as client:
        client.wait_for_workers(1)
        here = psutil.Process()
        sockets = [each for process in (here, *here.children(recursive=True)) for each in process.net_connections()]
    addresses = {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN}
    assert addresses == {"127.0.0.1"}


def test_other_machines_are_let_in_with_a_warning(tmp_path, capsys, monkeypatch):
    asked = {}

    class Refused:
        def __init__(self, workers, **how):
            asked.update(how)
            raise RuntimeError("no such address")

    monkeypatch.setitem(EXAMPLE.connect.__wrapped__.__globals__, "LocalCluster", Refused)
    assert EXAMPLE.main(["--host", "10.1.2.3", "--output", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "note: --host is 10.1.2.3: whoever reaches it can run programs in the workers" in told
    assert "--host is 10.1.2.3, but no scheduler can be started there: no such address" in told
    assert asked == {"host": "10.1.2.3", "dashboard_address": "10.1.2.3:0", "threads_per_worker": 1}


def test_bad_input(tmp_path, capsys):
    assert EXAMPLE.main(["--workers", "0"]) == 2
    assert "--workers is 0, expected at least 1" in capsys.readouterr().err
    assert EXAMPLE.main(["--host", "anywhere"]) == 2
    assert "--host is anywhere, expected an IPv4 address" in capsys.readouterr().err
    assert EXAMPLE.main(["--output", __file__]) == 2
    assert "expected a folder that can be written" in capsys.readouterr().err
