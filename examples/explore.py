"""An interactive page with two small models: type a sequence, and see each model's influence map and answer.

    python examples/explore.py
    python examples/explore.py --tasks listops:20 --models lstm tree-lstm-tree --output runs/lists
    python examples/explore.py --tasks palindromes:8 --models lstm gcn gcrn min-gru --seeds 3

Trains the models in about half a minute, and writes records.jsonl and page.html into the output folder. The page needs
no network and no other file. A second run with the same folder does only what is missing.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from gnnseq.experiments import FAMILIES, Settings, Store, run_comparison
from gnnseq.experiments.command_line import (
    add_settings,
    check_at_least_one,
    check_positive,
    exit_status,
    fill_in,
    make_folder,
    make_parser,
    report_failures,
)
from gnnseq.experiments.comparison import pairs
from gnnseq.experiments.family import find_all
from gnnseq.experiments.presets import make_tasks
from gnnseq.page import export_page, run_kept

DEFAULTS = {"seeds": 1, "steps": 400, "budget": 4_000, "batch_size": 64, "learning_rate": None, "jobs": 1}
OPTIONS = (
    ("seeds", int, "runs of each model, seeds 0, 1, ..."),
    ("steps", int, "training steps at most"),
    ("budget", int, "weights of every model"),
    ("batch_size", int, "samples of a batch"),
    ("learning_rate", float, "of Adam"),
    ("jobs", int, "processes at a time"),
)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = make_parser("explore", __doc__)
    parser.add_argument(
        "--tasks", nargs="+", default=["palindromes:14"], help="with their sizes (default: palindromes:14)"
    )
    parser.add_argument("--models", nargs="+", default=["lstm", "gcn"], help="names of families (default: lstm gcn)")
    add_settings(parser, OPTIONS, DEFAULTS)
    parser.add_argument("--output", type=Path, default=Path("runs/explore"), help="folder (default: runs/explore)")
    return fill_in(parser.parse_args(arguments), DEFAULTS | {"lengths": None})


def explore(options: argparse.Namespace) -> int:
    """Trains what is missing, writes the page and prints its path; 1 where a run failed or diverged."""
    check_at_least_one(options, ["seeds", "steps", "budget", "batch_size", "jobs"])
    check_positive(options, ["learning_rate"])
    rate = options.learning_rate
    families = [
        replace(family, **({} if rate is None else {"learning_rate": rate}))
        for family in find_all(options.models, FAMILIES, "model")
    ]
    tasks = make_tasks(options)
    settings = Settings(budget=options.budget, steps=options.steps, batch_size=options.batch_size)
    pairs(tasks, families)
    make_folder(options.output)
    records = run_comparison(
        tasks,
        families,
        store=Store(options.output / "records.jsonl"),
        seeds=options.seeds,
        settings=settings,
        run=run_kept,
        jobs=options.jobs,
    )
    status = report_failures(records)
    page = export_page(records, options.output / "page.html", title="What each model sees, and what it answers")
    print(f"Results: {options.output}/records.jsonl, page.html\n{page}")
    return status


def main(arguments: list[str] | None = None) -> int:
    """Trains the models and writes their page; 2 for what no run could use."""
    options = parse(arguments)
    return exit_status("explore", options.output, lambda: explore(options))


if __name__ == "__main__":
    sys.exit(main())
