"""One trial in a process of its own."""

import json
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any

import torch

from gnnseq.runs.progress import label_of
from gnnseq.runs.provenance import now, surroundings
from gnnseq.runs.store import Record

LOOK = 0.5  # seconds between looks at the parent process


def guarded(trial: Any, about: Record, run: Callable[[Any], Record], threads: int, parent: int | None = None) -> Record:
    """One trial; an error becomes a record.

    Args:
        trial: what to run.
        about: what the record says besides.
        run: a trial to its record.
        threads: of torch.
        parent: the process that hands out trials; another one leaves Ctrl-C to it, and ends with it.
    """
    if parent not in (None, os.getpid()):
        _follow(parent)
    torch.set_num_threads(threads)
    about = about | surroundings()
    try:
        record = run(trial)
        json.dumps(record)  # what cannot be stored is this trial's failure, not the sweep's
    except Exception as error:
        record = failure(trial, error)
    return about | record | {"key": trial.key, "ended": now()}


def failure(trial: Any, error: Exception) -> Record:
    """The record of a trial that raised."""
    known = getattr(trial, "description", None) or {"label": label_of(trial), "trial": _plain(trial)}
    return known | {
        "key": trial.key,
        "status": "failed",
        "stopped": f"{type(error).__name__}: {error}",
        "traceback": "".join(traceback.format_exception(error)),
    }


def _plain(trial: Any) -> Record:
    """A trial's values as JSON has them; what is none is told in words."""
    if not is_dataclass(trial) or isinstance(trial, type):
        return {}
    values: Record = json.loads(json.dumps(asdict(trial), default=repr))
    return values


def _follow(parent: int | None) -> None:
    """Ignores Ctrl-C, and ends this process when the parent that joblib started it from is gone."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not multiprocessing.current_process().name.startswith("LokyProcess"):
        return  # other backends end their own workers
    if os.getppid() != parent:
        os._exit(1)
    if not any(thread.name == "parent" for thread in threading.enumerate()):
        threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)
