"""Published tables beside this library's results on the same data, and beside simple baselines.

    python examples/published_tables.py
    python examples/published_tables.py --tables influenza --seeds 5 --output runs/influenza
    python examples/published_tables.py --baselines

Tables of forecasts on graphs (GP-VAR, chickenpox in Hungary, influenza in Japan and the United States, a week of
METR-LA), Tree-NeighborsMatch, adding and copy memory, and rows for sentiment, logical inference and ListOps, whose
records `gnnseq sentiment`, `gnnseq pairs` and `gnnseq listops` write (--records). Every row has the published number
and its source, the same model run here, a GCRN, baselines, and a verdict by a fixed rule: reproduced, not reproduced,
beaten by a baseline, not comparable, not run yet.

Data files that are not in --path are downloaded into it and checked by their hashes. Every run is a record in
<table>.jsonl of the output folder, beside audit.md, audit.csv and audit.json; a second run with the same folder
resumes. All tables take less than two hours on two cores; --baselines takes seconds.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from gnnseq.data.download import cache_folder
from gnnseq.experiments import Store, Trial
from gnnseq.experiments.command_line import (
    add_places,
    check_at_least_one,
    check_places,
    exit_status,
    make_folder,
    make_parser,
    report_failures,
)
from gnnseq.experiments.family import find_all, find_named
from gnnseq.experiments.run import run_resumable
from gnnseq.files import write_text
from gnnseq.runs.store import Record
from gnnseq.studies.audit.baselines import ONCE
from gnnseq.studies.audit.report import FilledRow, fill_table, legend, markdown, summary, to_csv
from gnnseq.studies.audit.run import run_audit
from gnnseq.studies.audit.tables import TABLES

NAMES = [table.name for table in TABLES]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = make_parser("published_tables", __doc__)
    parser.add_argument("--tables", nargs="+", default=NAMES, help=f"which of: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--path", type=Path, help="folder of the data files (default: that of downloads)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each network, seeds 0, 1, ... (default: 3)")
    parser.add_argument(
        "--steps", type=int, help="training steps at most, for a quick look (default: each table its own)"
    )
    parser.add_argument("--baselines", action="store_true", help="only baselines, without training")
    parser.add_argument("--records", type=Path, help="folder with more records, such as docs/results")
    add_places(parser)
    parser.add_argument("--output", type=Path, default=Path("runs/audit"), help="folder (default: runs/audit)")
    return parser.parse_args(arguments)


def trials(options: argparse.Namespace) -> dict[str, list[Trial]]:
    """What is to run, by table.

    Raises:
        ValueError: for what no run could use, and files that no table can be made of.
    """
    check_at_least_one(options, ["seeds", "steps"])
    check_places(options)
    tables = find_all(options.tables, TABLES, "table")
    folder = cache_folder() / "audit" if options.path is None else options.path
    found = {}
    for table in tables:
        todo = [] if table.trials is None else list(table.trials(folder, options.seeds))
        if options.baselines:
            todo = [trial for trial in todo if trial.settings == ONCE]
        found[table.name] = [shortened(trial, options.steps) for trial in todo]
    return found


def shortened(trial: Trial, steps: int | None) -> Trial:
    """A trial of at most so many training steps; baselines have none."""
    settings = trial.settings
    if steps is None or settings == ONCE or settings.steps <= steps:
        return trial
    every = None if settings.validate_every is None else min(settings.validate_every, steps)
    return replace(trial, settings=replace(settings, steps=steps, validate_every=every))


def run(options: argparse.Namespace, todo: dict[str, list[Trial]]) -> list[Record]:
    """Runs what is missing of the tables, one after the other; the records of all."""
    records: list[Record] = []
    for name, own in todo.items():
        if own:
            print(f"{name}: {len(own)} runs", flush=True)
            store = Store(options.output / f"{name}.jsonl")
            records += run_resumable(own, store, run=run_audit, jobs=options.jobs, device=options.device)
    return records


def more_records(options: argparse.Namespace) -> list[Record]:
    """Stored records of other commands."""
    files = [] if options.records is None else sorted(options.records.rglob("*.jsonl"))
    return [record for file in files for record in Store(file)]


def write(filled: dict[str, list[FilledRow]], folder: Path) -> None:
    """Prints the tables, and writes them as Markdown, CSV and JSON."""
    titles = {table.name: table.title for table in TABLES}
    parts = [f"## {titles[name]}\n\n{markdown(rows)}\n{summary(rows)}\n" for name, rows in filled.items()]
    text = "\n".join([*parts, f"Published numbers, {legend()}.\n"])
    print(text)
    write_text(folder / "audit.md", text)
    write_text(folder / "audit.csv", to_csv(filled))
    plain = {name: [row.plain for row in rows] for name, rows in filled.items()}
    write_text(folder / "audit.json", json.dumps(plain, indent=1) + "\n")


def audit(options: argparse.Namespace) -> int:
    """Runs, prints and writes the audit; 1 where a run failed or diverged."""
    todo = trials(options)
    make_folder(options.output)
    records = run(options, todo)
    known = [*records, *more_records(options)]
    write({name: fill_table(find_named(name, TABLES, "--tables"), known) for name in todo}, options.output)
    print(f"Results: {options.output}")
    return report_failures(records)


def main(arguments: list[str] | None = None) -> int:
    """Audits the tables; 2 for what no run could use."""
    options = parse(arguments)
    return exit_status("published_tables", options.output, lambda: audit(options))


if __name__ == "__main__":
    sys.exit(main())
