"""SGD, momentum, RMSprop and Adam on the same model, each tuned over the same learning rates on validation data.

    python examples/compare_optimizers.py
    python examples/compare_optimizers.py --family lstm --length 8 --seeds 12
    python examples/compare_optimizers.py --optimizers sgd adam --rates 0.01 0.1 1

Prints the steps that each needs to reach an accuracy of 95 %, with a verdict for each pair, and writes
records.jsonl, optimizers.md, verdicts.csv, optimizers.png, learning.png and paths.png (their paths over
losses of two weights) into the output folder. A second run with the same folder does only what is missing.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from gnnseq.data import PalindromeDataset
from gnnseq.experiments.command_line import check_at_least_one, exit_status, make_folder, make_parser
from gnnseq.experiments.family import find_all
from gnnseq.experiments.optimizers import ADAM, MOMENTUM, OPTIMIZERS, RMSPROP, SGD, find_optimizer
from gnnseq.experiments.tuning import check_grid
from gnnseq.files import write_text
from gnnseq.plots.comparison.learning import plot_learning
from gnnseq.plots.studies.optimizers import plot_race
from gnnseq.plots.studies.surface import plot_paths
from gnnseq.results.report import how_tested, verdicts_csv
from gnnseq.runs.store import Store
from gnnseq.studies.optimizers.race import (
    GRID,
    SETTINGS,
    Race,
    base_trial,
    optimizer_title,
    race_table,
    race_verdicts,
    run_race,
)
from gnnseq.studies.optimizers.surface import best_path, ravine, two_weight_rnn

METHODS = (SGD, MOMENTUM, RMSPROP, ADAM)
FAMILIES = ("rnn", "lstm")
PATH_RATES = tuple(a * 10.0**b for b in range(-3, 1) for a in (1, 1.5, 2, 3, 5, 7))


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = make_parser("compare_optimizers", __doc__)
    names = [method.name for method in METHODS]
    parser.add_argument("--optimizers", nargs="+", default=names, help=f"which of: {', '.join(names)} (default: all)")
    parser.add_argument(
        "--rates",
        type=float,
        nargs="+",
        default=list(GRID),
        help=f"learning rates that all try (default: {' '.join(f'{rate:g}' for rate in GRID)})",
    )
    parser.add_argument(
        "--seeds", type=int, default=10, help="final runs of each; all six pairs need at least 8 (default: 10)"
    )
    parser.add_argument("--tuning-seeds", type=int, default=3, help="runs for each learning rate (default: 3)")
    parser.add_argument("--family", choices=FAMILIES, default="rnn", help="the model (default: rnn)")
    parser.add_argument("--length", type=int, default=6, help="digits of the palindromes (default: 6)")
    parser.add_argument("--width", type=int, default=32, help="features of a state (default: 32)")
    parser.add_argument("--steps", type=int, default=300, help="training steps at most (default: 300)")
    parser.add_argument("--path-steps", type=int, default=60, help="steps on the losses of two weights (default: 60)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default: 2)")
    parser.add_argument(
        "--output", type=Path, default=Path("runs/optimizers"), help="folder (default: runs/optimizers)"
    )
    return parser.parse_args(arguments)


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for what no run could use."""
    check_at_least_one(options, ["seeds", "tuning_seeds", "width", "steps", "path_steps", "jobs"])
    PalindromeDataset(options.length)
    check_grid(options.rates)
    find_all(options.optimizers, OPTIMIZERS, "optimizer")


def race(options: argparse.Namespace, store: Store) -> Race:
    """Tunes and runs what is missing."""
    settings = replace(SETTINGS, width=options.width, steps=options.steps)
    return run_race(
        [find_optimizer(name) for name in options.optimizers],
        store,
        grid=options.rates,
        seeds=options.seeds,
        tuning_seeds=options.tuning_seeds,
        base=base_trial(options.family, options.length, settings),
        jobs=options.jobs,
    )


def write(found: Race, options: argparse.Namespace) -> str:
    """Writes tables and figures; the table as text."""
    verdicts = race_verdicts(found)
    text = race_table(found) + (f"\n{how_tested(verdicts)}\n" if verdicts else "")
    write_text(options.output / "optimizers.md", text)
    write_text(options.output / "verdicts.csv", verdicts_csv(verdicts))
    plot_race(found, options.output / "optimizers.png")
    if any(record.get("curve") for record in found.final):  # stored records may be kept without curves
        plot_learning(found.final, options.output / "learning.png", optimizer_title)
    methods = [find_optimizer(name) for name in options.optimizers]
    paths = {
        surface: [best_path(surface, method, PATH_RATES, options.path_steps) for method in methods]
        for surface in (ravine(), ravine(degrees=45), two_weight_rnn())
    }
    plot_paths(paths, options.output / "paths.png")
    lines = [
        f"{surface.title}: " + ", ".join(f"{p.method.title} {p.losses[-1]:.2g} (lr {p.learning_rate:g})" for p in own)
        for surface, own in paths.items()
    ]
    return text + f"\nLoss after {options.path_steps} steps on\n" + "\n".join(lines) + "\n"


def compare(options: argparse.Namespace) -> int:
    """Runs what is missing, prints the table and writes the results; 1 where a final run failed."""
    check(options)
    make_folder(options.output)
    found = race(options, Store(options.output / "records.jsonl"))
    print(write(found, options))
    failed = [record for record in found.final if record["status"] == "failed"]
    for record in failed:
        print(f"failed: {record['label']}: {record['stopped']}", file=sys.stderr)
    names = "records.jsonl, optimizers.md, verdicts.csv, optimizers.png, learning.png, paths.png"
    print(f"Results: {options.output}/{names}")
    return 1 if failed else 0


def main(arguments: list[str] | None = None) -> int:
    """Compares the optimisers; 2 for what no run could use."""
    options = parse(arguments)
    return exit_status("compare_optimizers", options.output, lambda: compare(options))


if __name__ == "__main__":
    sys.exit(main())
