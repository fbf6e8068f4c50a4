"""Accuracy against distance with each model's reach marked, and influence before and after training."""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gnnseq.plots.comparison.models import family_look, mark_chance
from gnnseq.plots.style import bare, decades, panels, save
from gnnseq.results.joined import family_title, grouped
from gnnseq.runs.store import Record


def plot_first_symbol(records: Sequence[Record], path: str | Path) -> Path:
    """Draws accuracy against the distance of the answer, a panel for each model, distances out of reach in grey.

    Args:
        records: of `gnnseq.studies.reach.first_symbol.run_first_symbol`; what is not done is left out.
        path: of the PNG.

    Raises:
        ValueError: if no record is done.
    """
    models = _by_model(records)
    drawn, grid = panels(len(models), 3.7, 2.6)
    for axes, (title, own) in zip(grid, models.items(), strict=True):
        _accuracy(axes, own, _colour(own))
        axes.set_title(title, fontsize=9)
    seeds = len({record["trial"]["seed"] for own in models.values() for record in own})
    drawn.supxlabel("distance of the answer from the last symbol")
    drawn.supylabel("accuracy on test data (%)")
    drawn.suptitle(
        "Repeat the first symbol: accuracy after training against distance; grey: out of reach;\n"
        f"{seeds} seed{'s' * (seeds > 1)} (dots) and their mean (line)",
        fontsize=11,
    )
    return save(drawn, path)


def plot_before_after(records: Sequence[Record], path: str | Path) -> Path:
    """Draws influence against distance before and after training, each model at the farthest answer it learned.

    Args:
        records: as for `plot_first_symbol`.
        path: of the PNG.

    Raises:
        ValueError: if no record is done.
    """
    models = _by_model(records)
    drawn, grid = panels(len(models), 3.7, 2.6)
    floor = 0.05 * min(
        v for own in models.values() for r in own for v in [*r["shares_before"], *r["shares_after"]] if v > 0
    )
    for axes, (title, own) in zip(grid, models.items(), strict=True):
        length = _farthest(own)
        _shares(axes, [record for record in own if record["task"]["size"] == length], floor)
        axes.set_title(title, fontsize=9)
    drawn.supxlabel("distance from the last symbol (arrow: the answer)")
    drawn.supylabel("share of the influence on the logits")
    drawn.suptitle(
        "Influence before and after training, each model at the longest distance that it learned or that it reaches",
        fontsize=11,
    )
    return save(drawn, path)


def _colour(own: list[Record]) -> str:
    return family_look(str(own[0]["family"].get("name", own[0]["family"]["title"]))).colour


def _by_model(records: Sequence[Record]) -> dict[str, list[Record]]:
    models = grouped((record for record in records if record["status"] == "done"), family_title)
    if not models:
        raise ValueError("records hold no finished run, expected at least one")
    return models


def _by_length(own: list[Record]) -> dict[int, list[Record]]:
    lengths = grouped(own, lambda record: int(record["task"]["size"]))
    return dict(sorted(lengths.items()))


def _sees(record: Record) -> bool:
    reach: int | None = record["hops_reach"]
    return bool(reach is None or record["hops_required"] <= reach)


def _accuracy(axes: Axes, own: list[Record], colour: str) -> None:
    lengths = _by_length(own)
    back = [length - 1 for length in lengths]
    blind = [length - 1 for length, runs in lengths.items() if not _sees(runs[0])]
    for this, following in pairwise([*back, None]):
        if this in blind:
            end = following if following in blind else this + 0.5
            axes.axvspan(this - 0.5, end, color="0.9", lw=0, zorder=0)
    for length, runs in lengths.items():
        for record in runs:
            axes.plot(length - 1, 100 * record["score"], "o", color=colour, ms=4.5, mec="white", mew=0.7, zorder=4)
    axes.plot(back, [100 * fmean(r["score"] for r in runs) for runs in lengths.values()], color=colour, lw=1.8)
    mark_chance(axes, 100 * own[0]["task"]["chance"])
    if blind:
        narrow = len(blind) < 2
        axes.text(fmean(blind), 55, "out of reach" if narrow else "out of\nreach", fontsize=8, color="0.35",
                  rotation=90 if narrow else 0, ha="center", va="center", zorder=5)  # fmt: skip
    axes.set_xlim(back[0] - 0.5, back[-1] + 0.5)
    axes.set_ylim(-4, 106)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    bare(axes)


def _farthest(own: list[Record]) -> int:
    """The longest sequence that is learned on average, else the longest that is seen, else the shortest."""
    lengths = _by_length(own)
    learned = [length for length, runs in lengths.items() if fmean(r["score"] for r in runs) > 0.9]
    seen = [length for length, runs in lengths.items() if _sees(runs[0])]
    return max(learned or seen or [min(lengths)])


def _shares(axes: Axes, runs: list[Record], floor: float) -> None:
    accuracy = fmean(record["score"] for record in runs)
    for name, key, colour, style in (
        ("before", "shares_before", "0.5", "--"),
        ("after", "shares_after", _colour(runs), "-"),
    ):
        mean = [fmean(values) for values in zip(*(record[key] for record in runs), strict=True)]
        label = f"{name} training" + ("" if name == "before" else f" (accuracy {100 * accuracy:.0f} %)")
        shown = [value or math.nan for value in mean]
        axes.plot(shown, style, color=colour, marker="os"[name == "after"], ms=4, lw=1.6, label=label)
    answer = len(runs[0]["shares_before"]) - 1
    axes.annotate("", (answer, 1.05), (answer, 5), arrowprops={"arrowstyle": "-|>", "color": "0.3"})
    axes.set_yscale("log")
    axes.set_ylim(floor, 8)
    decades(axes.yaxis)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=7, frameon=False, loc="lower left")
    bare(axes)
