"""One pass after the other over the trials that a store lacks."""

import os
import pickle
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice, starmap
from typing import Any

import torch

from gnnseq.runs.locks import Claims
from gnnseq.runs.progress import Progress, label_of
from gnnseq.runs.provenance import git_revision, now, surroundings
from gnnseq.runs.store import Record, Store
from gnnseq.runs.worker import failure, guarded
from gnnseq.training.interrupt import Interrupt

_NOTICE = "Stopping when the running trials have ended; press Ctrl-C again to stop at once."
_LOCAL = {"LokyBackend", "MultiprocessingBackend"}  # of joblib, whose processes are on this machine
_LOST = {"BrokenProcessPool", "KilledWorker", "FutureCancelledError"}  # of joblib, and of Dask
PATIENCE = 0.2  # seconds between looks at trials that another process runs
_CROWD = 4  # processes for each core at most


class Sweep:
    """Runs trials and stores their records; see `gnnseq.experiments.run_trials`.

    Only this process claims trials and writes the store, so workers need no access to its files.

    Args:
        store: where records are.
        run: a trial to its record.
        jobs: processes at a time; 1 is this one.
        threads: of torch in each process.
    """

    def __init__(self, store: Store, run: Callable[[Any], Record], *, jobs: int, threads: int) -> None:
        self.store, self.jobs = store, jobs
        self._run, self._threads = run, threads
        self._attempts: dict[str, int] = {}
        self._running: dict[str, Any] = {}

    def run(self, trials: dict[str, Any], *, retry_failed: bool, progress: bool) -> dict[str, Record]:
        """Records of all trials by key, when all are there."""
        records = self.store.read()
        again = {key for key in trials if retry_failed and records.get(key, {}).get("status") == "failed"}
        self._attempts = {key: records[key].get("attempt", 1) + 1 if key in again else 1 for key in trials}
        pending = self._missing(trials)
        if pending:
            self.jobs = _processes(self.jobs, len(pending))
        self._progress = Progress(len(pending), show=progress, jobs=self.jobs)
        threads = torch.get_num_threads()
        try:
            with Interrupt(_NOTICE) as self._interrupt, Claims(self.store.path) as self._claims:
                while pending:
                    before = self._progress.done
                    try:
                        for record in self._records(pending):
                            self._finish(record)
                    except Exception as error:
                        if not _lost_worker(error):
                            raise
                        if not self._interrupt.requested:
                            self._one_by_one(dict(self._running))
                    left = self._missing(pending)
                    self._progress.skip(len(pending) - len(left) - (self._progress.done - before))
                    if self._interrupt.requested:
                        raise KeyboardInterrupt
                    if len(left) == len(pending):
                        time.sleep(PATIENCE)
                    pending = left
        finally:
            self._progress.close()
            torch.set_num_threads(threads)
        return self.store.read()

    def _missing(self, trials: dict[str, Any]) -> dict[str, Any]:
        done = self.store.attempts()
        return {key: trial for key, trial in trials.items() if done.get(key, 0) < self._attempts[key]}

    def _one_by_one(self, suspects: dict[str, Any]) -> None:
        """Trials that ran when a process died, each alone, so that the one that kills its process is found."""
        self._progress.note(f"A process died; the {len(suspects)} trial(s) in flight are tried one by one.")
        for key in suspects:
            self._release(key)
        for key, trial in suspects.items():
            if self._interrupt.requested:
                return
            try:
                for record in self._records({key: trial}):
                    self._finish(record)
            except Exception as error:
                if not _lost_worker(error):
                    raise
                about = {"git": git_revision(), "attempt": self._attempts[key]} | surroundings()
                self._finish(about | failure(trial, error) | {"ended": now()})

    def _finish(self, record: Record) -> None:
        key = record["key"]
        self.store.append_new(record)
        self._progress.end(label_of(self._running[key]), record)
        self._release(key)

    def _release(self, key: str) -> None:
        self._running.pop(key, None)
        self._claims.release(key)

    def _hand_out(self, pending: dict[str, Any]) -> Iterator[tuple[Any, Record]]:
        """Trials that are claimed now, with what their records say besides; none after Ctrl-C."""
        for key, trial in pending.items():
            if self._interrupt.requested:
                return
            if not self._claims.take(key):
                continue
            if self.store.attempts().get(key, 0) >= self._attempts[key]:
                self._claims.release(key)
                continue
            self._running[key] = trial
            self._progress.start(label_of(trial))
            yield trial, {"git": git_revision(), "attempt": self._attempts[key]}

    def _records(self, pending: dict[str, Any]) -> Iterable[Record]:
        work = self._hand_out(pending)
        if self.jobs == 1:
            return starmap(partial(guarded, run=self._run, threads=self._threads), work)
        from joblib import delayed

        task, how = delayed(guarded), (self._run, self._threads, os.getpid())
        with _holding_ctrl_c():  # the first trials are handed out here, and processes started
            return _in_parallel((task(trial, about, *how) for trial, about in work), self.jobs)


