"""Rows of the audit: the published number, and where stored records have its counterparts."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gnnseq.experiments.trial import Trial
from gnnseq.results.records import for_tuning, settings_that_differ
from gnnseq.results.statistics import Summary, summarise
from gnnseq.runs.store import Record

Mark = Literal["from the source", "from a quotation", "from memory"]
MARKS = {
    "from the source": "read in the source itself",
    "from a quotation": "read in a text that quotes the source",
    "from memory": "from memory, not checked",
}


@dataclass(frozen=True)
class Published:
    """A published number.

    Attributes:
        model: its name there.
        value: the number, in the unit of the row.
        source: the publication and its table.
        mark: how the number was obtained; one of `MARKS`.
        where: the text in which it was read.
    """

    model: str
    value: float
    source: str
    mark: Mark
    where: str = ""

    def __post_init__(self) -> None:
        if self.mark not in MARKS:
            raise ValueError(f"mark is {self.mark!r}, expected one of {', '.join(MARKS)}")
        if (self.mark == "from memory") == bool(self.where):
            raise ValueError(f"where is {self.where!r} for a number {self.mark}, expected the text that was read")


@dataclass(frozen=True)
class Row:
    """A published number and its counterparts in stored records.

    Attributes:
        setting: data, split and target.
        metric: with its unit.
        published: the number.
        titles: of the same tasks in records.
        measure: path of the value in a record: names joined by dots. Two integers are the right answers and the number
            of answers.
        same: the family of the published model; None if the library has none.
        ours: the family of a GCRN, or of another model of this library's.
        baselines: families of baselines.
        constants: baselines that need no run, by their name.
        higher_is_better: whether a larger value is better.
        hindrance: why the numbers cannot be compared; empty if they can.
        group: of rows that are counted together in an overview; the table's title by default.
    """

    setting: str
    metric: str
    published: Published
    titles: tuple[str, ...]
    measure: str = "score"
    same: str | None = None
    ours: str | None = None
    baselines: tuple[str, ...] = ()
    constants: Mapping[str, float] = field(default_factory=dict)
    higher_is_better: bool = False
    hindrance: str = ""
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A published table: its rows, and the trials that fill them.

    Attributes:
        name: of the option and of the file of records.
        title: of its section.
        text: the setting, for the reader.
        rows: its rows.
        trials: from a folder of data and a number of seeds; None if another command makes the records.
        command: that command.
    """

    name: str
    title: str
    text: str
    rows: tuple[Row, ...]
    trials: Callable[[Any, int], Sequence[Trial]] | None = None
    command: str = ""


@dataclass(frozen=True)
class Found:
    """The results of one model for a row.

    Attributes:
        name: of the model.
        summary: over the seeds with a value; the worst value, over no seeds, if every run diverged or failed.
        lost: runs that diverged or failed.
    """

    name: str
    summary: Summary
    lost: int = 0


def find(row: Row, family: str | None, records: Iterable[Record]) -> Found | None:
    """A family's values in a row, over seeds; None if it was not run.

    Raises:
        ValueError: for records with different settings, or two of one seed.
    """
    own = [
        record
        for record in records
        if record.get("task", {}).get("title") in row.titles
        and record["family"]["name"] == family
        and not for_tuning(record)
    ]
    differing, seeds = settings_that_differ(own), {record["trial"]["seed"] for record in own}
    if differing or len(seeds) < len(own):
        names = ", ".join(differing) or "seed"
        raise ValueError(f"records has runs of {family} for {row.setting} that are not one setting: see {names}; "
                         "expected one, with one run of each seed")  # fmt: skip
    ended = [record for record in own if record["status"] == "done"]
    values = {record["trial"]["seed"]: value_at(record, row.measure) for record in ended}
    kept = [value for _, value in sorted(values.items()) if value is not None and math.isfinite(value)]
    lost = len(own) - len(ended) + sum(value is not None and not math.isfinite(value) for value in values.values())
    if not kept and not lost:
        return None
    worst = Summary(0, 0.0 if row.higher_is_better else math.inf, None, None, None)
    return Found(own[0]["family"]["title"], summarise(kept) if kept else worst, lost)


def value_at(record: Record, measure: str) -> float | None:
    """The value under names joined by dots; None if the record has none.

    Raises:
        ValueError: for a value that is neither a number nor two integers.
    """
    value: Any = record
    for name in measure.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return None
    if isinstance(value, list) and len(value) == 2 and value[1]:
        return float(value[0] / value[1])
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{measure} is {value!r}, expected a number, or right answers and their number")
    return float(value)
