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
from gnnseq.experiments.run import run_trial
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.tasks.automata import AutomatonTask
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.tasks.first_symbol import FirstSymbolTask
from gnnseq.experiments.tasks.formulas import FormulaTask
from gnnseq.experiments.tasks.kinds import Classification, Regression
from gnnseq.experiments.tasks.listops import ListOpsTask
from gnnseq.experiments.tasks.neighbours import NeighborsMatchTask
from gnnseq.experiments.tasks.networks import BlockModelTask, KarateTask
from gnnseq.experiments.tasks.own import OwnTask
from gnnseq.experiments.tasks.palindromes import PalindromeTask
from gnnseq.experiments.tasks.sequences import AddingTask, CopyMemoryTask, RecallTask, SelectiveCopyTask
from gnnseq.experiments.tasks.signals import SignalTask
from gnnseq.experiments.tasks.text import TextTask
from gnnseq.experiments.trial import Trial
from gnnseq.experiments.tuning import Tuning
from gnnseq.results.joined import collect
from gnnseq.results.ranking import ranking
from gnnseq.results.table import markdown, to_csv
from gnnseq.results.verdict import compare, diagnosis, judge
from gnnseq.runs.progress import describe
from gnnseq.runs.runner import run_trials
from gnnseq.runs.store import Store

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
    "AddingTask",
    "AutomatonTask",
    "BlockModelTask",
    "Classification",
    "CopyMemoryTask",
    "Family",
    "FirstSymbolTask",
    "FormulaTask",
    "Initialisation",
    "KarateTask",
    "ListOpsTask",
    "NeighborsMatchTask",
    "Optimizer",
    "OwnTask",
    "PalindromeTask",
    "RecallTask",
    "Regression",
    "SelectiveCopyTask",
    "Settings",
    "Sight",
    "SignalTask",
    "Size",
    "Store",
    "Task",
    "TextTask",
    "Trial",
    "Tuning",
    "collect",
    "compare",
    "describe",
    "diagnosis",
    "find_family",
    "find_named",
    "judge",
    "markdown",
    "num_weights",
    "pairs",
    "ranking",
    "run_comparison",
    "run_trial",
    "run_trials",
    "solve_width",
    "to_csv",
]
