"""Accuracy of models on trees and of models on sequences."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gnnseq.plots.comparison.models import Look, family_looks
from gnnseq.plots.style import bare, figure, save
from gnnseq.results.joined import family_title, grouped
from gnnseq.runs.store import Record

_FEWEST = 20  # samples of a group, below which its accuracy is not drawn


def plot_listops(records: Sequence[Record], path: str | Path) -> Path:
    """Draws accuracy in training, by the length and by the depth of an expression; means over seeds.

    A run that diverged counts as a constant guess from there on.

    Args:
        records: of `gnnseq.studies.listops.run_listops`; runs that failed are left out.
        path: of the PNG.

    Raises:
        ValueError: if no run has ended.
    """
    records = [record for record in records if record["status"] != "failed"]
    groups = _by_title(records)
    chance, every = records[0]["task"]["chance"], records[0]["trial"]["validate_every"]
    sizes: dict[str, Any] = {n: next((r[n] for r in records if n in r), {}) for n in ("by_length", "by_depth")}
    drawn = figure(12, 3.9)
    training, length, depth = drawn.subplots(1, 3, sharey=True)
    for title, (colour, marker, line) in _looks(groups).items():
        rows = groups[title]
        style: dict[str, Any] = {"color": colour, "marker": marker, "ls": line, "ms": 4, "lw": 1.5}
        curves = [[score for _, score, _ in row.get("looks", [])] for row in rows]
        longest = max(map(len, curves))
        curves = [[100 * value for value in curve + [chance] * (longest - len(curve))] for curve in curves]
        means = [statistics.fmean(values) for values in zip(*curves, strict=True)]
        places = [every * (place + 1) for place in range(len(means))]
        training.plot(places, means, **style, markevery=max(1, len(means) // 10), label=title)
        for axes, name in ((length, "by_length"), (depth, "by_depth")):
            axes.plot(*_pooled(rows, name, chance, sizes[name]), **style)
    length.set_xticks(sorted({int(group) for record in records for group in record.get("by_length", {})}))
    depth.xaxis.set_major_locator(MaxNLocator(integer=True))
    training.set_xlabel("training steps")
    length.set_xlabel("longest expression (symbols)")
    depth.set_xlabel("depth of the expression")
    training.set_ylabel("accuracy (%)")
    training.set_ylim(0, 103)
    for axes in (training, length, depth):
        axes.axhline(100 * chance, color="0.3", ls=":", lw=1.2)
        bare(axes)
    training.annotate(
        "constant guess", (0.98, 100 * chance + 1.5), xycoords=("axes fraction", "data"), fontsize=7, ha="right"
    )
    drawn.legend(*training.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    budget, seeds = records[0]["trial"]["budget"], max(len(rows) for rows in groups.values())
    drawn.suptitle(f"ListOps: about {budget:,} weights each, mean of {seeds} seed{'s' * (seeds > 1)}", fontsize=11)
    return save(drawn, path)


def plot_sentiment(records: Sequence[Record], path: str | Path) -> Path:
    """Draws the accuracy of dev sentences against epochs, a panel for each number of classes: seeds and their mean.

    A run that diverged is drawn up to there, and is not in the mean.

    Args:
        records: of `gnnseq.studies.sentiment.models.run_sentiment`; runs that failed are left out.
        path: of the PNG.

    Raises:
        ValueError: if no run has ended.
    """
    records = [record for record in records if record["status"] != "failed"]
    groups = _by_title(records)
    look = _looks(groups)
    tasks = list(dict.fromkeys(record["task"]["size"] for record in records))
    drawn = figure(5.2 * len(tasks) + 0.6, 4.2)
    panels = drawn.subplots(1, len(tasks), squeeze=False)[0]
    for axes, classes in zip(panels, tasks, strict=True):
        for title, rows in groups.items():
            own = [row for row in rows if row["task"]["size"] == classes]
            _epochs(axes, title, own, look[title])
        axes.set_title(f"{classes} classes", fontsize=10)
        axes.set_xlabel("epochs")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        bare(axes)
    panels[0].set_ylabel("accuracy on the dev part (%)")
    handles = panels[0].get_legend_handles_labels()
    drawn.legend(*handles, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    drawn.suptitle("Stanford Sentiment Treebank: each seed (thin) and the mean", fontsize=11)
    return save(drawn, path)


def plot_pairs(records: Sequence[Record], path: str | Path) -> Path:
    """Draws the score on held-out pairs against training steps, and the accuracy by length where there is one.

    A run that diverged is drawn up to there, and counts as a constant guess by length.

    Args:
        records: of `gnnseq.studies.pairs.models.run_pairs`; runs that failed are left out.
        path: of the PNG.

    Raises:
        ValueError: if no run has ended.
    """
    records = [record for record in records if record["status"] != "failed"]
    groups, task = _by_title(records), records[0]["task"]
    sizes: dict[str, list[int]] = next((record["by_length"] for record in records if "by_length" in record), {})
    drawn = figure(9.6 if sizes else 5.4, 4.2)
    panels = drawn.subplots(1, 2 if sizes else 1, squeeze=False)[0]
    for title, (colour, marker, line) in _looks(groups).items():
        rows = groups[title]
        style: dict[str, Any] = {"color": colour, "marker": marker, "ls": line, "ms": 4, "lw": 1.5}
        looks = [row.get("looks", []) for row in rows]
        scale = 100 if task["higher_is_better"] else 1
        means = [scale * statistics.fmean(score for _, score, _ in step) for step in zip(*looks, strict=False)]
        panels[0].plot([step for step, _, _ in max(looks, key=len)][: len(means)], means, **style, label=title)
        if sizes:
            panels[1].plot(*_pooled(rows, "by_length", task["chance"], sizes), **style)
    panels[0].set_xlabel("training steps")
    panels[0].set_ylabel(
        "accuracy on held-out pairs (%)" if task["higher_is_better"] else "mean squared error, held out"
    )
    if sizes:
        panels[1].set_xlabel("operators of the longer formula")
        panels[1].set_ylabel("accuracy on test pairs (%)")
    for axes in panels:
        bare(axes)
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    counts = sorted({len(rows) for rows in groups.values()})
    seeds = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
    name, _, longest = task["title"].partition(", longer than ")
    trained = f", trained on up to {longest} operators" if longest else ""
    drawn.suptitle(
        f"{name[:1].upper()}{name[1:]}{trained}: mean of {seeds} seed{'' if seeds == '1' else 's'}", fontsize=11
    )
    return save(drawn, path)


def _by_title(records: Sequence[Record]) -> dict[str, list[Record]]:
    if not records:
        raise ValueError("records is empty, expected at least one")
    return grouped(records, family_title)


def _looks(groups: Mapping[str, Sequence[Record]]) -> dict[str, Look]:
    """A look for each title, its family's."""
    return family_looks((title, str(rows[0]["family"].get("name", title))) for title, rows in groups.items())


