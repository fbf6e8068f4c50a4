"""The audit's rows filled from records: as Markdown, CSV and JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from gnnseq.results.statistics import summarise
from gnnseq.results.table import csv_text, markdown_table
from gnnseq.runs.store import Record
from gnnseq.studies.audit.rows import MARKS, Found, Row, Table, find
from gnnseq.studies.audit.verdict import Verdict, judge

HEADER = ("setting", "published model", "published", "ours, same model", "ours, GCRN", "best baseline", "label")
_SHORT = {"from the source": "", "from a quotation": " (quoted)", "from memory": " (memory)"}
_CSV = ["table", "setting", "metric", "model", "published", "mark", "source", "where", "same", "same_seeds", "same_low",
        "same_high", "gcrn", "gcrn_seeds", "gcrn_low", "gcrn_high", "best_baseline", "baseline", "difference",
        "reproduced", "word", "beaten_by", "hindrance"]  # fmt: skip


@dataclass(frozen=True)
class FilledRow:
    """A row with the results of the records.

    Attributes:
        row: what was published.
        same: the published model, run here.
        ours: the GCRN.
        baselines: those with a value, the best first.
        verdict: the label and its reasons.
    """

    row: Row
    same: Found | None
    ours: Found | None
    baselines: tuple[Found, ...]
    verdict: Verdict

    @cached_property
    def plain(self) -> dict[str, Any]:
        """As plain values for JSON."""
        row = asdict(self.row)
        found = {name: asdict(value) if value else None for name, value in (("same", self.same), ("ours", self.ours))}
        return row | found | {"baselines": [asdict(b) for b in self.baselines], "verdict": asdict(self.verdict)}


def fill_row(row: Row, records: Iterable[Record]) -> FilledRow:
    """A row with the values of the records, and its label."""
    kept = [record for record in records if record.get("task", {}).get("title") in row.titles]
    found = [value for name in row.baselines if (value := find(row, name, kept)) is not None]
    found += [Found(name, summarise([value])) for name, value in row.constants.items()]
    sign = -1 if row.higher_is_better else 1
    found.sort(key=lambda value: sign * value.summary.mean)
    same = find(row, row.same, kept)
    verdict = judge(
        row.published.value,
        same.summary.mean if same else None,
        {value.name: value.summary.mean for value in found},
        higher_is_better=row.higher_is_better,
        comparable=not row.hindrance,
    )
    return FilledRow(row, same, find(row, row.ours, kept), tuple(found), verdict)


def fill_table(table: Table, records: Sequence[Record]) -> list[FilledRow]:
    """All rows of a table."""
    return [fill_row(row, records) for row in table.rows]


def number(value: float, percent: bool) -> str:
    """A value in a row: accuracies in per cent, errors with four significant digits."""
    if percent:
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"


def as_printed(value: float, percent: bool) -> str:
    """A published number with all its digits."""
    return f"{100 * value:.6g} %" if percent else f"{value:.6g}"


def with_interval(found: Found, percent: bool) -> str:
    """The mean; for several seeds its 95 % interval and their number; the number of lost runs."""
    summary, lost = found.summary, f"{found.lost} diverged or failed" if found.lost else ""
    if not summary.count:
        return lost
    text = number(summary.mean, percent)
    if summary.low is not None and summary.high is not None:
        low, high = (number(value, percent).removesuffix(" %") for value in (summary.low, summary.high))
        text = f"{text} [{low}, {high}] ({summary.count})"
    return f"{text}, {lost}" if lost else text


def cells(filled: FilledRow) -> list[str]:
    """A row under `HEADER`."""
    row, percent = filled.row, filled.row.higher_is_better
    shown = [with_interval(value, percent) if value else "–" for value in (filled.same, filled.ours)]
    best = filled.baselines[:1]
    baseline = "".join(f"{value.name}: {number(value.summary.mean, percent)}" for value in best) or "–"
    published = as_printed(row.published.value, percent) + _SHORT[row.published.mark]
    return [row.setting, row.published.model, published, *shown, baseline, _word(filled.verdict, percent)]


def _word(verdict: Verdict, percent: bool) -> str:
    """The label, and for runs that do not reproduce the number their distance from it."""
    if verdict.reproduced is None or verdict.difference is None:
        return verdict.word
    said: str = verdict.word
    if said == "beaten by a baseline":
        said += f"; {'reproduced' if verdict.reproduced else 'not reproduced'}"
    if verdict.reproduced:
        return said
    unit, side = "points" if percent else "%", "better" if verdict.better else "worse"
    if verdict.difference > 10:
        return f"{said}, {verdict.difference + 1:,.0f} times the error"
    return f"{said}, {100 * abs(verdict.difference):.0f} {unit} {side}"


def markdown(filled: Sequence[FilledRow]) -> str:
    """The rows of a table as Markdown."""
    return markdown_table(HEADER, map(cells, filled))


def summary(filled: Sequence[FilledRow]) -> str:
    """The number of rows with each label, in a sentence."""
    counts = Counter(each.verdict.word for each in filled)
    parts = [f"{count} {word}" for word, count in counts.most_common()]
    return f"{len(filled)} rows: {', '.join(parts)}."


def overview(tables: dict[str, list[FilledRow]], *, by_model: bool = True) -> str:
    """A line for each group, or each published model of a group: rows, reproduced, beaten, and by which baselines."""
    groups: dict[tuple[str, ...], list[FilledRow]] = {}
    for title, rows in tables.items():
        for each in rows:
            model = (each.row.published.model,) if by_model else ()
            groups.setdefault((each.row.group or title, *model), []).append(each)
    lines = []
    for group, rows in groups.items():
        ran = [each for each in rows if each.verdict.reproduced is not None]
        kept = sum(bool(each.verdict.reproduced) for each in ran)
        lost = [each for each in rows if each.verdict.beaten_by]
        names = Counter(each.verdict.beaten_by[0] for each in lost)
        reproduced = f"{kept} of {len(ran)}" if ran else "–"
        lines.append([*group, str(len(rows)), reproduced, str(len(lost)), "; ".join(names) or "–"])
    first = ("setting", "published model") if by_model else ("setting",)
    return markdown_table((*first, "rows", "reproduced", "beaten", "by"), lines)


def to_csv(tables: dict[str, list[FilledRow]]) -> str:
    """One line for each row, numbers in full precision."""
    lines = []
    for name, rows in tables.items():
        for each in rows:
            row, verdict = each.row, each.verdict
            best = each.baselines[0] if each.baselines else None
            lines.append([
                name, row.setting, row.metric, row.published.model, row.published.value, row.published.mark,
                row.published.source, row.published.where, *_numbers(each.same), *_numbers(each.ours),
                best and best.name, best and best.summary.mean, verdict.difference,
                None if verdict.reproduced is None else str(verdict.reproduced), verdict.word,
                "; ".join(verdict.beaten_by), row.hindrance,
            ])  # fmt: skip
    return csv_text(_CSV, lines)


def _numbers(found: Found | None) -> list[float | None]:
    if found is None:
        return [None] * 4
    return [found.summary.mean, found.summary.count, found.summary.low, found.summary.high]


def legend() -> str:
    """The meaning of the marks of published numbers."""
    return "; ".join(f"{_SHORT[mark].strip() or 'no mark'}: {text}" for mark, text in MARKS.items())
