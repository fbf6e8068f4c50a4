"""Records over seeds, joined into rows that people and other tools read."""

import csv
import io
import json
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from gnnseq.results.joined import score
from gnnseq.results.report import markdown_table
from gnnseq.results.verdict import diagnosed
from gnnseq.runs.store import Record


class Row(NamedTuple):
    """One model on one task, over its seeds. Accuracies are shares from 0 to 1.

    Attributes:
        task: title of the task.
        kind: its name without its size.
        size: its length or depth.
        family: name of the model family.
        title: the family's name in full.
        seeds: number of runs that left a result; 0 where all failed, and all numbers of the runs are then missing.
        score: mean metric on fresh data; a run that diverged and left no finite score counts as chance.
        spread: standard deviation over the seeds (ddof 1); 0 for one seed.
        metric: what the score is.
        higher_is_better: of the metric.
        chance: metric of the best guess that sees no input.
        solved: metric from which on the task counts as learned.
        best_50: mean over the seeds of the 50 best training batches, the report's metric; None for errors.
        hops_required: hops from the answer to the output; None where there is no such number.
        hops_reach: hops the model covers; None where there is no limit.
        influence: of the answer before training, relative to the average input; None where it was not measured.
        weights: number of weights.
        state_size: numbers held for one element of the input.
        steps: mean number of training steps.
        samples_to_threshold: mean training samples until the threshold; None where no seed reached it.
        ms_per_step: median time of a training step in milliseconds.
        peak_memory_mb: memory that training holds at once; None where it was not measured.
        setting: initialisation and learning rate.
        failed: runs that ended in an error and left no result.
        diverged: runs that diverged, among the results.
    """

    task: str
    kind: str
    size: int
    family: str
    title: str
    seeds: int
    score: float
    spread: float
    metric: str
    higher_is_better: bool
    chance: float
    solved: float
    best_50: float | None
    hops_required: int | None
    hops_reach: int | None
    influence: float | None
    weights: int | None
    state_size: int | None
    steps: float
    samples_to_threshold: float | None
    ms_per_step: float
    peak_memory_mb: float | None
    setting: str
    failed: int
    diverged: int = 0

    @property
    def gain(self) -> float:
        """How far the score lies on the way from chance, 0, to the task's threshold, 1."""
        return (self.score - self.chance) / (self.solved - self.chance)

    @property
    def cannot_see(self) -> bool:
        """Whether the answer lies beyond the model's reach, or was seen to have no influence at all."""
        reach, required = self.hops_reach, self.hops_required
        return self.influence == 0 or (reach is not None and required is not None and reach < required)

    @property
    def verdict(self) -> str:
        """What the numbers say: cannot see, sees but did not learn, learned in part, learned, or failed."""
        return "failed" if self.seeds == 0 else diagnosed(self.cannot_see, self.gain)


