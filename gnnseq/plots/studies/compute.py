"""What models can compute: theory and training in one picture, and how learned solutions drift."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from gnnseq.plots.comparison.models import family_look, mark_chance
from gnnseq.plots.style import MARKERS, bare, figure, save
from gnnseq.runs.store import Record
from gnnseq.studies.compute.outcomes import MARKS, Outcome, drift_title

# Light enough for black text, and told apart in grey.
EXACT, ALWAYS, SOMETIMES, NEVER = "#7fb3da", "#b5d6ee", "#dfedf7", "#f4f4f4"
_WRONG = "#D55E00"


def plot_computability(found: Sequence[Outcome], path: str | Path) -> Path:
    """Draws a table: a row for each model, a column for each task, and in each cell the theory and the result.

    The upper line is the prediction ("?" for not known), the lower one the mean accuracy at the longest length, on
    random samples and, after the stroke, on random and hard ones, whichever is lower. The darker, the more runs
    generalise. Bold in an orange frame: a run contradicts the theory. Empty: the task has no
    graph for the model.

    Args:
        found: of `gnnseq.studies.compute.outcomes.outcomes`.
        path: of the PNG.

    Raises:
        ValueError: for no outcomes.
    """
    if not found:
        raise ValueError("found is empty, expected at least one outcome")
    tasks, models = (list(dict.fromkeys(getattr(o, name) for o in found)) for name in ("task", "model"))
    drawn = figure(3.3 + max(4.0, 0.95 * len(tasks)), 1.9 + 0.42 * len(models))
    axes = drawn.subplots()
    for outcome in found:
        _cell(axes, tasks.index(outcome.task), models.index(outcome.model), outcome)
    axes.set_xlim(-0.55, len(tasks) - 0.45)
    axes.set_ylim(len(models) - 0.45, -0.55)
    axes.set_xticks(range(len(tasks)), [textwrap.fill(task, 12) for task in tasks], fontsize=8.5)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(models)), models, fontsize=8.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    seeds = [len(outcome.longest) for outcome in found]
    runs = f"{min(seeds)}" if min(seeds) == max(seeds) else f"{min(seeds)} to {max(seeds)}"
    words = {EXACT: "all runs correct, also on hard samples", ALWAYS: "all runs correct on random samples",
             SOMETIMES: "some runs correct", NEVER: "no run correct"}  # fmt: skip
    shown = {_colour(outcome) for outcome in found}
    handles = [Patch(facecolor=c, edgecolor="0.6", label=word) for c, word in words.items() if c in shown]
    if any(outcome.is_contradicted for outcome in found):
        handles.append(Patch(facecolor="white", edgecolor=_WRONG, lw=2, label="contradicts the theory"))
    drawn.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    length = max(max(outcome.accuracy) for outcome in found)
    drawn.suptitle(
        f"Prediction of the theory, and mean accuracy at length {length} on random / on hard samples,\n"
        f"after training on shorter inputs ({runs} seed{'s' * (max(seeds) > 1)} each)", fontsize=10.5
    )  # fmt: skip
    return save(drawn, path)


def _colour(outcome: Outcome) -> str:
    runs, share = len(outcome.longest), outcome.generalising
    return EXACT if outcome.exact == runs else ALWAYS if share == runs else SOMETIMES if share else NEVER


def _cell(axes: Axes, column: int, row: int, outcome: Outcome) -> None:
    wrong = outcome.is_contradicted
    axes.add_patch(Rectangle((column - 0.47, row - 0.46), 0.94, 0.92, facecolor=_colour(outcome),
                             edgecolor=_WRONG if wrong else "0.8", lw=2.5 if wrong else 0.6))  # fmt: skip
    shares = [f"{100 * fmean(values):.0f}" for values in (outcome.longest, outcome.hardest)]
    text = f"{MARKS[outcome.computes]}\n{' / '.join(shares)} %"
    axes.text(column, row, text, ha="center", va="center", fontsize=7.5, linespacing=1.15,
              weight="bold" if wrong else "normal", color="black" if outcome.generalising else "0.3")  # fmt: skip


def plot_drift(records: Sequence[Record], path: str | Path) -> Path:
    """Draws accuracy against the position in a word: a thin line for each run, a thick one for the mean.

    A model has its family's colour; rules of training differ by line and marker.

    Args:
        records: of `gnnseq.studies.compute.drift.run_drift`.
        path: of the PNG.

    Raises:
        ValueError: for records without accuracy by place.
    """
    groups: dict[str, list[dict[int, float]]] = {}
    families: dict[str, str] = {}
    for record in records:
        if record.get("by_place"):
            shares = {int(place): right / total for place, (right, total) in record["by_place"].items()}
            families[drift_title(record)] = record["family"]["name"]
            groups.setdefault(drift_title(record), []).append(dict(sorted(shares.items())))
    if not groups:
        raise ValueError("records hold no by_place, expected those of gnnseq.studies.compute.drift.run_drift")
    drawn = figure(7.5, 4.2)
    axes = drawn.subplots()
    for number, (title, runs) in enumerate(groups.items()):
        colour, places = family_look(families[title]).colour, list(runs[0])
        rule = list(families.values())[:number].count(families[title])
        for run in runs:
            axes.plot(places, list(run.values()), color=colour, lw=0.6, alpha=0.5)
        mean = [fmean(run[place] for run in runs) for place in places]
        marks: dict[str, Any] = {"marker": MARKERS[number % len(MARKERS)], "ms": 5, "mfc": "white" if rule else colour}
        axes.plot(places, mean, ("-", "--", "-.")[rule % 3], color=colour, lw=1.8, label=title, **marks)
    mark_chance(axes, 0.5)
    axes.set_xscale("log")
    axes.set_xticks(places, [f"{place:,}" for place in places], fontsize=8)
    axes.minorticks_off()
    axes.set_xlabel("position in the word (accuracy from the previous mark to this one)")
    axes.set_ylabel("accuracy")
    axes.legend(fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0.01, 0.24))
    bare(axes)
    seeds = max(len(runs) for runs in groups.values())
    axes.set_title(
        f"Parity: trained on at most 40 symbols, tested on words of {places[-1]:,}; {seeds} runs each", fontsize=10
    )
    return save(drawn, path)
