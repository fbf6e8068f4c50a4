"""Comparisons: trials, budgets, a store of records, and tables of them."""

from gnnseq.experiments.budget import Size, num_weights, solve_width
from gnnseq.experiments.comparison import pairs, run_comparison
from gnnseq.experiments.families import (
    FAMILIES,
    GRAPH_FAMILIES,
    PALINDROME_FAMILIES,
    SEQUENCE_FAMILIES,
    find_family,
)
from gnnseq.experiments.family import DEFAULT, Family, Initialisation, Sight, find_named
from gnnseq.experiments.optimizers import ADAM, MOMENTUM, OPTIMIZERS, RMSPROP, SGD, Optimizer
from gnnseq.experiments.palindrome_task import PalindromeTask
from gnnseq.experiments.runner import describe, run_trials
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.store import Store
from gnnseq.experiments.table import Row, markdown, rows, to_csv
from gnnseq.experiments.tasks import Task
from gnnseq.experiments.trial import Trial, run_trial
from gnnseq.experiments.tuning import Tuning

__all__ = [
    "ADAM",
    "DEFAULT",
    "FAMILIES",
    "GRAPH_FAMILIES",
    "MOMENTUM",
    "OPTIMIZERS",
    "PALINDROME_FAMILIES",
    "RMSPROP",
    "SEQUENCE_FAMILIES",
    "SGD",
    "Family",
    "Initialisation",
    "Optimizer",
    "PalindromeTask",
    "Row",
    "Settings",
    "Sight",
    "Size",
    "Store",
    "Task",
    "Trial",
    "Tuning",
    "describe",
    "find_family",
    "find_named",
    "markdown",
    "num_weights",
    "pairs",
    "rows",
    "run_comparison",
    "run_trial",
    "run_trials",
    "solve_width",
    "to_csv",
]
