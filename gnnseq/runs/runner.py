"""Many trials, in one process or several, into one store."""

import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, Protocol

from gnnseq.data.indexing import check_integer
from gnnseq.runs.locks import Claims
from gnnseq.runs.store import Record, Store
from gnnseq.runs.sweep import Sweep


class TrialsFailedError(RuntimeError):
    """Every trial of a sweep failed; their records are stored, and the message holds the first traceback."""


class Runnable(Protocol):
    """What a runner needs of a trial.

    Where it has them, a ``label`` (a few words) is shown, and a ``description`` (a dictionary for JSON) goes into the
    record of a trial that failed.
    """

    @property
    def key(self) -> str:
        """A hash of everything that decides the result."""


def run_trials(
    trials: Sequence[Runnable],
    store: Store,
    *,
    run: Callable[[Any], Record],
    jobs: int = 1,
    threads: int = 1,
    retry_failed: bool = False,
    progress: bool = True,
) -> list[Record]:
    """Runs the trials that the store lacks, and returns the records of all, in the order of the trials.

    Every record is stored as soon as it is there, so a run that was stopped, even by kill -9, does only what is
    missing. Several calls may share one store: a trial that another one runs is waited for, not repeated. A trial that
    raises (SystemExit too), returns no record, or takes its process with it, is recorded as "failed" with its
    traceback, and the others continue; a warning has the number of failures and the first error. It is not repeated
    unless ``retry_failed`` is set. A first Ctrl-C lets the running trials end and stores them, a second one stops at
    once. Results do not depend on ``jobs``: every trial seeds itself and has its own process.

    Args:
        trials: what to run.
        store: where records are.
        run: a trial to its record, with the trial's ``key``, ``status`` ("done" or another word) and results.
        jobs: processes at a time, at least 1; 1 is this process, more need joblib. No more are started than there are
            trials to run. Under ``joblib.parallel_config`` joblib's backend of that name runs them, e.g. "dask" on a
            cluster; it must give every trial a process.
        threads: of torch in each process.
        retry_failed: whether failed trials are repeated, as the next ``attempt``.
        progress: whether to show a bar or, without a terminal, a line for each trial.

    Raises:
        ValueError: for no trials, ``jobs`` or ``threads`` under 1, a ``key`` that is no text, a store that cannot be
            written, or a backend of joblib that runs trials as threads of one process.
        TrialsFailedError: if all trials failed.
        KeyboardInterrupt: after Ctrl-C, when everything that is to be kept is stored.
    """
    if not trials:
        raise ValueError("trials is empty, expected at least one")
    jobs, threads = check_integer("jobs", jobs, 1), check_integer("threads", threads, 1)
    if jobs > 1 and find_spec("joblib") is None:
        warnings.warn(
            f'jobs is {jobs}, but joblib is not installed: one process it is; pip install "gnnseq[experiments]"',
            stacklevel=2,
        )
        jobs = 1
    wrong = next((trial.key for trial in trials if not isinstance(trial.key, str)), None)
    if wrong is not None:
        raise ValueError(f"trials holds one with the key {wrong!r}, expected a text")
    try:
        store.repair()
        with Claims(store.path):
            pass
    except OSError as error:
        raise ValueError(f"store is {store.path}, expected a file that can be written: {error}") from error
    sweep = Sweep(store, run, jobs=jobs, threads=threads)
    known = sweep.run({trial.key: trial for trial in trials}, retry_failed=retry_failed, progress=progress)
    records = [known[trial.key] for trial in trials]
    _tell_failures(records)
    return records


def _tell_failures(records: Sequence[Record]) -> None:
    failed = [record for record in records if record.get("status") == "failed"]
    if not failed:
        return
    first = failed[0]
    text = (
        f"{len(failed)} of {len(records)} trials failed; retry_failed=True runs them again. The first was "
        f"{first.get('label') or first['key']}:\n{first.get('traceback') or first.get('stopped')}"
    )
    if len(failed) == len(records):
        raise TrialsFailedError(text)
    warnings.warn(text, stacklevel=3)
