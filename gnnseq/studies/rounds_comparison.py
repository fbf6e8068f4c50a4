"""Comparisons whose models are trained in rounds one after the other: what is missing is run, all is written."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from gnnseq.data.files import write_atomically
from gnnseq.runs.store import Record, Store

FILES = "records.jsonl, table.md, accuracy.png"


def compare_in_rounds(
    runs: Mapping[str, Callable[[], Record]],
    folder: Path,
    *,
    describe: Callable[[Record], str],
    tabulate: Callable[[Sequence[Record]], str],
    draw: Callable[[Sequence[Record], Path], object],
) -> Iterator[str]:
    """Runs what the folder's records lack, one after the other, then writes the table and the figure.

    Args:
        runs: by key, each of which gives the record of that key and may keep its checkpoint in ``<key>.pt``.
        folder: of records.jsonl, table.md and accuracy.png.
        describe: a record in a line.
        tabulate: all records as a Markdown table.
        draw: all records as a figure, into the file that it is given.

    Yields:
        What there is to tell, as soon as it is known: a line for each run, the table, and where the results are.
    """
    store, records = Store(folder / "records.jsonl"), []
    for key, run in runs.items():
        if key not in store:
            store.append(run())
            (folder / f"{key}.pt").unlink(missing_ok=True)
        records.append(store.read()[key])
        yield describe(records[-1])
    table = tabulate(records)
    yield f"\n{table}"
    with write_atomically(folder / "table.md") as file:
        file.write(table.encode())
    draw(records, folder / "accuracy.png")
    yield f"Results: {folder}/{FILES}"


def mean_percent(values: Sequence[float]) -> str:
    """Mean and, of two and more, standard deviation in per cent."""
    mean = f"{100 * statistics.fmean(values):.1f}"
    return f"{mean} ± {100 * statistics.stdev(values):.1f} %" if len(values) > 1 else f"{mean} %"
