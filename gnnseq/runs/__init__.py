"""Any function over many settings: a store of records, claims, processes, progress; independent of models."""

from gnnseq.runs.progress import describe
from gnnseq.runs.runner import Runnable, TrialsFailedError, run_trials
from gnnseq.runs.store import Record, Store

__all__ = ["Record", "Runnable", "Store", "TrialsFailedError", "describe", "run_trials"]
