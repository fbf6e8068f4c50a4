"""ListOps, nested lists of digits: models on the tree against models on the sequence of symbols.

    python examples/tree_lstm_listops.py
    python examples/tree_lstm_listops.py --depth 20 --arguments 5 --longest 100 --rounds 40 --output runs/listops_deep
    python examples/tree_lstm_listops.py --labels root --output runs/listops_root
    python examples/tree_lstm_listops.py --preset full --output runs/listops_full
    python examples/tree_lstm_listops.py --preset paper --test test_d20s.tsv --output runs/listops_paper

An expression such as [MAX 2 9 [MIN 4 7 ] 0 ] has a value, here 9 (ListOps, Nangia and Bowman 2018). Tree-LSTMs get it
as a tree, the LSTM and the bag as a sequence; all get the same samples in the same order and about the same
number of weights. The value of every list is a label, at its node or at its "]"; the bag has only the answer. Writes
records.jsonl, table.md and accuracy.png into the output folder. A second run with the same folder resumes
and loses at most one round of the interrupted run.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gnnseq.data import read_listops
from gnnseq.data.synthetic.listops_file import Expression
from gnnseq.experiments import Trial
from gnnseq.experiments.command_line import (
    add_places,
    add_settings,
    check_at_least_one,
    check_places,
    check_positive,
    compare_models,
    exit_status,
    fill_in,
    make_parser,
)
from gnnseq.experiments.family import find_all
from gnnseq.experiments.optimizers import falling
from gnnseq.experiments.run import over_seeds
from gnnseq.plots.studies.trees import plot_listops
from gnnseq.studies.listops import (
    LISTOPS_FAMILIES,
    SETTINGS,
    TASKS,
    LabelledListOpsTask,
    PublishedListOpsTask,
    listops_table,
    run_listops,
)

MODELS = [family.name for family in LISTOPS_FAMILIES]
QUICK = {"seeds": 1, "rounds": 12, "models": ["tree", "tree-child-sum", "lstm", "bag"], "depth": 6, "arguments": 3,
         "longest": 60, "budget": 50_000, "round_steps": 100, "batch_size": 128, "test_samples": 2_000}  # fmt: skip
FULL = QUICK | {"seeds": 3, "rounds": 40, "models": MODELS}
PAPER = FULL | {"rounds": 200, "depth": 20, "arguments": 5, "longest": 200, "budget": 150_000}
PRESETS = {"full": FULL, "paper": PAPER}
OPTIONS = (
    ("depth", int, "most levels of an expression, digits included"),
    ("arguments", int, "most arguments of a list"),
    ("longest", int, "most symbols of an expression"),
    ("budget", int, "weights of every model"),
    ("rounds", int, "training rounds; after each the model is saved"),
    ("round_steps", int, "steps of a round"),
    ("batch_size", int, "expressions of a batch"),
    ("learning_rate", float, "of Adam at the start; it falls in a line"),
    ("test_samples", int, "fresh expressions on which a model is judged"),
)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; those of a preset stand unless they are given."""
    parser = make_parser("tree_lstm_listops", __doc__)
    parser.add_argument(
        "--preset", choices=list(PRESETS), help="full: 3 seeds, 4,000 steps; paper: its lists, for hours"
    )
    parser.add_argument("--models", nargs="+", help=f"which of: {', '.join(MODELS)} (default: all but tree-nary)")
    parser.add_argument("--seeds", type=int, help="runs of each model, seeds 0, 1, ... (default: 1)")
    parser.add_argument(
        "--labels",
        choices=list(TASKS),
        default="all",
        help="labels: the value of every list, or the answer only (default: all)",
    )
    parser.add_argument("--test", type=Path, help="expressions to judge on, such as the published test_d20s.tsv")
    add_settings(parser, OPTIONS, QUICK | {"learning_rate": None})
    add_places(parser)
    parser.add_argument("--output", type=Path, default=Path("runs/listops"), help="folder (default: runs/listops)")
    options = parser.parse_args(arguments)
    return fill_in(options, PRESETS[options.preset] if options.preset else QUICK)


def task_of(options: argparse.Namespace) -> LabelledListOpsTask:
    """Random expressions; with --test those of a file to be judged on.

    Raises:
        ValueError: for settings that do not fit, or a malformed file.
    """
    sizes = {"longest": options.longest, "depth": options.depth, "arguments": options.arguments}
    if options.test is None:
        return TASKS[options.labels](**sizes)
    if options.labels != "all":
        raise ValueError(f"--labels is {options.labels!r}, expected 'all' beside --test")
    given = read_listops(options.test)
    most = max(len(part.arguments) for expression in given for part in parts(expression))
    if most > options.arguments:
        raise ValueError(f"--arguments is {options.arguments}, expected at least {most}, as in {options.test}")
    return PublishedListOpsTask.of(given, **sizes)


def parts(expression: Expression) -> Iterator[Expression]:
    """An expression and all in it."""
    yield expression
    for argument in expression.arguments:
        yield from parts(argument)


def trials(options: argparse.Namespace) -> list[Trial]:
    """What is to run.

    Raises:
        ValueError: for what no run could use.
    """
    check_at_least_one(options, ["seeds", *(name for name, kind, _ in OPTIONS if kind is int)])
    check_places(options)
    check_positive(options, ["learning_rate"])
    families = find_all(options.models, LISTOPS_FAMILIES, "model")
    task = task_of(options)
    if isinstance(task, PublishedListOpsTask):
        options.test_samples = len(task.given)
    settings = replace(
        SETTINGS,
        budget=options.budget,
        steps=options.rounds * options.round_steps,
        batch_size=options.batch_size,
        test_samples=options.test_samples,
        validate_every=options.round_steps,
        schedule=falling(options.rounds),
        validation_samples=min(500, options.test_samples),
    )
    return over_seeds(task, families, options.seeds, options.learning_rate, settings)


def main(arguments: list[str] | None = None) -> int:
    """Compares the models; 2 for what no run could use."""
    options = parse(arguments)
    return exit_status(
        "tree_lstm_listops",
        options.output,
        lambda: compare_models(trials(options), options, run=run_listops, table=listops_table, plot=plot_listops),
    )


if __name__ == "__main__":
    sys.exit(main())
