"""Pairs of formulas or sentences: models on trees against models on sequences.

    python examples/tree_lstm_pairs.py --path logic/
    python examples/tree_lstm_pairs.py --path logic/ --preset full --output runs/logic_full
    python examples/tree_lstm_pairs.py --task relatedness --path sick/ --trees balanced --output runs/sick

Task "logic": which of seven relations holds between two formulas of propositional logic (Bowman et al. 2015). --path is
a folder with train1, train2, ... and test1, test2, ..., each line a relation and two formulas in brackets. Models learn
from formulas of up to --longest operators; the score is of the test formulas that are longer, and the table has every
length. A tenth of the training pairs is validation data: it selects the weights that are tested.

Tasks "relatedness" and "entailment" are those of SICK (SemEval 2014, task 1). --path is a folder with SICK_train.txt,
SICK_trial.txt and SICK_test_annotated.txt, from the archives sick_train.zip, sick_trial.zip and sick_test_annotated.zip
of https://alt.qcri.org/semeval2014/task1/index.php?id=data-and-tools or from https://doi.org/10.5281/zenodo.2787612
(licence CC BY-NC-SA 3.0). The sentences are not parsed: their trees are balanced or branch to the
right (--trees), without regard to grammar, so results differ from those with parses. With a parser,
call gnnseq.data.read_sick(path, parse).

Writes records.jsonl, table.md and accuracy.png into the output folder. A second run with the same folder
resumes.
"""

import argparse
import sys
from dataclasses import replace
from itertools import chain
from pathlib import Path

from gnnseq.data import Tree, TreePairs, balanced_tree, read_logic, read_sick, right_branching_tree
from gnnseq.data.trees.pairs import LOGIC_RELATIONS, SICK_RELATIONS
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
from gnnseq.experiments.run import over_seeds
from gnnseq.plots.studies.trees import plot_pairs
from gnnseq.studies.pairs.models import (
    OTHER_DECAY,
    PAIR_FAMILIES,
    SETTINGS,
    WEIGHT_DECAY,
    adamw,
    pairs_table,
    run_pairs,
)
from gnnseq.studies.pairs.task import PairData, PairTask, RelatednessTask

MODELS = [family.name for family in PAIR_FAMILIES]
QUICK = {"seeds": 1, "steps": 2_000, "models": MODELS, "budget": 50_000, "batch_size": 128, "longest": 6,
         "look_every": 200}  # fmt: skip
