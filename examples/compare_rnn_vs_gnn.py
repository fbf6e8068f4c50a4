"""Recurrent and graph networks on the same tasks: the same samples, the same number of weights.

    python examples/compare_rnn_vs_gnn.py
    python examples/compare_rnn_vs_gnn.py --lengths 5 20 40 --models lstm gcn --seeds 5
    python examples/compare_rnn_vs_gnn.py --tune 1e-3 1e-2 --tuning-seeds 2
    python examples/compare_rnn_vs_gnn.py --tasks copy:30 blocks:32 --models lstm dilated conv-graph --html
    python examples/compare_rnn_vs_gnn.py --preset report --output runs/report

Prints a table for each task, and writes records.jsonl, summary.csv, summary.md and accuracy.png (one for each kind of
task) into the output folder. A second run with the same folder does only what is missing.
"""

import argparse
import sys
from functools import partial
from typing import Any

from gnnseq.experiments import Store, collect, find_family, markdown, run_comparison, run_trial, to_csv
from gnnseq.experiments.command_line import exit_status, make_folder, report_failures
from gnnseq.experiments.presets import check, explain, groups, make_settings, parse
from gnnseq.files import write_text
from gnnseq.plots import plot_accuracy
from gnnseq.plots.comparison.report import verdicts, write_report
from gnnseq.studies.compute.study import predicted


def compare(options: argparse.Namespace) -> int:
    """Runs what is missing, prints the table and writes the results; 1 where a run failed or diverged."""
    check(options)
    parts, settings = groups(options), make_settings(options)
    make_folder(options.output)
    store = Store(options.output / "records.jsonl")
    records = []
    for tasks, families in parts:
        records += run_comparison(
            tasks,
            families,
            store=store,
            seeds=options.seeds,
            grid=options.tune,
            tuning_seeds=options.tuning_seeds,
            settings=settings,
            jobs=options.jobs,
            retry_failed=options.retry_failed,
            run=partial(run_trial, before=predicted),
        )
    files = write(records, options)
    status = report_failures(records)
    print(f"Results: {options.output}/{', '.join(['records.jsonl', *files])}")
    return status


def write(records: list[dict[str, Any]], options: argparse.Namespace) -> list[str]:
    """Prints the table and writes it with the figures; the names of the files."""
    table = collect(records)
    if not table:
        return []
    print(markdown(table))
    write_text(options.output / "summary.md", markdown(table))
    write_text(options.output / "summary.csv", to_csv(table))
    files = ["summary.csv", "summary.md"]
    kinds = list(dict.fromkeys(result.task["name"] for result in table if result.scores))
    for kind in kinds:
        files.append("accuracy.png" if len(kinds) == 1 else f"accuracy-{kind.replace(' ', '-')}.png")
        plot_accuracy([r for r in records if r["task"]["name"] == kind], options.output / files[-1])
    if options.html:
        files += write_page(records, options)
    print(explain(options))
    for note in dict.fromkeys(
        f"{r['label'].rsplit(',', 2)[0]}: {r['budget_note']}" for r in records if r.get("budget_note")
    ):
        print(f"off the budget: {note}")
    return files


def write_page(records: list[dict[str, Any]], options: argparse.Namespace) -> list[str]:
    """One page with verdicts, tables and figures; the names of all its files."""
    reference = None if options.reference is None else find_family(options.reference).title
    found = verdicts(collect(records), reference=reference)
    return [path.name for path in write_report(records, options.output, found)]


def main(arguments: list[str] | None = None) -> int:
    """Compares the models; exit status 2 for invalid options."""
    options = parse(__doc__, arguments)
    return exit_status("compare_rnn_vs_gnn", options.output, partial(compare, options))


if __name__ == "__main__":
    sys.exit(main())