def _pooled(
    rows: Sequence[Record], name: str, chance: float, sizes: dict[str, list[int]]
) -> tuple[list[int], list[float]]:
    """Groups with enough samples, and the share of right answers over all seeds in each; ``sizes``: if one diverged."""
    right: dict[int, float] = {}
    total: dict[int, int] = {}
    for row in rows:
        for group, (good, count) in row.get(name, sizes).items():
            right[int(group)] = right.get(int(group), 0) + (chance * count if row["status"] == "diverged" else good)
            total[int(group)] = total.get(int(group), 0) + count
    kept = [group for group in sorted(total) if total[group] >= _FEWEST]
    return kept, [100 * right[group] / total[group] for group in kept]


def _epochs(axes: Axes, title: str, rows: Sequence[Record], look: Look) -> None:
    curves = [[100 * score for _, score, _ in row.get("looks", [])] for row in rows]
    whole = [curve for curve, row in zip(curves, rows, strict=True) if row["status"] == "done"]
    colour, marker, line = look
    for curve in curves if len(curves) > 1 else []:
        axes.plot(range(1, len(curve) + 1), curve, color=colour, lw=0.7, alpha=0.4)
    means = [statistics.fmean(values) for values in zip(*whole, strict=False)]
    axes.plot(range(1, len(means) + 1), means, line, color=colour, lw=1.8, marker=marker, ms=5, label=title)
