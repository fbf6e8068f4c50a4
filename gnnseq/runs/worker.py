"""One trial in a separate process."""

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
from gnnseq.runs.store import Record, decode, encode

_LOOK = 0.5  # seconds between looks at the parent process
_ALONE = threading.RLock()  # torch's global generator belongs to the process: one trial at a time may use it


def guarded(trial: Any, about: Record, run: Callable[[Any], Record], threads: int, parent: int | None = None) -> Record:
    """One trial; whatever it raises or returns becomes a record, but for KeyboardInterrupt.

    Args:
        trial: what to run.
        about: further values of the record.
        run: a trial to its record.
        threads: of torch.
        parent: the process that hands out trials; another one leaves Ctrl-C to it, and ends with it.
    """
    if parent not in (None, os.getpid()):
        _follow(parent)
    with _ALONE:
        torch.set_num_threads(threads)
        about = about | surroundings()
        start = time.monotonic()
        try:
            record = _stored(about | _checked(run(trial)) | _end(trial, about, start))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too
            record = about | failure(trial, error) | _end(trial, about, start)
    return record


def failure(trial: Any, error: BaseException) -> Record:
    """The record of a trial that raised."""
    record = {
        "key": trial.key,
        "status": "failed",
        "stopped": f"{type(error).__name__}: {_words(error)}",
        "traceback": "".join(traceback.format_exception(error)),
    }
    try:
        known = getattr(trial, "description", None) or {"label": label_of(trial), "trial": _plain(trial)}
        return _stored(known | record)
    except Exception:  # a trial that cannot say what it is has its key
        return record


def _checked(found: Any) -> Record:
    """What ``run`` returned.

    Raises:
        TypeError: if it is no dictionary with a status.
    """
    if not isinstance(found, dict):
        raise TypeError(f"run returned {type(found).__name__}, expected a dictionary: the trial's record")
    if not isinstance(found.get("status"), str):
        raise TypeError(f"run returned a record with status {found.get('status')!r}, expected a word such as 'done'")
    return found


def _end(trial: Any, about: Record, start: float) -> Record:
    """Values that the sweep adds to every trial's record."""
    counted = {"attempt": about["attempt"]} if "attempt" in about else {}
    return counted | {"key": trial.key, "ended": now(), "elapsed": round(time.monotonic() - start, 3)}


def _stored(record: Record) -> Record:
    """A record as the store gives it back.

    Raises:
        TypeError: if it cannot be stored.
    """
    found = decode(encode(record))
    assert found is not None  # encode has looked
    return found


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(its text cannot be made)"


def _plain(trial: Any) -> Record:
    """A trial's values for JSON; other objects become their repr."""
    if not is_dataclass(trial) or isinstance(trial, type):
        return {}
    values: Record = json.loads(json.dumps(asdict(trial), default=repr))
    return values


def _follow(parent: int | None) -> None:
    """Ignores Ctrl-C, and ends this process when the parent that joblib started it from is gone.

    SIGTERM, which a cluster sends to all processes of a job, is left to the parent too, which lets trials end.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not multiprocessing.current_process().name.startswith("LokyProcess"):
        return  # other backends end their own workers
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # joblib ends these workers by other means
    if os.getppid() != parent:
        os._exit(1)
    if not any(thread.name == "parent" for thread in threading.enumerate()):
        threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)
