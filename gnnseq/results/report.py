"""A comparison as text: results and verdicts in Markdown and CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from gnnseq.results.joined import Result, by_task
from gnnseq.results.statistics import Summary
from gnnseq.results.verdict import Comparison, diagnosis, ranking

RESULT_HEADER = (
    "model",
    "score",
    "solved",
    "diagnosis",
    "hops required",
    "hops reached",
    "influence",
    "gradient norm (largest)",
    "weights",
    "state",
    "samples to threshold",
    "ms/step",
    "memory (MB)",
    "setting",
)
VERDICT_HEADER = ("A", "B", "A minus B", "seeds won A : B", "p", "p corrected", "verdict")


def number(value: float | None, percent: bool = False) -> str:
    """A number in a table: in per cent, or with three digits that count; a dash for None."""
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if percent else f"{value:.3g}"


def spread(summary: Summary, percent: bool) -> str:
    """Mean, standard deviation and interval; one run has its value only."""
    if summary.spread is None or summary.low is None or summary.high is None:
        return f"{number(summary.mean, percent)} (1 seed)"
    if not percent:
        return f"{summary.mean:.3g} ± {summary.spread:.2g} [{summary.low:.3g}, {summary.high:.3g}]"
    return (
        f"{100 * summary.mean:.1f} ± {100 * summary.spread:.1f} % [{100 * summary.low:.1f}, {100 * summary.high:.1f}]"
    )


def result_cells(result: Result) -> list[tuple[str, float | None]]:
    """A result under `RESULT_HEADER`: the text of each cell, and the number that it is sorted by, if any."""
    percent = result.task["metric"] == "accuracy"
    reach, gradient = result.first("hops_reach"), result.gradient
    ended = "".join(
        f", {count} {word}" for count, word in ((result.diverged, "diverged"), (result.failed, "failed")) if count
    )
    samples, reached = result.middle("samples_to_threshold"), _reached(result)
    norm = "–" if gradient is None else f"{number(gradient[0])} ({number(gradient[1])})"
    return [
        (result.model, None),
        (spread(result.summary, percent) + ended, result.summary.mean),
        (f"{result.solved} of {result.summary.count}", result.solved / result.summary.count),
        (diagnosis(result), result.gain()),
        _plain(result.first("hops_required")),
        ("no limit", float("inf")) if reach is None else _plain(reach),
        _plain(result.middle("influence")),
        (norm, None if gradient is None else gradient[0]),
        _whole(result.first("weights")),
        _whole(result.first("state_size")),
        ("–" if samples is None else f"{samples:,.0f}{reached}", samples),
        _plain(result.middle("ms_per_step")),
        _plain(result.middle("peak_memory_mb")),
        (result.setting, None),
    ]


def verdict_cells(comparison: Comparison, percent: bool) -> list[tuple[str, float | None]]:
    """A comparison under `VERDICT_HEADER`: the text of each cell, and the number that it is sorted by, if any."""
    mean, interval = comparison.mean, comparison.interval
    scale, form, unit = (100, "+.1f", " points") if percent else (1, "+.3g", "")
    shown = "–" if mean is None else f"{scale * mean:{form}}"
    if interval is not None:
        shown += f" [{scale * interval[0]:{form}}, {scale * interval[1]:{form}}]"
    wins = comparison.wins
    return [
        (comparison.a, None),
        (comparison.b, None),
        (shown + unit, mean),
        (f"{wins[0]} : {wins[1]}", float(wins[0] - wins[1])),
        (f"{comparison.p:.3g}", comparison.p),
        (f"{comparison.corrected:.3g}", comparison.corrected),
        (comparison.verdict, comparison.corrected),
    ]


def how_tested(comparisons: Sequence[Comparison]) -> str:
    """The test, the correction, and the smallest p-value that the number of seeds allows."""
    first = max(comparisons, key=lambda comparison: comparison.seeds)
    smallest = first.test.smallest(first.seeds) if first.seeds else 1.0
    corrected = min(1.0, smallest * first.comparisons)
    return (
        f"{first.test.name.capitalize()}, two-sided, models paired by seed; p-values corrected by Holm's method for "
        f"{first.comparisons} comparison{'' if first.comparisons == 1 else 's'}; decided at {first.alpha:g}. With "
        f"{first.seeds} seed{'s' * (first.seeds != 1)} the smallest p-value possible is {smallest:.3g}, corrected "
        f"{corrected:.3g}."
    )


def markdown_table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in Markdown with columns of even width; a bar inside a cell is escaped."""
    texts = [[cell.replace("|", "\\|") for cell in line] for line in [header, *lines]]
    widths = [max(len(line[i]) for line in texts) for i in range(len(header))]
    rows = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in texts]
    rows.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(rows) + "\n"


