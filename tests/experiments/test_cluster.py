import pytest
from sweeps import Task, keys, ran, run

from gnnseq.experiments import Store, run_trials

joblib = pytest.importorskip("joblib")
distributed = pytest.importorskip("distributed")


@pytest.fixture
def quick_workers():
    """Workers that are forked from a process with everything imported, so that a new one costs no seconds."""
    import dask
    from distributed.utils import get_mp_context

    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        get_mp_context().set_forkserver_preload(["distributed", "gnnseq.experiments"])
        yield


def test_a_worker_is_killed_and_all_trials_are_recorded_once(tmp_path, quick_workers):
    tasks = [Task(number, "kill once" if number == 3 else "pass", str(tmp_path)) for number in range(12)]
    store = Store(tmp_path / "records.jsonl")
    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config("dask", client=client),
    ):
        records = run_trials(tasks, store, jobs=2, run=run, progress=False)
    assert (tmp_path / "victim").exists()
    assert [record["status"] for record in records] == ["done"] * 12
    assert keys(store) == sorted(task.key for task in tasks)
    assert ran(tmp_path).count(3) == 2
    here = run_trials(tasks, Store(tmp_path / "here.jsonl"), run=run, progress=False)
    assert [record["score"] for record in here] == [record["score"] for record in records]


def test_workers_with_several_threads_are_refused(tmp_path):
    how = {"processes": False, "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    store, tasks = Store(tmp_path / "records.jsonl"), [Task(number) for number in range(3)]
    with (
        distributed.LocalCluster(1, threads_per_worker=2, **how) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config("dask", client=client),
        pytest.raises(ValueError, match=r"Dask's worker at inproc:.* expected workers with one thread: .* --nthreads"),
    ):
        run_trials(tasks, store, jobs=2, run=run, progress=False)
    assert store.attempts() == {}
