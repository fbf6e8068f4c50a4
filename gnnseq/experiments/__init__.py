"""Comparisons: trials, budgets, a store of records, and tables of them."""

from gnnseq.experiments.budget import Size, num_weights, solve_width
from gnnseq.experiments.families import PALINDROME_FAMILIES, Family, Sight
from gnnseq.experiments.runner import describe, run_trials
from gnnseq.experiments.store import Store
from gnnseq.experiments.table import Row, markdown, rows, to_csv
from gnnseq.experiments.tasks import PalindromeTask
from gnnseq.experiments.trial import Trial, find_family, run_trial

__all__ = [
    "PALINDROME_FAMILIES",
    "Family",
    "PalindromeTask",
    "Row",
    "Sight",
    "Size",
    "Store",
    "Trial",
    "describe",
    "find_family",
    "markdown",
    "num_weights",
    "rows",
    "run_trial",
    "run_trials",
    "solve_width",
    "to_csv",
]
