"""All tasks and models of a comparison in one picture: each score, and whether it beats the reference's."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from gnnseq.analysis.diagnosis import CANNOT_COMPUTE, CANNOT_SEE, DID_NOT_LEARN, SEES_TOO_WEAKLY
from gnnseq.plots.comparison.models import finished, headline
from gnnseq.plots.style import figure, save
from gnnseq.results.joined import Naming, Result, by_task, family_title
from gnnseq.results.table import number
from gnnseq.results.verdict import Comparison, diagnosis
from gnnseq.runs.store import Record

# Light enough for black text, and told apart in grey by their marks.
BETTER, WORSE, EQUAL, UNDECIDED, REFERENCE = "#9ecae8", "#f3b896", "#d3e6c8", "#ececec", "#ffffff"
_MARKS = {BETTER: "▲ ", WORSE: "▼ ", EQUAL: "= ", UNDECIDED: "", REFERENCE: ""}
_CELL = (1.35, 0.42)  # inches
_BESIDE = 3.2


def plot_verdicts(
    records: Sequence[Record],
    comparisons: Sequence[Comparison],
    path: str | Path,
    reference: str,
    naming: Naming = family_title,
) -> Path:
    """Draws a table: a row for each model, a column for each task, and in each cell the mean score on test data.

    Blue and an upward mark: better than the reference by the test. Orange and a downward mark: worse. Green and a mark
    of equality: equal within the margin by a test. Grey: undecided at so many seeds. Bold: the mean reaches the task's
    threshold. Italic: the answer is out of reach, the model cannot compute it, or it did not learn it. Empty: the task
    has no graph for the model.

    Args:
        records: of a store.
        comparisons: of `gnnseq.plots.comparison.report.verdicts` with that reference.
        path: of the PNG.
        reference: name of the model that the others are compared with.
        naming: gives a record's model its name.

    Returns:
        The path.

    Raises:
        ValueError: if no record is done, or no model has the reference's name.
    """
    results = finished(records, naming)
    models = list(dict.fromkeys(result.model for result in results))
    if reference not in models:
        raise ValueError(f"reference is {reference!r}, expected one of {'; '.join(models)}")
    models = [reference, *(model for model in models if model != reference)]
    tasks = by_task(results)
    drawn = figure(_BESIDE + _CELL[0] * len(tasks), 2.2 + _CELL[1] * len(models))
    axes = drawn.subplots()
    for column, (title, group) in enumerate(tasks.items()):
        for result in group:
            colour = _colour(result.model, [c for c in comparisons if c.task == title], reference)
            _cell(axes, column, models.index(result.model), result, colour)
    _frame(axes, models, [_heading(group[0]) for group in tasks.values()])
    words = {REFERENCE: "the reference", BETTER: "▲ better", WORSE: "▼ worse", EQUAL: "= equal within the margin",
             UNDECIDED: "undecided"}  # fmt: skip
    drawn.legend(handles=[Patch(facecolor=colour, edgecolor="0.6", label=word) for colour, word in words.items()],
                 loc="outside lower center", ncols=5, fontsize=9, frameon=False)  # fmt: skip
    counts = [max(result.summary.count for result in group) for group in tasks.values()]
    seeds = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else str(counts[0])
    runs = f"{seeds} seed{'s' * (max(counts) != 1)}{_patience(results)}"
    title = f"Mean score on test data, compared with the {reference}, over {runs}"
    headline(drawn, f"{title}; bold: solved, italic: at chance or hardly above it")
    return save(drawn, path)


def _patience(results: Sequence[Result]) -> str:
    """How many steps the runs had, if all had the same."""
    steps = {record["trial"].get("steps") for result in results for record in result.records}
    count = steps.pop()
    return f", at most {count:,} steps" if count and not steps else ""


def _colour(model: str, comparisons: Sequence[Comparison], reference: str) -> str:
    if model == reference:
        return REFERENCE
    own = next((c for c in comparisons if {c.a, c.b} == {model, reference}), None)
    if own is None or own.better is None:
        return EQUAL if own is not None and own.equal else UNDECIDED
    return BETTER if own.better == model else WORSE


def _cell(axes: Axes, column: int, row: int, result: Result, colour: str) -> None:
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor="white", lw=2))
    text = _MARKS[colour] + number(result.summary.mean, result.percent)
    nothing = diagnosis(result) in (CANNOT_SEE, CANNOT_COMPUTE, SEES_TOO_WEAKLY, DID_NOT_LEARN)
    axes.text(column, row, text, ha="center", va="center", fontsize=10, color="0.3" if nothing else "black",
              style="italic" if nothing else "normal", weight="bold" if result.gain() >= 1 else "normal")  # fmt: skip


def _heading(result: Result) -> str:
    """The task, its metric if that is not accuracy, and the score of a guess."""
    metric = "" if result.percent else f"{result.task['metric']}, less is better; "
    lines = textwrap.wrap(result.task["title"], 16) + textwrap.wrap(
        f"({metric}chance {number(result.task['chance'], result.percent)})", 18
    )
    return "\n".join(lines)


def _frame(axes: Axes, models: Sequence[str], headings: Sequence[str]) -> None:
    axes.set_xlim(-0.5, len(headings) - 0.5)
    axes.set_ylim(len(models) - 0.5, -0.5)
    axes.set_xticks(range(len(headings)), headings, fontsize=8)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(models)), models, fontsize=9)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
