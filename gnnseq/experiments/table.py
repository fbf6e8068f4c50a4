"""Records over seeds, joined into rows that people and other tools read."""

import csv
import io
import statistics
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from gnnseq.experiments.store import Record


class Row(NamedTuple):
    """One model at one length, over its seeds. Accuracies are shares from 0 to 1.

    Attributes:
        length: digits of the palindrome.
        family: name of the model family.
        title: the family's name in full.
        seeds: number of finished runs.
        accuracy: mean accuracy on fresh palindromes.
        spread: standard deviation over the seeds (ddof 1); 0 for one seed.
        best_50: mean over the seeds of the 50 best training batches, the report's metric.
        hops_required: hops from the answer to the output.
        hops_reach: hops the model covers; None where there is no limit.
        weights: number of weights.
        steps: mean number of training steps.
        ms_per_step: median time of a training step in milliseconds.
        chance: accuracy of a guess.
        setting: initialisation and learning rate.
        failed: runs that failed or diverged.
    """

    length: int
    family: str
    title: str
    seeds: int
    accuracy: float
    spread: float
    best_50: float
    hops_required: int
    hops_reach: int | None
    weights: int
    steps: float
    ms_per_step: float
    chance: float
    setting: str
    failed: int

    @property
    def verdict(self) -> str:
        """What the numbers say: cannot see, sees but did not learn, learned in part, or learned."""
        if self.hops_reach is not None and self.hops_reach < self.hops_required:
            return "cannot see"
        if self.accuracy >= 0.95:
            return "learned"
        return "did not learn" if self.accuracy < 1.5 * self.chance else "learned in part"


def rows(records: Iterable[Record]) -> list[Row]:
    """One row for each length and family, in the order in which they first appear, lengths ascending."""
    groups: dict[tuple[int, str], list[Record]] = {}
    for record in records:
        trial = record["trial"]
        groups.setdefault((trial["length"], trial["family"]), []).append(record)
    ordered = sorted(groups.values(), key=lambda group: group[0]["trial"]["length"])
    return [row for group in ordered if (row := _row(group)) is not None]


def _row(group: list[Record]) -> Row | None:
    done = [record for record in group if record["status"] == "done"]
    if not done:
        return None
    accuracies = [record["accuracy"] for record in done]
    first = done[0]
    return Row(
        length=first["trial"]["length"],
        family=first["trial"]["family"],
        title=first["title"],
        seeds=len(done),
        accuracy=statistics.fmean(accuracies),
        spread=statistics.stdev(accuracies) if len(done) > 1 else 0.0,
        best_50=statistics.fmean(record["best_50"] for record in done),
        hops_required=first["hops_required"],
        hops_reach=first["hops_reach"],
        weights=first["weights"],
        steps=statistics.fmean(record["steps"] for record in done),
        ms_per_step=statistics.median(record["ms_per_step"] for record in done),
        chance=first["chance"],
        setting=f"{first['initialisation']}, lr {first['learning_rate']:g}",
        failed=len(group) - len(done),
    )


HEADER = (
    "model",
    "fresh accuracy",
    "best 50",
    "sees / needs",
    "verdict",
    "weights",
    "steps",
    "ms/step",
    "setting",
)


def cells(row: Row) -> tuple[str, ...]:
    """A row as the texts of a table, under `HEADER`."""
    reach = "all" if row.hops_reach is None else str(row.hops_reach)
    failed = f", {row.failed} failed" if row.failed else ""
    return (
        row.title,
        f"{100 * row.accuracy:5.1f} ± {100 * row.spread:4.1f} %{failed}",
        f"{100 * row.best_50:5.1f} %",
        f"{reach} / {row.hops_required}",
        row.verdict,
        f"{row.weights:,}",
        f"{row.steps:.0f}",
        f"{row.ms_per_step:.1f}",
        row.setting,
    )


def markdown(table: Sequence[Row]) -> str:
    """One Markdown table for each length."""
    parts = []
    for length in dict.fromkeys(row.length for row in table):
        lines = [HEADER, *(cells(row) for row in table if row.length == length)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
        text = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines]
        text.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
        chance = next(row.chance for row in table if row.length == length)
        parts.append(f"Palindromes of length {length} (a guess scores {100 * chance:.0f} %)\n\n" + "\n".join(text))
    return "\n\n".join(parts) + "\n"


def to_csv(table: Sequence[Row]) -> str:
    """All rows as CSV with a header, one column per field of `Row` and the verdict."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*Row._fields, "verdict"])
    for row in table:
        values: list[Any] = ["" if value is None else value for value in row]
        writer.writerow([*values, row.verdict])
    return out.getvalue()