FULL = QUICK | {"seeds": 3, "steps": 20_000, "look_every": 1_000}
PRESETS = {"full": FULL}
OPTIONS = (
    ("budget", int, "weights of every model"),
    ("steps", int, "training steps"),
    ("batch_size", int, "pairs of a batch"),
    ("learning_rate", float, "of AdamW"),
    ("weight_decay", float, "of AdamW; against overfitting"),
    ("longest", int, "operators of a formula to learn from"),
    ("look_every", int, "steps between two looks at the held-out pairs"),
)
TREES = {"balanced": balanced_tree, "right": right_branching_tree}
SICK = {"train": "SICK_train.txt", "dev": "SICK_trial.txt", "test": "SICK_test_annotated.txt"}
LONGEST_TEST = 12


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; those of a preset stand unless they are given."""
    parser = make_parser("tree_lstm_pairs", __doc__)
    parser.add_argument("--task", choices=["logic", "relatedness", "entailment"], default="logic",
                        help="relation of two formulas, or score or relation of two sentences of SICK "
                        "(default: logic)")  # fmt: skip
    parser.add_argument("--path", type=Path, required=True, help="folder of the data")
    parser.add_argument(
        "--trees", choices=list(TREES), default="balanced", help="trees over SICK's sentences (default: balanced)"
    )
    parser.add_argument("--preset", choices=list(PRESETS), help="full: 3 seeds, 20,000 steps")
    parser.add_argument("--models", nargs="+", help=f"which of: {', '.join(MODELS)} (default: all)")
    parser.add_argument("--seeds", type=int, help="runs of each model, seeds 0, 1, ... (default: 1)")
    add_settings(parser, OPTIONS, QUICK | {"learning_rate": None, "weight_decay": None})
    add_places(parser)
    parser.add_argument("--output", type=Path, default=Path("runs/pairs"), help="folder (default: runs/pairs)")
    options = parser.parse_args(arguments)
    return fill_in(options, PRESETS[options.preset] if options.preset else QUICK)


def logic(options: argparse.Namespace) -> PairTask:
    """Formulas up to a length to learn from, a tenth of them held out, and longer ones to be judged on."""
    if options.longest >= LONGEST_TEST:
        raise ValueError(
            f"--longest is {options.longest}, expected less than {LONGEST_TEST}, the longest test formulas"
        )
    lengths, longer = range(1, options.longest + 1), range(options.longest + 1, LONGEST_TEST + 1)
    train = joined([read_logic(options.path / f"train{length}") for length in lengths])
    parts = {
        "train": chosen(train, [row for row in range(len(train.left)) if row % 10]),
        "dev": chosen(train, range(0, len(train.left), 10)),
        "test": joined([read_logic(options.path / f"test{length}") for length in longer]),
        "short": joined([read_logic(options.path / f"test{length}") for length in lengths]),
    }
    title = f"logical inference, longer than {options.longest}"
    return PairTask.of(PairData(parts, LOGIC_RELATIONS, brackets=True), title)


def sick(options: argparse.Namespace) -> PairTask:
    """The sentences of SICK, with trees that ignore the grammar."""

    def tree(text: str) -> Tree:
        return TREES[options.trees](text.lower().split())

    data = PairData({part: read_sick(options.path / name, tree) for part, name in SICK.items()}, SICK_RELATIONS)
    kind = RelatednessTask if options.task == "relatedness" else PairTask
    return kind.of(data, f"SICK {options.task}, {options.trees} trees")


def joined(parts: list[TreePairs]) -> TreePairs:
    """All pairs of several files."""
    return TreePairs(*(list(chain.from_iterable(column)) for column in zip(*parts, strict=True)))


def chosen(pairs: TreePairs, rows: list[int] | range) -> TreePairs:
    """Some of the pairs."""
    return TreePairs(*([column[row] for row in rows] if column else [] for column in pairs))


def trials(options: argparse.Namespace) -> list[Trial]:
    """What is to run.

    Raises:
        ValueError: for what no run could use.
    """
    check_at_least_one(options, ["seeds", *(name for name, kind, _ in OPTIONS if kind is int)])
    check_places(options)
    check_positive(options, ["learning_rate"])
    if options.weight_decay is not None and not options.weight_decay >= 0:
        raise ValueError(f"--weight-decay is {options.weight_decay:g}, expected at least 0")
    families = find_all(options.models, PAIR_FAMILIES, "model")
    task = logic(options) if options.task == "logic" else sick(options)
    settings = replace(
        SETTINGS,
        budget=options.budget,
        steps=options.steps,
        batch_size=options.batch_size,
        validate_every=min(options.look_every, options.steps),
        validation_samples=len(task.targets("dev")),
        test_samples=len(task.targets("test")),
    )
    todo = []
    for family in families:
        own = WEIGHT_DECAY.get(family.name, OTHER_DECAY)
        optimizer = adamw(own if options.weight_decay is None else options.weight_decay)
        todo += over_seeds(task, [family], options.seeds, options.learning_rate, replace(settings, optimizer=optimizer))
    return todo


def main(arguments: list[str] | None = None) -> int:
    """Compares the models; 2 for what no run could use."""
    options = parse(arguments)
    return exit_status(
        "tree_lstm_pairs",
        options.output,
        lambda: compare_models(trials(options), options, run=run_pairs, table=pairs_table, plot=plot_pairs),
    )


if __name__ == "__main__":
    sys.exit(main())
