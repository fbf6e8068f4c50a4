"""Recurrent and graph networks on palindromes: the same samples, the same number of weights.

    python examples/compare_rnn_vs_gnn.py
    python examples/compare_rnn_vs_gnn.py --lengths 5 20 40 --models lstm gcn --seeds 5
    python examples/compare_rnn_vs_gnn.py --preset report --output runs/report

Prints a table for each length, and writes records.jsonl, summary.csv, summary.md and accuracy.png into the output
folder. Run again with the same folder, it does only what is missing.
"""

import argparse
import sys
import warnings
from pathlib import Path

from gnnseq.experiments import (
    PALINDROME_FAMILIES,
    Store,
    Trial,
    find_family,
    markdown,
    rows,
    run_trials,
    to_csv,
)
from gnnseq.plots import plot_accuracy

REPORT = {
    "lengths": list(range(5, 61, 5)),
    "models": ["rnn", "lstm"],
    "steps": 10_000,
    "batch_size": 128,
    "optimizer": "rmsprop",
    "learning_rate": None,
    "width": 128,
}
REPORT_HELP = """the course report's settings: RNN and LSTM with 128 units, lengths 5 to 60, 10,000 steps of
batch 128, RMSprop, digits as numbers, LSTM at 1e-2"""
REPORT_RATES = {"lstm": 1e-2}  # every other model: 1e-3


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; those of a preset stand unless they are given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ", ".join(family.name for family in PALINDROME_FAMILIES)
    parser.add_argument("--lengths", type=int, nargs="+", help="digits of the palindromes (5 10 20)")
    parser.add_argument("--models", nargs="+", help=f"which of: {names} (all)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each model, seeds 0, 1, ... (3)")
    parser.add_argument("--steps", type=int, help="training steps at most (400)")
    parser.add_argument("--budget", type=int, default=10_000, help="weights of every model (10,000)")
    parser.add_argument("--batch-size", type=int, help="palindromes in a training batch (64)")
    parser.add_argument("--learning-rate", type=float, help="for all models (each family's own)")
    parser.add_argument("--optimizer", choices=["adam", "rmsprop", "sgd"], help="adam")
    parser.add_argument("--default-init", action="store_true", help="torch's initialisation instead of the family's")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (2)")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("runs/compare"),
        help="folder of the results (runs/compare)",
    )
    parser.add_argument("--preset", choices=["report"], help=REPORT_HELP)
    options = parser.parse_args(arguments)
    defaults = {
        "lengths": [5, 10, 20],
        "models": [family.name for family in PALINDROME_FAMILIES],
        "steps": 400,
        "batch_size": 64,
        "optimizer": "adam",
        "learning_rate": None,
        "width": None,
    } | (REPORT if options.preset else {})
    for name, value in defaults.items():
        if getattr(options, name, None) is None:
            setattr(options, name, value)
    return options


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for what no run could use."""
    for name in ("seeds", "steps", "budget", "batch_size", "jobs"):
        if getattr(options, name) < 1:
            raise ValueError(f"--{name.replace('_', '-')} is {getattr(options, name)}, expected at least 1")
    for length in options.lengths:
        if length < 2:
            raise ValueError(f"--lengths holds {length}, expected integers of at least 2")
    if options.learning_rate is not None and not options.learning_rate > 0:
        raise ValueError(f"--learning-rate is {options.learning_rate}, expected a positive number")
    for name in options.models:
        find_family(name)


def make_trials(options: argparse.Namespace) -> list[Trial]:
    """One trial for each length, model and seed; seeds in the outer loop, so that a first table comes early."""
    report = options.preset == "report"
    return [
        Trial(
            family=model,
            length=length,
            seed=seed,
            budget=options.budget,
            steps=options.steps,
            batch_size=options.batch_size,
            learning_rate=options.learning_rate or (REPORT_RATES.get(model, 1e-3) if report else None),
            optimizer=options.optimizer,
            tuned=not (report or options.default_init),
            scalar=report and model not in ("tree-lstm-balanced", "gcrn"),
            stop_at=None if report else 0.995,
            width=options.width,
        )
        for seed in range(options.seeds)
        for length in options.lengths
        for model in options.models
    ]


def main(arguments: list[str] | None = None) -> int:
    """Runs what is missing, prints the table and writes the results; 1 where a run failed."""
    options = parse(arguments)
    try:
        check(options)
        store = Store(options.output / "records.jsonl")
    except ValueError as error:
        print(f"compare_rnn_vs_gnn: {error}", file=sys.stderr)
        return 2
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.showwarning = lambda message, *_: print(f"note: {message}", file=sys.stderr)
            records = run_trials(make_trials(options), store, jobs=options.jobs)
    except KeyboardInterrupt:
        print(
            f"\nStopped. Finished runs are kept in {store.path}; run the same command to go on.",
            file=sys.stderr,
        )
        return 130
    table = rows(records)
    if table:
        print(markdown(table))
        (options.output / "summary.md").write_text(markdown(table), encoding="utf-8")
        (options.output / "summary.csv").write_text(to_csv(table), encoding="utf-8")
        plot_accuracy(records, options.output / "accuracy.png")
        print(explain(options))
    failed = [record for record in records if record["status"] != "done"]
    for record in failed:
        print(f"{record['status']}: {record['trial']['family']} at length {record['trial']['length']}, "
              f"seed {record['trial']['seed']}: {record['stopped']}", file=sys.stderr)  # fmt: skip
    print(f"Results: {options.output}/records.jsonl, summary.csv, summary.md, accuracy.png")
    return 1 if failed else 0


def explain(options: argparse.Namespace) -> str:
    """What the columns mean, and under which settings they were measured."""
    stop = "no early stop" if options.preset else "stopped early once the last 20 batches were 99.5 % right"
    return (
        f"Settings: {options.optimizer}, batches of {options.batch_size}, at most {options.steps:,} steps ({stop}), "
        f"gradients clipped at norm 10, seeds 0 to {options.seeds - 1}; spread is the standard deviation over seeds.\n"
        "fresh accuracy: on palindromes never trained on. best 50: the mean of the 50 best training batches, the "
        "course report's metric, which flatters.\n"
        "sees / needs: hops (over time for the GCRN: steps) that the model covers, and that lie between the answer and "
        "the output. Seeing is necessary, not sufficient: initialisation and the graph decide the rest.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
