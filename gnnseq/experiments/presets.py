"""The comparison of models on tasks as a command: its tasks by name, its options, its presets."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

from gnnseq.data.signals.spreading import Rule
from gnnseq.experiments.command_line import (
    check_at_least_one,
    check_positive,
    fill_in,
    make_parser,
    refuse_unused,
)
from gnnseq.experiments.families import FAMILIES, ON_REQUEST, ORTHOGONAL_QUIET, find_family
from gnnseq.experiments.family import DEFAULT, Family, check_apart, find_all, find_named
from gnnseq.experiments.optimizers import OPTIMIZERS, find_optimizer
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.tasks.automata import LANGUAGES, AutomatonTask
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.tasks.formulas import FORMULAS, FormulaTask
from gnnseq.experiments.tasks.listops import ListOpsTask
from gnnseq.experiments.tasks.mnist1d import POINTS, mnist1d_task
from gnnseq.experiments.tasks.neighbours import NeighborsMatchTask
from gnnseq.experiments.tasks.networks import BlockModelTask, KarateTask
from gnnseq.experiments.tasks.palindromes import PalindromeTask
from gnnseq.experiments.tasks.sequences import AddingTask, CopyMemoryTask, RecallTask, SelectiveCopyTask
from gnnseq.experiments.tasks.signals import SignalTask
from gnnseq.experiments.tasks.text import TextTask
from gnnseq.results.joined import TWINS


@dataclass(frozen=True)
class Kind:
    """A kind of task on the command line: how one is made from its size, and the sizes by default."""

    name: str
    make: Callable[[int], Task]
    sizes: tuple[int, ...]


KINDS = (
    Kind("palindromes", PalindromeTask, (5, 20, 60)),  # near, middle and far: models differ at 60
    Kind("copy", CopyMemoryTask, (10, 30)),
    Kind("selective", lambda blanks: SelectiveCopyTask(blanks, symbols=16, base=16), (200,)),
    Kind("adding", AddingTask, (20, 50)),
    Kind("recall", lambda length: RecallTask(length, pairs=length // 16), (32, 64)),
    Kind("mqar", lambda length: RecallTask(length, pairs=length // 16, vocabulary=8192), (64,)),
    Kind("listops", ListOpsTask, (20, 40)),
    Kind("text", TextTask, (30,)),
    Kind("signals", partial(SignalTask, graph_seed=None), (20,)),
    *(Kind(f"signals-{rule}", partial(SignalTask, graph_seed=None, rule=rule), (20,)) for rule in get_args(Rule)[1:]),
    Kind("mnist1d", lambda points: mnist1d_task(points), (POINTS,)),
    Kind("neighbours", NeighborsMatchTask, (2, 3, 4)),
    Kind("blocks", lambda nodes: BlockModelTask(members=nodes // 2), (32,)),
    Kind("karate", KarateTask, (2,)),
    *(Kind(name, partial(AutomatonTask, name), (40,)) for name in LANGUAGES),
    *(Kind(name, partial(FormulaTask, name), (40,)) for name in FORMULAS),
)
GRID = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2]

LONG = {"lengths": list(range(5, 61, 5)), "models": ["rnn", "lstm"], "steps": 10_000, "batch_size": 128, "width": 128}
PRESETS: dict[str, dict[str, Any]] = {
    "report": LONG | {"optimizer": "rmsprop", "stop_at": None},
    "tuned-report": LONG | {"optimizer": "adam", "stop_at": 1.0, "seeds": 5},
    "verdicts": {
        "tasks": [
            "palindromes:20",
            "copy:30",
            "recall:32",
            "listops:20",
            "neighbours:3",
            "blocks:32",
            "signals:20",
            "karate:2",
            "mnist1d:40",
        ],
        "models": [family.name for family in FAMILIES if family.name not in TWINS],
        "seeds": 15,  # so that 14 wins of 15 decide among the 29 models on lists
        "steps": 600,
        "tune": GRID,
        "tuning_seeds": 2,
        "reference": "lstm",
        "html": True,
    },
}
PRESET_HELP = """report: the course report's settings: RNN and LSTM with 128 units, lengths 5 to 60, 10,000 steps of
batch 128, RMSprop, digits as numbers, LSTM at 1e-2. tuned-report: the same sizes, embedded digits, Adam, a chrono LSTM,
an orthogonal RNN with small inputs at 5e-4, 5 seeds; training stops once the last 20 batches are all correct. verdicts:
nine tasks, all models at one budget, tuned, 15 seeds, each compared with the LSTM"""
QUIET: dict[str, Any] = {"initialise": ORTHOGONAL_QUIET, "learning_rate": 5e-4}
REPORT_RATES = {"lstm": 1e-2}  # every other model: 1e-3
READ_SYMBOLS = ("tree-lstm-balanced", "gcrn")  # under the report's settings too


def parse(description: str | None, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of a comparison; options that are given override those of a preset.

    Args:
        description: of the command, for its help.
        arguments: of the command line; None takes the process's own.
    """
    parser = make_parser("compare_rnn_vs_gnn", description)
    names = ", ".join(family.name for family in FAMILIES)
    kinds = ", ".join(kind.name for kind in KINDS)
    parser.add_argument("--tasks", nargs="+", help=f"which of: {kinds}; with size: copy:30 (default: palindromes)")
    parser.add_argument("--lengths", type=int, nargs="+", help="sizes of the tasks (default: 5 20 60 for palindromes)")
    parser.add_argument("--models", nargs="+", help=f"all, or which of: {names} (default: every model that can read "
                        f"the task, except {', '.join(ON_REQUEST)})")  # fmt: skip
    parser.add_argument("--seeds", type=int, help="runs of each model, seeds 0, 1, ... (default: 3)")
    parser.add_argument("--steps", type=int, help="training steps at most (default: 400)")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--budget", type=int, help="number of weights of every model (default: 10,000)")
    size.add_argument("--width", type=int, help="features of every model's state, instead of a budget")
    parser.add_argument("--batch-size", type=int, help="samples in a training batch (default: 64)")
    parser.add_argument("--learning-rate", type=float, help="for all models (default: each family's own)")
    parser.add_argument("--tune", type=float, nargs="*", metavar="RATE",
                        help="learning rates tried on validation data (default: 3e-4 to 3e-2)")  # fmt: skip
    parser.add_argument("--tuning-seeds", type=int, help="runs for each learning rate (default: 1)")
    parser.add_argument("--optimizer", choices=[each.name for each in OPTIMIZERS], help="(default: adam)")
    parser.add_argument("--default-init", action="store_true", help="torch's initialisation instead of the family's")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default: 2)")
    parser.add_argument("--retry-failed", action="store_true", help="repeat failed runs")
    parser.add_argument("--html", action="store_true", default=None,
                        help="also write page.html, with verdicts and all figures")  # fmt: skip
    parser.add_argument("--reference", metavar="MODEL", help="for the page: compare all models with this one only")
    parser.add_argument("--output", type=Path, default=Path("runs/compare"),
                        help="folder of the results (default: runs/compare)")  # fmt: skip
    parser.add_argument("--preset", choices=list(PRESETS), help=PRESET_HELP)
    options = parser.parse_args(arguments)
    preset = PRESETS.get(options.preset, {})
    if options.tune is None and "tune" not in preset:
        refuse_unused(parser, options, ["tuning_seeds"], "without --tune")
    if not (options.html or preset.get("html")):
        refuse_unused(parser, options, ["reference"], "without --html")
    defaults = {
        "tasks": ["palindromes"],
        "seeds": 3,
        "tuning_seeds": 1,
        "steps": 400,
        "budget": 10_000,
        "batch_size": 64,
        "optimizer": "adam",
        "width": None,
        "stop_at": 0.995,
        "html": False,
        "reference": None,
    } | preset
    if options.budget is not None:
        defaults["width"] = None
    fill_in(options, defaults)
    if options.tune == []:
        options.tune = GRID
    return options


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for invalid options."""
    check_at_least_one(options, ["seeds", "tuning_seeds", "steps", "budget", "width", "batch_size", "jobs"])
    for length in options.lengths or []:
        if length < 2:
            raise ValueError(f"--lengths holds {length}, expected integers of at least 2")
    check_positive(options, ["learning_rate", "tune"])
    if options.tune is not None and options.learning_rate is not None:
        raise ValueError("--tune and --learning-rate are both given, expected one of them")
    if options.lengths and all(":" in word for word in options.tasks):
        raise ValueError(
            f"--lengths is {' '.join(map(str, options.lengths))}, but each of --tasks {' '.join(options.tasks)} has a "
            "size of its own; expected a task without one, or no --lengths"
        )


def make_tasks(options: argparse.Namespace) -> list[Task]:
    """A task for each kind and size; a task's own size has priority over --lengths."""
    tasks = [task for word in options.tasks for task in _tasks_of(word, options.lengths)]
    check_apart("--tasks", (task.title for task in tasks))
    return tasks