def to_markdown(results: Sequence[Result], comparisons: Sequence[Comparison]) -> str:
    """For each task: what was decided, the results, and the verdict for each pair."""
    parts = []
    for title, group in by_task(results).items():
        task, own = group[0].task, [c for c in comparisons if c.task == title]
        percent = task["metric"] == "accuracy"
        parts.append(f"## {title[:1].upper()}{title[1:]}\n\n{describe_task(task)}\n")
        if own:
            parts.append(f"{ranking(own)}\n")
        parts.append(markdown_table(RESULT_HEADER, ([text for text, _ in result_cells(r)] for r in group)))
        if own:
            parts.append(markdown_table(VERDICT_HEADER, ([t for t, _ in verdict_cells(c, percent)] for c in own)))
            parts.append(f"{how_tested(own)}\n")
    return "\n".join(parts)


def describe_task(task: dict[str, Any]) -> str:
    """What is measured, and the values of chance and of the threshold."""
    percent = task["metric"] == "accuracy"
    better = "higher" if task["higher_is_better"] else "lower"
    return (
        f"Score: {task['metric']} on fresh data, {better} is better; chance {number(task['chance'], percent)}, "
        f"threshold {number(task['solved'], percent)}."
    )


def results_csv(results: Iterable[Result]) -> str:
    """One line for each result, numbers in full."""
    header = ["task", "name", "size", "metric", "model", "seeds", "mean", "sd", "low", "high", "solved", "diverged",
              "failed", "diagnosis", "hops_required", "hops_reach", "influence", "grad_norm", "weights", "state_size",
              "steps_to_threshold", "samples_to_threshold", "ms_per_step", "peak_memory_mb", "setting"]  # fmt: skip
    lines = []
    for r in results:
        s, gradient = r.summary, r.gradient
        lines.append([
            r.task["title"], r.task["name"], r.task["size"], r.task["metric"], r.model, s.count, s.mean, s.spread,
            s.low, s.high, r.solved, r.diverged, r.failed, diagnosis(r), r.first("hops_required"),
            r.first("hops_reach"), r.middle("influence"), gradient and gradient[0], r.first("weights"),
            r.first("state_size"), r.middle("steps_to_threshold"), r.middle("samples_to_threshold"),
            r.middle("ms_per_step"), r.middle("peak_memory_mb"), r.setting,
        ])  # fmt: skip
    return _csv(header, lines)


def verdicts_csv(comparisons: Iterable[Comparison]) -> str:
    """One line for each pair of models, numbers in full."""
    header = ["task", "a", "b", "seeds", "difference", "low", "high", "a_wins", "b_wins", "p", "p_corrected",
              "comparisons", "test", "alpha", "verdict"]  # fmt: skip
    lines = [
        [c.task, c.a, c.b, c.seeds, c.mean, *(c.interval or (None, None)), *c.wins, c.p, c.corrected, c.comparisons,
         c.test.name, c.alpha, c.verdict]
        for c in comparisons
    ]  # fmt: skip
    return _csv(header, lines)


def _csv(header: list[str], lines: Iterable[list[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([["" if value is None else value for value in line] for line in lines])
    return out.getvalue()


def _reached(result: Result) -> str:
    """How many of the runs reached the threshold, where not all did: the median is then over these only."""
    count = sum(record.get("samples_to_threshold") is not None for record in result.records)
    return "" if count == len(result.records) else f" ({count} of {len(result.records)} runs)"


def _plain(value: float | None) -> tuple[str, float | None]:
    return number(value), value


def _whole(value: float | None) -> tuple[str, float | None]:
    return ("–", None) if value is None else (f"{value:,.0f}", value)
