"""Many trials, in one process or several, into one store."""

import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from tqdm import tqdm

from gnnseq.experiments.store import Record, Store
from gnnseq.experiments.trial import Trial, run_trial


def run_trials(
    trials: Sequence[Trial],
    store: Store,
    *,
    jobs: int = 1,
    progress: bool = True,
    run: Callable[[Trial], Record] = run_trial,
) -> list[Record]:
    """Runs the trials that the store lacks, and returns the records of all, in the order of the trials.

    Every record is stored as soon as it is there. A trial that raises is recorded with its traceback as "failed",
    and the others go on; the next call tries it again. Results do not depend on ``jobs``: every trial seeds itself
    and runs on one thread.

    Args:
        trials: what to run.
        store: where records are.
        jobs: processes at a time, at least 1; more than one needs joblib.
        progress: whether a bar on the terminal tells what runs and how long is left.
        run: a trial to its record.

    Raises:
        ValueError: for no trials, or ``jobs`` under 1.
    """
    if not trials:
        raise ValueError("trials is empty, expected at least one")
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}, expected at least 1")
    known = {key: record for key, record in store.read().items() if record.get("status") != "failed"}
    missing = [trial for trial in dict.fromkeys(trials) if trial.key not in known]
    with tqdm(total=len(missing), unit="run", disable=None if progress else True) as bar:
        waiting = {trial.key: trial for trial in missing}
        bar.set_description_str(_running(waiting, jobs))
        for record in _records(missing, jobs, run):
            store.append(record)
            known[record["key"]] = record
            del waiting[record["key"]]
            bar.set_description_str(_running(waiting, jobs), refresh=False)
            bar.set_postfix_str(describe(record), refresh=False)
            bar.update()
    return [known[trial.key] for trial in trials]


def describe(record: Record) -> str:
    """A record in a few words: model, length, seed, and how it ended."""
    return f"{record['label']}: {record['status']}"


def _running(waiting: dict[str, Trial], jobs: int) -> str:
    """The trials that run now: they are handed out in order."""
    names = [trial.label for trial in list(waiting.values())[:jobs]]
    return f"now {', '.join(names)}" if names else "done"


def _records(trials: Sequence[Trial], jobs: int, run: Callable[[Trial], Record]) -> Iterator[Record]:
    if jobs == 1 or len(trials) < 2:
        threads = torch.get_num_threads()
        yield from (_guarded(trial, run) for trial in trials)
        torch.set_num_threads(threads)
        return
    try:
        from joblib import Parallel, delayed
    except ImportError:
        warnings.warn(
            f'jobs is {jobs}, but joblib is not installed: one process it is; pip install "gnnseq[experiments]"',
            stacklevel=3,
        )
        yield from _records(trials, 1, run)
        return
    parallel: Any = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    yield from parallel(delayed(_guarded)(trial, run) for trial in trials)


def _guarded(trial: Trial, run: Callable[[Trial], Record]) -> Record:
    """One trial on one thread; an error becomes a record."""
    torch.set_num_threads(1)
    try:
        return run(trial)
    except Exception as error:
        return {
            **trial.description,
            "status": "failed",
            "stopped": f"{type(error).__name__}: {error}",
            "traceback": traceback.format_exc(),
        }
