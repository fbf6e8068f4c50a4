"""Accuracy against the length of a palindrome, a panel for each model."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from gnnseq.experiments.store import Record
from gnnseq.experiments.table import Row, rows
from gnnseq.plots.style import COLOURS, panels, save


def plot_accuracy(records: Sequence[Record], path: str | Path) -> Path:
    """Draws a panel for each model: every seed, their mean, chance, and the lengths that the model cannot see.

    Args:
        records: of `run_trials`.
        path: of the PNG.

    Returns:
        The path.

    Raises:
        ValueError: if no record is done.
    """
    table = rows(records)
    if not table:
        raise ValueError("records hold no finished trial, expected at least one")
    families = list(dict.fromkeys(row.family for row in table))
    drawn, grid = panels(len(families), 3.6, 2.5)
    lengths = sorted({row.size for row in table})
    for number, (axes, family) in enumerate(zip(grid, families, strict=True)):
        _panel(
            axes,
            [r for r in table if r.family == family],
            table,
            records,
            COLOURS[number % len(COLOURS)],
        )
        axes.set_xticks(lengths, [str(length) for length in lengths])
    seeds = max(row.seeds for row in table)
    budget = records[0]["trial"]["budget"] if records[0]["trial"]["width"] is None else table[0].weights
    drawn.supxlabel("length of the palindrome (digits)")
    drawn.supylabel("accuracy on fresh palindromes (%)")
    drawn.suptitle(
        f"Who learns palindromes? About {budget:,} weights each; {seeds} seeds (dots), their mean (line), "
        "and the other models (grey)",
        fontsize=11,
    )
    return save(drawn, path)


def _panel(axes: Axes, own: list[Row], table: list[Row], records: Sequence[Record], colour: str) -> None:
    for family in dict.fromkeys(row.family for row in table):
        other = [row for row in table if row.family == family]
        axes.plot(
            [r.size for r in other],
            [100 * r.score for r in other],
            color="0.85",
            lw=1,
            zorder=1,
        )
    blind = [row.size for row in own if row.verdict == "cannot see"]
    if blind:
        seen = [row.size for row in own if row.size < min(blind)]
        start = (max(seen) + min(blind)) / 2 if seen else min(blind) - 1
        axes.axvspan(start, 1.04 * max(blind), color="0.93", zorder=0)
        axes.text(max(blind), 54, "cannot see\nthat far", fontsize=8, color="0.35", ha="right", va="center")
    axes.axhline(100 * own[0].chance, color="0.3", ls=":", lw=1.2, zorder=2)
    axes.text(min(r.size for r in table), 1, "chance", fontsize=7, color="0.3")
    axes.plot([r.size for r in own], [100 * r.score for r in own], color=colour, lw=2, zorder=3)
    for record in records:
        if record["status"] == "done" and record["family"]["name"] == own[0].family:
            dot = (record["task"]["size"], 100 * record["score"])
            axes.plot(*dot, "o", color=colour, ms=5, mec="white", mew=0.8, zorder=4)
    axes.set_title(own[0].title, fontsize=9)
    axes.set_ylim(-3, 105)
    axes.spines[["top", "right"]].set_visible(False)