def rows(records: Iterable[Record]) -> list[Row]:
    """One row for each task, model and setting, in the order in which they first appear, sizes ascending.

    Runs that only chose a learning rate are left out. A model all of whose runs failed has a row that says so.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        if record.get("purpose") == "test":
            setting = {name: value for name, value in record["trial"].items() if name != "seed"}
            groups.setdefault(json.dumps(setting, sort_keys=True), []).append(record)
    kinds = list(dict.fromkeys(group[0]["task"]["name"] for group in groups.values()))
    ordered = sorted(groups.values(), key=lambda g: (kinds.index(g[0]["task"]["name"]), g[0]["task"]["size"]))
    return [_row(group) for group in ordered]


def _row(group: list[Record]) -> Row:
    scored = [(record, value) for record in group if (value := score(record)) is not None]
    done, scores = [record for record, _ in scored], [value for _, value in scored]
    first = done[0] if done else group[0]
    task = first["task"]
    return Row(
        task=task["title"],
        kind=task["name"],
        size=task["size"],
        family=first["family"]["name"],
        title=first["family"]["title"],
        seeds=len(done),
        score=statistics.fmean(scores) if done else math.nan,
        spread=statistics.stdev(scores) if len(done) > 1 else 0.0,
        metric=task["metric"],
        higher_is_better=task["higher_is_better"],
        chance=task["chance"],
        solved=task["solved"],
        best_50=_mean(done, "best_50"),
        hops_required=first["hops_required"],
        hops_reach=first["hops_reach"],
        influence=_mean(done, "influence"),
        weights=first.get("weights"),
        state_size=first.get("state_size"),
        steps=statistics.fmean(record["steps"] for record in done) if done else math.nan,
        samples_to_threshold=_mean(done, "samples_to_threshold"),
        ms_per_step=statistics.median(record["ms_per_step"] for record in done) if done else math.nan,
        peak_memory_mb=_mean(done, "peak_memory_mb"),
        setting=f"{first['initialisation']}, lr {first['trial']['learning_rate']:g}",
        failed=len(group) - len(done),
        diverged=sum(record["status"] == "diverged" for record in done),
    )


def _mean(records: Iterable[Record], name: str) -> float | None:
    """Over the records that have the value."""
    values = [record[name] for record in records if record[name] is not None]
    return statistics.fmean(values) if values else None


def _shown(value: float | None, form: str) -> str:
    return "" if value is None or math.isnan(value) else format(value, form)


def _score(row: Row) -> str:
    counts = ((row.diverged, "diverged"), (row.failed, "failed"))
    ended = "".join(f", {count} {word}" for count, word in counts if count)
    if row.seeds == 0:
        return f"none{ended}"
    if row.higher_is_better:
        return f"{100 * row.score:5.1f} ± {100 * row.spread:4.1f} %{ended}"
    return f"{row.score:.4f} ± {row.spread:.4f}{ended}"


def _best(row: Row) -> str:
    return "" if row.best_50 is None else f"{100 * row.best_50:5.1f} %"


def _hops(row: Row) -> str:
    reach = "all" if row.hops_reach is None else str(row.hops_reach)
    return f"{reach} / {'-' if row.hops_required is None else row.hops_required}"


COLUMNS: dict[str, Callable[[Row], str]] = {
    "model": lambda row: row.title,
    "fresh {metric}": _score,
    "best 50": _best,
    "sees / needs": _hops,
    "verdict": lambda row: row.verdict,
    "weights": lambda row: _shown(row.weights, ",d"),
    "state": lambda row: _shown(row.state_size, ",d"),
    "steps": lambda row: _shown(row.steps, ".0f"),
    "samples to learn": lambda row: _shown(row.samples_to_threshold, ",.0f"),
    "ms/step": lambda row: _shown(row.ms_per_step, ".1f"),
    "MB": lambda row: _shown(row.peak_memory_mb, ".1f"),
    "setting": lambda row: row.setting,
}


def markdown(table: Sequence[Row]) -> str:
    """One Markdown table for each task; a column that is empty in all of them is left out."""
    columns = {name: cell for name, cell in COLUMNS.items() if any(cell(row) for row in table)}
    parts = []
    for task in dict.fromkeys(row.task for row in table):
        own = [row for row in table if row.task == task]
        header = tuple(name.format(metric=own[0].metric) for name in columns)
        lines = [tuple(cell(row) for cell in columns.values()) for row in own]
        parts.append(f"{task[0].upper()}{task[1:]} ({guess(own[0])})\n\n{markdown_table(header, lines)}")
    return "\n".join(parts)


def guess(row: Row) -> str:
    """What a guess scores at the row's task, in words."""
    if row.higher_is_better:
        return f"a guess scores {100 * row.chance:.0f} %"
    return f"the best constant guess has a {row.metric} of {row.chance:.3g}"


def to_csv(table: Sequence[Row]) -> str:
    """All rows as CSV with a header, one column per field of `Row` and the verdict."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*Row._fields, "verdict"])
    for row in table:
        values: list[Any] = ["" if value is None or value != value else value for value in row]
        writer.writerow([*values, row.verdict])
    return out.getvalue()
