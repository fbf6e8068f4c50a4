"""Language models at one budget as a table."""

from collections.abc import Iterable
from statistics import fmean

from gnnseq.experiments.settings import RECENT
from gnnseq.results.table import markdown_table, number
from gnnseq.runs.store import Record
from gnnseq.studies.text.run import bits

HEADER = ("model", "weights", "units", "held-out bits per character", "with its state carried", "held-out accuracy",
          "training bits", "ms per step")  # fmt: skip


def text_table(records: Iterable[Record]) -> str:
    """Models by held-out bits per character as Markdown; runs that failed or diverged come last."""
    records = list(records)
    done = sorted((record for record in records if record["status"] == "done"), key=lambda record: record["loss"])
    lines = [
        [record["family"]["title"], f"{record['weights']:,}", str(record["width"]), f"{bits(record['loss']):.3f}",
         "–" if record["carried"] is None else f"{bits(record['carried']):.3f}", f"{100 * record['score']:.1f} %",
         f"{bits(last_train_loss(record)):.3f}", f"{record['ms_per_step']:.0f}"]
        for record in done
    ]  # fmt: skip
    lines += [
        [record["family"]["title"], f"{record.get('weights', 0):,}", str(record.get("width", "–")),
         f"{record['status']}: {record['stopped']}", "–", "–", "–", number(record.get("ms_per_step"))]
        for record in records
        if record["status"] != "done"
    ]  # fmt: skip
    return markdown_table(HEADER, lines)


def last_train_loss(record: Record) -> float:
    """The mean loss of the last training batches: from the curve, or as a record that was stored without it has it."""
    return float(record["last_train_loss"]) if "curve" not in record else fmean(record["curve"]["loss"][-RECENT:])
