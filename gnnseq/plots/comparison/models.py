"""What figures of a comparison have in common: each model's look, and scores with their intervals."""

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gnnseq.plots.style import COLOURS, MARKERS, bare
from gnnseq.results.colours import Slot, family_slot, named, slots
from gnnseq.results.joined import Naming, Result, collect, without_twins
from gnnseq.runs.store import Record

_LINES = ("-", "--", "-.")
BESIDE = 2.4  # inches for a legend


class Look(NamedTuple):
    """How a model is drawn.

    Attributes:
        colour: of lines and marks.
        marker: matplotlib's sign for it.
        line: solid for the first family of a colour, dashed for others.
    """

    colour: str
    marker: str
    line: str


def drawable(records: Sequence[Record], naming: Naming) -> list[Result]:
    """Results of the records, a model that has two names once.

    Raises:
        ValueError: if no record is done.
    """
    return without_twins(finished(records, naming))


def finished(records: Sequence[Record], naming: Naming) -> list[Result]:
    """Results of the records.

    Raises:
        ValueError: if no record is done.
    """
    results = [result for result in collect(records, naming) if result.scores]
    if not results:
        raise ValueError("records hold no finished trial, expected at least one")
    return results


def size_label(results: Sequence[Result]) -> str:
    """Label of an axis of sizes, such as "length of palindromes"."""
    task = results[0].task
    found = re.match(rf"(.*) of (\w+) {task['size']}\b", str(task["title"]))
    return f"{found[2]} of {found[1]}" if found else f"size of the task ({task['name']})"


def of_one_task(results: Sequence[Result]) -> None:
    """Raises a ValueError unless the results are of one task, whatever its sizes."""
    names = sorted({result.task["name"] for result in results})
    if len(names) > 1:
        raise ValueError(f"records are of the tasks {', '.join(names)}, expected one task; its sizes may differ")


def looks(results: Iterable[Result]) -> dict[str, Look]:
    """A look for each model, its family's in every figure: `gnnseq.results.colours`."""
    return family_looks(named(results))


def family_looks(names: Iterable[tuple[str, str]]) -> dict[str, Look]:
    """A look for each model, from its name in the figure and its family's name."""
    return {model: _look(slot) for model, slot in slots(names).items()}


def family_look(family: str) -> Look:
    """The look of a family that has a panel of its own."""
    slot = family_slot(family)
    return _look(slots([(family, family)])[family] if slot is None else slot)


def _look(slot: Slot) -> Look:
    colour, variant = slot
    return Look(COLOURS[colour], MARKERS[(colour + variant) % len(MARKERS)], _LINES[variant % len(_LINES)])


def shown(result: Result, value: float) -> float:
    """A score as it is drawn: accuracy in per cent."""
    return 100 * value if result.percent else value


def score_label(result: Result, of: str = "on test data") -> str:
    """Label of an axis of scores."""
    return f"{result.task['metric']} {of}{' (%)' if result.percent else ''}"


def score_axis(axes: Axes, result: Result) -> None:
    """A bare frame; shares have the same height in all figures."""
    if result.percent:
        axes.set_ylim(-3, 105)
    bare(axes)


def ends(result: Result) -> tuple[float, float]:
    """The interval of the mean; both ends are the mean for one seed."""
    summary = result.summary
    return (
        summary.mean if summary.low is None else summary.low,
        summary.mean if summary.high is None else summary.high,
    )


def mark_chance(axes: Axes, chance: float) -> None:
    """A dotted line at the score of a guess, named beside the panel."""
    mark_level(axes, chance, "chance")


def mark_level(axes: Axes, level: float, word: str) -> None:
    """A dotted line from edge to edge, named to the right of the panel, where no data are."""
    axes.axhline(level, color="0.3", ls=":", lw=1.2, zorder=1)
    axes.annotate(
        word, (1.01, level), xycoords=("axes fraction", "data"), va="center", fontsize=7, color="0.3",
        annotation_clip=False,
    )  # fmt: skip


def headline(drawn: Figure, text: str, beside: float = 0.0) -> None:
    """A title over the panels, in as many lines as it takes; ``beside`` inches are the legend's."""
    width = drawn.get_figwidth()
    lines = textwrap.wrap(text, max(20, int(10 * (width - beside))))
    drawn.suptitle("\n".join(lines), x=(width - beside) / (2 * width), fontsize=11)


def legend_beside(drawn: Figure, grid: Iterable[Axes]) -> None:
    """One legend for all panels, to the right of them."""
    handles: dict[str, Artist] = {}
    for axes in grid:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    drawn.legend(list(handles.values()), list(handles), loc="outside right upper", fontsize=8, frameon=False)
