"""Comparisons whose models are trained in rounds one after the other: what is missing is run, all is written."""

import statistics
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from gnnseq.files import write_text
from gnnseq.runs.store import Record, Store

FILES = "records.jsonl, table.md, accuracy.png"


def compare_in_rounds(
    runs: Mapping[str, Callable[[], Record]],
    folder: Path,
    *,
    describe: Callable[[Record], str],
    tabulate: Callable[[Sequence[Record]], str],
    draw: Callable[[Sequence[Record], Path], object],
) -> Generator[str, None, list[Record]]:
    """Runs what the folder's records lack, one after the other, then writes the table and the figure.

    Args:
        runs: by key, each of which gives the record of that key and may keep its checkpoint in ``<key>.pt``.
        folder: of records.jsonl, table.md and accuracy.png.
        describe: a record in a line.
        tabulate: all records as a Markdown table.
        draw: all records as a figure, into the file that it is given.

    Yields:
        What there is to tell, as soon as it is known: a line for each run, the table, and where the results are.

    Returns:
        All records, those of runs that diverged too.
    """
    store, records = Store(folder / "records.jsonl"), []
    if any(key not in store for key in runs):
        store.repair()  # raises where nothing can be written
    for key, run in runs.items():
        if key not in store:
            store.append(run())
        (folder / f"{key}.pt").unlink(missing_ok=True)  # also that of a run which was killed once it was stored
        records.append(store.read()[key])
        yield describe(records[-1])
    table = tabulate(records)
    yield f"\n{table}"
    write_text(folder / "table.md", table)
    draw(records, folder / "accuracy.png")
    yield f"Results: {folder}/{FILES}"
    return records


def diverged(record: Record) -> bool:
    """Whether a loss or gradient that was not finite ended the run; records from before there was a status did not."""
    return bool(record.get("status", "done") == "diverged")


def diverged_lines(records: Sequence[Record], counted: str) -> str:
    """A line for each run that diverged, and how its accuracy is counted.

    Args:
        records: of all runs.
        counted: as what, in words.
    """
    return "".join(
        f"\nDiverged, counted as {counted}: {record['title']}, seed {record['trial']['seed']}: {record['stopped']}\n"
        for record in filter(diverged, records)
    )


def mean_percent(values: Sequence[float]) -> str:
    """Mean and, of two and more, standard deviation in per cent."""
    mean = f"{100 * statistics.fmean(values):.1f}"
    return f"{mean} ± {100 * statistics.stdev(values):.1f} %" if len(values) > 1 else f"{mean} %"
