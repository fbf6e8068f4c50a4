"""Results as a table in Markdown and CSV: one line for each model on each task."""

import csv
import io
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gnnseq.analysis.diagnosis import CANNOT_SEE, FAILED
from gnnseq.results.joined import Result, by_task
from gnnseq.results.statistics import Summary
from gnnseq.results.verdict import diagnosis

Cell = tuple[str, float | None]  # the text, and the number that it is sorted by, if any


def number(value: float | None, percent: bool = False) -> str:
    """A number in a table: in per cent, or with three digits that count; a dash for None and NaN."""
    if value is None or math.isnan(value):
        return "–"
    return f"{100 * value:.1f} %" if percent else f"{value:.3g}"


def mean_share(values: Sequence[float]) -> str:
    """The mean of some shares in per cent; a dash for none."""
    return number(statistics.fmean(values) if values else None, percent=True)


def spread(summary: Summary, percent: bool) -> str:
    """Mean, standard deviation and interval; one run has its value only."""
    if summary.count == 0:
        return "–"
    if summary.spread is None or summary.low is None or summary.high is None:
        return f"{number(summary.mean, percent)} (1 seed)"
    if not percent:
        return f"{summary.mean:.3g} ± {summary.spread:.2g} [{summary.low:.3g}, {summary.high:.3g}]"
    return (
        f"{100 * summary.mean:.1f} ± {100 * summary.spread:.1f} % [{100 * summary.low:.1f}, {100 * summary.high:.1f}]"
    )


def _score(result: Result) -> Cell:
    ended = ((result.diverged, "diverged"), (result.failed, "failed"))
    text = spread(result.summary, result.percent) + "".join(f", {count} {word}" for count, word in ended if count)
    return text, None if result.summary.count == 0 else result.summary.mean


def _solved(result: Result) -> Cell:
    count = result.summary.count
    return f"{result.solved} of {count}", result.solved / count if count else None


def _diagnosis(result: Result) -> Cell:
    return diagnosis(result), None if result.summary.count == 0 else result.gain()


def _reach(result: Result) -> Cell:
    reach = result.first("hops_reach")
    if reach is not None:
        return _plain(reach)
    return ("–", None) if diagnosis(result) in (CANNOT_SEE, FAILED) else ("no limit", float("inf"))


def _gradient(result: Result) -> Cell:
    gradient = result.gradient
    return ("–", None) if gradient is None else (f"{number(gradient[0])} ({number(gradient[1])})", gradient[0])


def _samples(result: Result) -> Cell:
    """The median over the runs that reached the threshold, and how many did where not all did."""
    middle = result.middle("samples_to_threshold")
    count = sum(record.get("samples_to_threshold") is not None for record in result.records)
    some = "" if count == len(result.records) else f" ({count} of {len(result.records)} runs)"
    return ("–", None) if middle is None else (f"{middle:,.0f}{some}", middle)


def _plain(value: float | None) -> Cell:
    return number(value), value


def _whole(value: float | None) -> Cell:
    return ("–", None) if value is None else (f"{value:,.0f}", value)


def _best(result: Result) -> Cell:
    value = result.mean("best_50")
    return number(value, result.percent), value


COLUMNS: dict[str, Callable[[Result], Cell]] = {
    "model": lambda result: (result.model, None),
    "score": _score,
    "solved": _solved,
    "best 50": _best,
    "diagnosis": _diagnosis,
    "hops required": lambda result: _plain(result.first("hops_required")),
    "hops reached": _reach,
    "influence": lambda result: _plain(result.middle("influence")),
    "gradient norm (largest)": _gradient,
    "weights": lambda result: _whole(result.first("weights")),
    "state": lambda result: _whole(result.first("state_size")),
    "steps": lambda result: _whole(result.middle("steps")),
    "samples to threshold": _samples,
    "ms/step": lambda result: _plain(result.middle("ms_per_step")),
    "memory (MB)": lambda result: _plain(result.middle("peak_memory_mb")),
    "setting": lambda result: (result.setting, None),
}
_NARROW = tuple(name for name in COLUMNS if name not in ("solved", "influence", "gradient norm (largest)"))