def _processes(jobs: int, trials: int) -> int:
    """How many processes to start: no more than there are trials, but 2 at least where more than 1 is asked for.

    A trial may end its process, so this one runs none where others are asked for.

    Raises:
        ValueError: where joblib's backend would run several trials in threads of one process, which share torch's
            global generator: results would depend on chance.
    """
    if jobs == 1:
        return 1
    from joblib import cpu_count
    from joblib.parallel import get_active_backend

    backend, asked = get_active_backend()[0], min(jobs, max(2, trials))
    client = getattr(backend, "client", None)
    if client is not None:
        _check_workers(client.nthreads())
    elif getattr(backend, "uses_threads", False) and backend.effective_n_jobs(asked) > 1:
        raise ValueError(
            f"joblib's backend is {type(backend).__name__}, which runs trials as threads of one process, where they "
            "share torch's random numbers; expected one that starts processes, such as 'loky'"
        )
    elif type(backend).__name__ in _LOCAL and asked > (cores := cpu_count()):
        asked = min(asked, _CROWD * cores)
        warnings.warn(f"jobs is {jobs}, but there are {cores} cores: {asked} processes share them", stacklevel=4)
    return asked


def _check_workers(threads: dict[str, int]) -> None:
    """Refuses workers of Dask that run several trials at a time in one process."""
    many = [address for address, count in threads.items() if count > 1]
    inside = [address for address in threads if address.startswith("inproc:")]
    if many or len(inside) > 1:
        raise ValueError(
            f"Dask's worker at {(many or inside)[0]} runs several trials as threads of one process, where they share "
            "torch's random numbers; expected workers with one thread: dask worker ADDRESS --nthreads 1"
        )


def _in_parallel(tasks: Iterator[Any], jobs: int) -> Iterable[Record]:
    """Results as they come; in rounds where joblib's backend gives only all of them at once."""
    from joblib import Parallel
    from joblib.parallel import get_active_backend

    if get_active_backend()[0].supports_return_generator:
        parallel: Any = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch=jobs)
        found: Iterable[Record] = parallel(tasks)
        return found
    return _in_rounds(tasks, jobs)


def _in_rounds(tasks: Iterator[Any], jobs: int) -> Iterator[Record]:
    from joblib import Parallel

    with Parallel(n_jobs=jobs, batch_size=1) as parallel:  # keeps its workers from round to round
        while part := list(islice(tasks, jobs)):
            yield from parallel(part)


@contextmanager
def _holding_ctrl_c() -> Iterator[None]:
    """Ctrl-C waits until the block ends, and processes that are started in it never see it.

    A terminal sends it to all of them, and they inherit what is blocked.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from joblib.externals.loky.backend import resource_tracker  # type: ignore[import-untyped]

    resource_tracker.ensure_running()  # joblib unblocks signals where it starts this
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _lost_worker(error: Exception) -> bool:
    """Whether a process died under a trial, or a trial could not be sent to one."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, pickle.PicklingError) or bool(names & _LOST)
