"""Optimisers compared: steps to the threshold by learning rate, and with the chosen one over seeds."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from gnnseq.experiments.optimizers import find_optimizer
from gnnseq.plots.comparison.models import headline, mark_level
from gnnseq.plots.style import COLOURS, MARKERS, bare, decades, figure, save
from gnnseq.results.statistics import summarise
from gnnseq.runs.store import Record
from gnnseq.studies.optimizers.race import Race, steps_taken


def plot_race(race: Race, path: str | Path) -> Path:
    """Draws steps to the threshold: left against the learning rate, in the tuning runs, right in the final runs.

    A run that did not reach the threshold stands at the number of steps allowed, in an empty marker. Seeds
    stand side by side.

    Raises:
        ValueError: if no run has ended.
    """
    final = [record for record in race.final if record["status"] != "failed"]
    if not final:
        raise ValueError("race holds no final run that ended, expected at least one")
    drawn = figure(9.5, 4.0)
    left, right = drawn.subplots(1, 2, sharey=True)
    for number, name in enumerate(race.chosen):
        own = [r for r in race.tuning if r["trial"]["optimizer"] == name and r["status"] != "failed"]
        _rates(left, name, own, race, number)
        _seeds(right, [r for r in final if r["trial"]["optimizer"] == name], number)
    limit = final[0]["trial"]["steps"]
    left.axhline(limit, color="0.3", ls=":", lw=1.2)
    mark_level(right, limit, f"not reached\nin {limit:,} steps")
    for axes in (left, right):
        bare(axes)
    left.set_xscale("log")
    left.set_yscale("log")
    left.set_xlabel("learning rate (large marker: chosen)")
    for axis in (left.xaxis, left.yaxis):
        decades(axis)
    left.set_ylabel("steps to the threshold")
    left.legend(fontsize=7, frameon=False, loc="best")
    right.set_xticks(
        range(len(race.chosen)), [find_optimizer(n).title.replace(" with ", "\nwith ") for n in race.chosen]
    )
    right.tick_params(axis="x", labelsize=8)
    right.set_xlabel("optimiser (small: seeds, side by side; large: mean)")
    headline(drawn, _title(final))
    return save(drawn, path)


def _title(final: Sequence[Record]) -> str:
    task, seeds = final[0]["task"], len({record["trial"]["seed"] for record in final})
    model, share = final[0]["family"]["title"], f"{100 * task['solved']:.0f}\u00a0%"
    runs = f"{seeds} other seeds with mean and 95\u00a0% interval" if seeds > 1 else "one other seed"
    learned = f"Training steps until the accuracy of an {model} is {share} on {task['title']}"
    return f"{learned}: tuning runs (left), {runs} (right)"


def _rates(axes: Axes, name: str, records: Sequence[Record], race: Race, number: int) -> None:
    by_rate = {rate: [steps_taken(r) for r in records if r["trial"]["learning_rate"] == rate] for rate in race.grid}
    means = {rate: sum(steps) / len(steps) for rate, steps in by_rate.items() if steps}
    axes.plot(list(means), list(means.values()), marker=MARKERS[number], color=COLOURS[number], lw=1.6, ms=5,
              label=find_optimizer(name).title)  # fmt: skip
    rate = race.chosen[name]
    if rate in means:
        axes.plot(rate, means[rate], MARKERS[number], color=COLOURS[number], ms=11, mec="black")


def _seeds(axes: Axes, records: Sequence[Record], number: int) -> None:
    if not records:
        return
    colour, steps = COLOURS[number], [steps_taken(record) for record in records]
    for place, (record, value) in enumerate(zip(records, steps, strict=True)):
        aside = number - 0.15 - 0.2 * place / max(len(records) - 1, 1)
        face = "none" if record["steps_to_threshold"] is None else colour
        axes.plot(aside, value, MARKERS[number], color=colour, mfc=face, ms=4)
    summary = summarise(steps)
    if summary.low is not None and summary.high is not None:
        axes.vlines(number + 0.1, summary.low, summary.high, color=colour, lw=2)
    axes.plot(number + 0.1, summary.mean, MARKERS[number], color=colour, ms=8, mec="black")