def result_cells(result: Result) -> list[Cell]:
    """A result under `COLUMNS`."""
    return [cell(result) for cell in COLUMNS.values()]


def markdown(results: Sequence[Result], columns: Sequence[str] = _NARROW) -> str:
    """One Markdown table for each task; a column that is empty in all of them is left out.

    Score: mean ± standard deviation (n - 1) over the seeds on fresh data, and the 95 % bootstrap interval of the mean.

    Args:
        results: of `gnnseq.results.collect`.
        columns: names of `COLUMNS`; those that fit a terminal by default.
    """
    lines = {name: [COLUMNS[name](result)[0] for result in results] for name in columns}
    shown = [name for name, texts in lines.items() if any(text not in ("–", "") for text in texts)]
    parts = []
    for title, group in by_task(results).items():
        table = markdown_table(shown, ([COLUMNS[name](result)[0] for name in shown] for result in group))
        parts.append(plain(f"{title[:1].upper()}{title[1:]}. {describe_task(group[0].task)}") + f"\n\n{table}")
    return "\n".join(parts)


def describe_task(task: dict[str, Any]) -> str:
    """What is measured, and the values of chance and of the threshold."""
    percent = task["metric"] == "accuracy"
    better = "higher" if task["higher_is_better"] else "lower"
    return (
        f"Score: {task['metric']} on fresh data, {better} is better; chance {number(task['chance'], percent)}, "
        f"threshold {number(task['solved'], percent)}."
    )


def markdown_table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in Markdown with columns of even width; bars and markup inside a cell are escaped."""
    texts = [[plain(cell).replace("|", "\\|") for cell in line] for line in [header, *lines]]
    widths = [max(len(line[i]) for line in texts) for i in range(len(header))]
    rows = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in texts]
    rows.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(rows) + "\n"


def plain(text: str) -> str:
    """A text on one line of Markdown in which names from records make neither tags nor links."""
    for mark, shown in (("\\", "\\\\"), ("&", "&amp;"), ("<", "&lt;"), ("](", "]\\("), ("][", "]\\[")):
        text = text.replace(mark, shown)
    return " ".join(text.splitlines())


def to_csv(results: Iterable[Result]) -> str:
    """One line for each result, numbers in full."""
    header = ["task", "name", "size", "metric", "model", "seeds", "mean", "sd", "low", "high", "solved", "best_50",
              "diverged", "failed", "diagnosis", "hops_required", "hops_reach", "influence", "grad_norm", "weights",
              "state_size", "steps", "steps_to_threshold", "samples_to_threshold", "ms_per_step", "peak_memory_mb",
              "setting"]  # fmt: skip
    lines = []
    for r in results:
        s, gradient = r.summary, r.gradient
        lines.append([
            r.task["title"], r.task["name"], r.task["size"], r.task["metric"], r.model, s.count,
            s.mean if s.count else None, s.spread, s.low, s.high, r.solved, r.mean("best_50"), r.diverged, r.failed,
            diagnosis(r), r.first("hops_required"), r.first("hops_reach"), r.middle("influence"),
            gradient and gradient[0], r.first("weights"), r.first("state_size"), r.middle("steps"),
            r.middle("steps_to_threshold"), r.middle("samples_to_threshold"), r.middle("ms_per_step"),
            r.middle("peak_memory_mb"), r.setting,
        ])  # fmt: skip
    return csv_text(header, lines)


def csv_text(header: list[str], lines: Iterable[list[Any]]) -> str:
    """CSV with a header; None is an empty field, and a text that a spreadsheet would run begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_value(value) for value in line] for line in lines)
    return out.getvalue()


def _value(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return "" if value is None else value
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