def _tasks_of(word: str, lengths: list[int] | None) -> list[Task]:
    """The tasks of a name, or of a name with its size."""
    name, colon, own = word.partition(":")
    kind = find_named(name, KINDS, "task")
    sizes = lengths or kind.sizes
    if colon:
        if not own.isdecimal() or int(own) < 2:
            raise ValueError(f"--tasks holds {word!r}, expected a size of at least 2 after the colon")
        sizes = (int(own),)
    try:
        return [kind.make(size) for size in sizes]
    except ImportError as error:
        raise ValueError(str(error)) from error


def _make_families(options: argparse.Namespace, tasks: list[Task]) -> list[Family]:
    """The models of the options, or all with a matching task; with the report's settings if asked."""
    if options.models and options.models != ["all"]:
        families = find_all(options.models, FAMILIES, "model")
    else:
        hidden = () if options.models else ON_REQUEST
        families = [f for f in FAMILIES if f.name not in hidden and any(f.joins(task) for task in tasks)]
    if options.preset == "report" or options.default_init:
        families = [replace(family, initialise=DEFAULT) for family in families]
    if options.preset == "report":
        families = [replace(family, learning_rate=REPORT_RATES.get(family.name, 1e-3)) for family in families]
    if options.preset in ("tuned-report", "verdicts") and not options.default_init:
        families = [replace(each, **QUIET) if each.name == "rnn" else each for each in families]
    if options.learning_rate is not None:
        families = [replace(family, learning_rate=options.learning_rate) for family in families]
    return families


