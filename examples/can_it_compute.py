"""State tracking: predictions of theory for each model and task, and results of training at greater lengths.

    python examples/can_it_compute.py
    python examples/can_it_compute.py --tasks parity modulo-3 a5 --models lstm delta-net transformer --steps 1000
    python examples/can_it_compute.py --preset full --output runs/compute

Every model is trained on each task that has its graph, on inputs of 3 to 40 symbols, and tested at 40, 80, 160 and 256,
on random and hard inputs (repetitions of a few symbols, or formulas whose deepest leaf decides). Prints a table:
the prediction; the mean accuracy at the longest length on random inputs, and on both, whichever is lower; and in how
many runs each is at least 99 %. Writes records.jsonl, outcomes.json, table.md and compute.png into the output folder;
with --drift also drift.jsonl and drift.png, accuracy up to 10,000 symbols. A second run with the same folder does only
what is missing.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from gnnseq.experiments import Store
from gnnseq.experiments.command_line import (
    check_at_least_one,
    check_positive,
    exit_status,
    fill_in,
    make_folder,
    make_parser,
    report_failures,
)
from gnnseq.experiments.family import find_all
from gnnseq.files import write_text
from gnnseq.plots.studies.compute import plot_computability, plot_drift
from gnnseq.runs.store import Record
from gnnseq.studies.compute.drift import run_drift
from gnnseq.studies.compute.outcomes import grid, lengths_table, outcomes, places_table, summary
from gnnseq.studies.compute.study import GRID, LENGTHS, SETTINGS, STUDIED, TASKS, check_lengths, readers, run_study

PRESETS: dict[str, dict[str, Any]] = {
    "full": {
        "tasks": [task.name for task in TASKS],
        "models": [family.name for family in STUDIED],
        "seeds": 5,
        "steps": SETTINGS.steps,
        "rates": list(GRID),
        "drift": True,
    }
}
QUICK = {
    "tasks": ["parity", "flip-flop", "s3", "formula"],
    "models": ["lstm", "min-gru", "min-gru-signed", "transformer", "tcn", "tree-lstm-tree", "gcn-graph"],
    "seeds": 1,
    "steps": 400,
    "rates": [1e-2],
    "lengths": list(LENGTHS),
    "drift": False,
}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; those of a preset stand unless they are given."""
    parser = make_parser("can_it_compute", __doc__)
    tasks, models = ", ".join(task.name for task in TASKS), ", ".join(family.name for family in STUDIED)
    parser.add_argument("--tasks", nargs="+", help=f"which of: {tasks} (default: parity flip-flop s3 formula)")
    parser.add_argument("--models", nargs="+", help=f"which of: {models} (default: seven of them)")
    parser.add_argument("--seeds", type=int, help="runs of each model, seeds 0, 1, ... (default: 1)")
    parser.add_argument("--steps", type=int, help="training steps at most (default: 400)")
    parser.add_argument("--rates", type=float, nargs="+", help="learning rates that each model tries (default: 0.01)")
    parser.add_argument("--lengths", type=int, nargs="+", help="of the test samples (default: 40 80 160 256)")
    parser.add_argument("--drift", action="store_true", default=None, help="test parity up to 10,000 symbols too")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default: 2)")
    parser.add_argument("--preset", choices=list(PRESETS), help="full: all tasks and models, 5 seeds, tuned; hours")
    parser.add_argument(
        "--output", type=Path, default=Path("runs/can_it_compute"), help="folder (default: runs/can_it_compute)"
    )
    options = parser.parse_args(arguments)
    return fill_in(options, QUICK | PRESETS.get(options.preset, {}))


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for what no run could use."""
    check_at_least_one(options, ["seeds", "steps", "jobs"])
    check_positive(options, ["rates"])
    check_lengths(options.lengths)


def run(options: argparse.Namespace) -> int:
    """Runs what is missing, prints the table and writes the results; 1 where a run failed or diverged."""
    check(options)
    tasks = find_all(options.tasks, TASKS, "task")
    families = find_all(options.models, STUDIED, "model")
    readers(tasks, families)
    make_folder(options.output)
    store, settings = Store(options.output / "records.jsonl"), replace(SETTINGS, steps=options.steps)
    records = run_study(
        store, tasks, families, seeds=options.seeds, grid=options.rates, settings=settings, lengths=options.lengths,
        jobs=options.jobs,
    )  # fmt: skip
    files = write(records, options.output)
    if options.drift:
        drifted = run_drift(Store(options.output / "drift.jsonl"), options.seeds, jobs=options.jobs)
        print(places_table(drifted))
        plot_drift(drifted, options.output / "drift.png")
        files, records = [*files, "drift.jsonl", "drift.png"], records + drifted
    status = report_failures(records)
    print(f"Results: {options.output}/{', '.join(files)}")
    return status


def write(records: list[Record], folder: Path) -> list[str]:
    """Prints the table and writes it with the figure; the names of the files."""
    if not any(record.get("by_length") for record in records):
        return ["records.jsonl"]
    found = outcomes(records)
    text = f"{grid(found)}\n{summary(found)}"
    print(text)
    write_text(folder / "table.md", f"{text}\n{lengths_table(found)}")
    write_text(folder / "outcomes.json", json.dumps([asdict(outcome) for outcome in found], indent=1))
    plot_computability(found, folder / "compute.png")
    return ["records.jsonl", "outcomes.json", "table.md", "compute.png"]


def main(arguments: list[str] | None = None) -> int:
    """Predicts, trains, prints and writes; 2 for what no run could use."""
    options = parse(arguments)
    return exit_status("can_it_compute", options.output, lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
