"""Fills the tables of compute.md and draws its figures from stored records: python docs/make_compute.py.

The records come from one command, which goes on where it was stopped, and are stored without their curves:

    python examples/can_it_compute.py --preset full --output runs/compute
    python docs/make_compute.py --store runs/compute

What theory says is asked anew when the page is made, so that the page fits the code.
"""

import argparse
import json
from pathlib import Path

from stored import fill_all, read, take_over, without_curve

from gnnseq.experiments import Store
from gnnseq.plots.studies.compute import plot_computability, plot_drift
from gnnseq.results.records import for_tuning
from gnnseq.runs.store import Record
from gnnseq.studies.compute.outcomes import grid, lengths_table, outcomes, places_table, summary
from gnnseq.studies.compute.predict import can_compute
from gnnseq.studies.compute.study import STUDIED, TASKS

DOCS = Path(__file__).parent
PAGE, FIGURES, RESULTS = DOCS / "compute.md", DOCS / "figures", DOCS / "results" / "compute"
TABLES = RESULTS / "tables.md"
RECORDS, DRIFT = RESULTS / "records.jsonl", RESULTS / "drift.jsonl"
SEEDS = 5
FAMILIES, NAMES = {family.name: family for family in STUDIED}, [task.name for task in TASKS]


def store(folder: Path) -> None:
    """Copies the records of the command into docs/results/compute."""
    take_over(folder, RECORDS)
    kept = [without_curve(record) for record in Store(folder / "drift.jsonl")]
    DRIFT.write_text("".join(json.dumps(record, sort_keys=True) + "\n" for record in kept), encoding="utf-8")


def final() -> list[Record]:
    """The runs that are judged, by task, model and seed, with what theory says now."""
    records = [record for record in read(RECORDS) if not for_tuning(record)]
    records.sort(key=place)
    return [record | predicted(record) for record in records]


def place(record: Record) -> tuple[int, int, int]:
    """Where a record stands."""
    return NAMES.index(record["task"]["name"]), list(FAMILIES).index(record["family"]["name"]), record["trial"]["seed"]


def predicted(record: Record) -> Record:
    """What theory says of a record's model and task."""
    answer = can_compute(FAMILIES[record["family"]["name"]], TASKS[NAMES.index(record["task"]["name"])])
    return {"computes": answer.word, "because": answer.reason}


def coverage(records: list[Record]) -> str:
    """How many of the study's runs there are."""
    pairs = sum(family.joins(task) for task in TASKS for family in STUDIED)
    seeds = [sum(record["trial"]["seed"] == seed for record in records) for seed in range(SEEDS)]
    if len(records) == SEEDS * pairs:
        return f"All {len(records)} runs are there: {pairs} pairs, {SEEDS} seeds.\n"
    shown = ", ".join(f"{count} of seed {seed}" for seed, count in enumerate(seeds))
    return (
        f"**The study is not finished: {len(records)} of {SEEDS * pairs} runs are there** ({pairs} pairs of model and "
        f"task; {shown}). What follows is made from these.\n"
    )


def filled() -> dict[Path, str]:
    """Both pages with their tables put in anew."""
    records = final()
    found = outcomes(records)
    tables = {
        PAGE: {"coverage": coverage(records), "summary": summary(found), "drift": places_table(read(DRIFT))},
        TABLES: {"grid": grid(found), "lengths": lengths_table(found)},
    }
    return {
        path: fill_all(path.read_text(encoding="utf-8"), {f"table {name}": table for name, table in own.items()})
        for path, own in tables.items()
    }


def draw() -> None:
    """Both figures."""
    plot_computability(outcomes(final()), FIGURES / "compute.png")
    plot_drift(read(DRIFT), FIGURES / "drift.png")


def main() -> None:
    """Draws the figures and fills the tables, after taking over new records where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="output folder of the full preset")
    options = parser.parse_args()
    if options.store is not None:
        store(options.store)
    draw()
    for path, text in filled().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
