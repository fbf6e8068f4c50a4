"""Every figure and table of a comparison, and the page that holds them, from stored records alone."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

from matplotlib import rc_context

from gnnseq.files import write_text
from gnnseq.plots.comparison.accuracy import plot_accuracy
from gnnseq.plots.comparison.cost import plot_cost
from gnnseq.plots.comparison.learning import plot_learning
from gnnseq.plots.comparison.reach import plot_reach
from gnnseq.plots.comparison.verdicts import plot_verdicts
from gnnseq.results.joined import Naming, Result, by_name, by_task, collect, family_title
from gnnseq.results.page import Picture, render_page
from gnnseq.results.paired import SIGN, PairedTest
from gnnseq.results.records import current
from gnnseq.results.report import to_markdown, verdicts_csv
from gnnseq.results.table import describe_task, number, to_csv
from gnnseq.results.verdict import Comparison, correct_for_number, diagnosis, judge
from gnnseq.runs.store import Record

_LONGEST = 50  # characters of a name in a file's: at most 200 bytes


@rc_context({"text.parse_math": False})  # a dollar in a name is a dollar
def write_report(
    records: Sequence[Record],
    folder: str | Path,
    comparisons: Sequence[Comparison],
    *,
    title: str = "A comparison of models",
    naming: Naming = family_title,
) -> list[Path]:
    """Writes figures (PNG), results.csv, verdicts.csv, results.md and page.html.

    A figure for which the records hold nothing (learning curves in records without curves) is left out. Where all
    comparisons are with one reference, the first figure shows them all.

    Args:
        records: of a store.
        folder: made where it is missing.
        comparisons: of `verdicts`.
        title: of the page.
        naming: gives a record's model its name.

    Returns:
        The paths written, the page first.

    Raises:
        ValueError: if no record is done.
    """
    results = collect(records, naming)
    if not any(result.scores for result in results):
        raise ValueError("records hold no finished trial, expected at least one")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = _draw(records, folder, naming)
    references = {comparison.a for comparison in comparisons}
    if len(references) == 1:
        drawn.insert(0, _against(records, comparisons, folder, references.pop(), naming))
    texts = {
        "page.html": render_page(title, results, comparisons, records, [picture for picture, _ in drawn]),
        "results.md": to_markdown(results, comparisons),
        "results.csv": to_csv(results),
        "verdicts.csv": verdicts_csv(comparisons),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts] + [path for _, path in drawn]


def verdicts(
    results: Sequence[Result],
    *,
    test: PairedTest = SIGN,
    alpha: float = 0.05,
    reference: str | None = None,
    together: bool = False,
) -> list[Comparison]:
    """Comparisons of the models on every task that has at least two with a score.

    Args:
        results: of `gnnseq.results.joined.collect`.
        test: of paired differences.
        alpha: level at which a difference is decided.
        reference: the model that all others are compared with; a task without it is left out.
        together: correct for the pairs of all tasks, not for those of each task.

    Raises:
        ValueError: for a reference that no task has.
    """
    results = [result for result in results if result.scores]
    models = dict.fromkeys(result.model for result in results)
    if reference is not None and reference not in models:
        raise ValueError(f"reference is {reference!r}, expected one of {'; '.join(models)}")
    groups = [group for group in by_task(results).values() if len(group) > 1]
    if reference is not None:
        groups = [group for group in groups if any(result.model == reference for result in group)]
    found = [c for group in groups for c in judge(group, test=test, alpha=alpha, reference=reference)]
    return correct_for_number(found) if together else found


def _draw(records: Sequence[Record], folder: Path, naming: Naming) -> list[tuple[Picture, Path]]:
    """All figures that the records allow, with their words."""
    results = [result for result in collect(records, naming) if result.scores]
    whole = [current(record) for record in records]
    made = []
    groups = by_name(results)
    slugs = _slugs(groups)
    for name, group in groups.items():
        own = [record for record in whole if record.get("task", {}).get("name") == name]
        made.append(_picture(plot_accuracy, own, folder / f"score_{slugs[name]}.png", naming,
                             f"Score against size: {name}", _scores(group), describe_task(group[0].task)))  # fmt: skip
        if any((record.get("curve") or {}).get("accuracy") for result in group for record in result.records):
            made.append(_picture(plot_learning, own, folder / f"learning_{slugs[name]}.png", naming,
                                 f"Learning curves: {name}", _steps(group),
                                 "A run that stopped early keeps its last value."))  # fmt: skip
    if any(result.first("hops_required") is not None for result in results):
        made.append(_picture(plot_reach, whole, folder / "reach.png", naming, "Score against reach", _sight(results),
                             "Models at the same hops stand side by side. Left of 0 the answer is out of reach, and "
                             "only chance is possible."))  # fmt: skip
    made.append(_picture(plot_cost, whole, folder / "cost.png", naming, "Cost against score", _costs(results),
                         "Each task at its largest size; medians over the seeds."))  # fmt: skip
    return made


def _against(
    records: Sequence[Record], comparisons: Sequence[Comparison], folder: Path, reference: str, naming: Naming
) -> tuple[Picture, Path]:
    """The figure of all verdicts, where all are about one reference."""
    path = plot_verdicts(records, comparisons, folder / "verdicts.png", reference, naming)
    words = [f"{c.task}, {c.b}: {c.verdict}" for c in comparisons]
    alt = f"Each model's mean score on each task, coloured by the verdict against {reference}. {'; '.join(words)}."
    return Picture(f"Verdicts against {reference}", path.read_bytes(), alt), path


def _picture(
    plot: Callable[[Sequence[Record], Path, Naming], Path],
    records: Sequence[Record],
    path: Path,
    naming: Naming,
    title: str,
    alt: str,
    caption: str,
) -> tuple[Picture, Path]:
    plot(records, path, naming)
    return Picture(title, path.read_bytes(), alt, caption), path


def _scores(group: Sequence[Result]) -> str:
    """The means that a figure shows, model by model."""
    lines: dict[str, list[str]] = {}
    for result in group:
        mean = number(result.summary.mean, result.percent)
        lines.setdefault(result.model, []).append(f"{mean} at {result.task['size']}")
    return f"A panel for each model, mean {group[0].task['metric']} at each size. " + _joined(lines)


def _steps(group: Sequence[Result]) -> str:
    lines: dict[str, list[str]] = {}
    for result in group:
        steps = result.middle("steps")
        lines.setdefault(result.model, []).append(f"{number(steps)} steps at {result.task['size']}")
    return "Metric of training batches against steps, a line for each model; median length of a run. " + _joined(lines)


def _sight(results: Sequence[Result]) -> str:
    lines: dict[str, list[str]] = {}
    for result in results:
        lines.setdefault(result.model, []).append(f"{diagnosis(result)} on {result.task['title']}")
    return "Way from chance to the threshold against hops reached minus hops required. " + _joined(lines)


def _costs(results: Sequence[Result]) -> str:
    lines = {result.model: [f"{number(result.middle('ms_per_step'))} ms a step"] for result in results}
    return "Score against time, weights, memory and samples, on the last task: " + _joined(lines)


def _joined(lines: dict[str, list[str]]) -> str:
    return "; ".join(f"{model}: {', '.join(parts)}" for model, parts in lines.items()) + "."


def _slugs(names: Iterable[str]) -> dict[str, str]:
    """A part of a file's name for each name; a number tells apart those that would share one."""
    found: dict[str, str] = {}
    for name in names:
        slug = re.sub(r"[\W_]+", "-", name.lower()).strip("-")[:_LONGEST] or "task"
        numbered = (f"{slug}-{number}" for number in count(2))
        found[name] = slug if slug not in found.values() else next(n for n in numbered if n not in found.values())
    return found