def groups(options: argparse.Namespace) -> list[tuple[list[Task], list[Family]]]:
    """Tasks with their models: all with all, but digits are numbers for the report's models where possible."""
    tasks = make_tasks(options)
    families = _make_families(options, tasks)
    if options.reference is not None:
        find_family(options.reference)
        names = [family.name for family in families if any(family.joins(task) for task in tasks)]
        if options.reference not in names:
            raise ValueError(f"--reference is {options.reference}, expected one of the models: {', '.join(names)}")
    if options.preset != "report":
        return [(tasks, families)]
    numbers: list[Task] = [replace(t, numbers=True) if isinstance(t, PalindromeTask) else t for t in tasks]
    parts = [
        (numbers, [family for family in families if family.name not in READ_SYMBOLS]),
        (tasks, [family for family in families if family.name in READ_SYMBOLS]),
    ]
    return [part for part in parts if part[1]]


def make_settings(options: argparse.Namespace) -> Settings:
    """The settings that all runs share."""
    return Settings(
        budget=options.budget,
        width=options.width,
        steps=options.steps,
        batch_size=options.batch_size,
        optimizer=find_optimizer(options.optimizer),
        stop_at=options.stop_at,
    )


def explain(options: argparse.Namespace) -> str:
    """The meaning of the columns and the settings of the runs."""
    stop = "no early stop"
    if options.stop_at is not None:
        stop = f"stopped early once the last 20 batches were {100 * options.stop_at:g} % right"
    tuned = ""
    if options.tune:
        tuned = f"learning rate of each model and task chosen from {', '.join(f'{rate:g}' for rate in options.tune)} "
        tuned += "on validation data of another seed, "
    seeds = "seed 0" if options.seeds == 1 else f"seeds 0 to {options.seeds - 1}"
    return (
        f"Settings: {options.optimizer}, batches of {options.batch_size}, at most {options.steps:,} steps ({stop}), "
        f"{tuned}gradients clipped at norm 10, {seeds}; spread is the standard deviation over "
        "seeds.\n"
        "score: on samples never trained on; mean ± standard deviation and the 95 % bootstrap interval of the mean; a "
        "run that diverged counts as chance. best 50: the mean of the 50 best training batches, the course "
        "report's metric; it is too high for a model at chance.\n"
        "hops required: between the answer and the output (over time for the GCRN: steps). hops reached: by the model. "
        "A model cannot answer from outside its reach; within it, initialisation and graph decide what it learns.\n"
        "state: numbers held for one element of the input. samples to threshold: until the last 20 batches reached the "
        "task's threshold, median over the seeds that did. memory: weights, gradients, optimiser, a step's tensors.\n"
    )
