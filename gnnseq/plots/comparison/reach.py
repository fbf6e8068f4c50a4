"""Score against reach, over all tasks of a comparison."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from gnnseq.plots.comparison.models import BESIDE, Look, drawable, ends, headline, legend_beside, looks, mark_level
from gnnseq.plots.style import bare, figure, save
from gnnseq.results.joined import Naming, Result, family_title
from gnnseq.runs.store import Record

_ASIDE = 5.0  # points between marks of models at one place
LOWEST, HIGHEST = -0.25, 1.25  # gains outside are drawn at the edge


def plot_reach(records: Sequence[Record], path: str | Path, naming: Naming = family_title) -> Path:
    """Draws the score of each model against its reach, over all tasks and sizes.

    Scores are rescaled: 0 is chance, 1 the task's threshold, so that tasks and metrics share an axis. Left: models with
    a limit, at the hops they reach minus the hops required; under 0 nothing but chance is possible. Right: models
    without a limit, at the hops required. Marks of several models at the same hops stand side by side.

    Raises:
        ValueError: if no record is done, or none says how many hops are required.
    """
    results = [r for r in drawable(records, naming) if r.first("hops_required") is not None]
    if not results:
        raise ValueError("records hold no hops_required, expected it in at least one")
    limited = [r for r in results if r.first("hops_reach") is not None]
    free = [r for r in results if r.first("hops_reach") is None]
    kinds = [kind for kind in ((limited, True), (free, False)) if kind[0]]
    drawn = figure(4.6 * len(kinds) + BESIDE, 4.2)
    look = looks(results)
    grid = drawn.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for axes, (group, has_limit) in zip(grid, kinds, strict=True):
        _panel(axes, group, has_limit, look)
    grid[0].set_ylabel("rescaled score (0: chance, 1: threshold)")
    legend_beside(drawn, grid)
    headline(
        drawn,
        "Score against reach, all tasks: mean and 95 % interval (side by side: the same hops; scores below "
        f"{LOWEST:g} and above {HIGHEST:g} are drawn there)",
        BESIDE,
    )
    return save(drawn, path)


def _panel(axes: Axes, results: Sequence[Result], has_limit: bool, look: dict[str, Look]) -> None:
    places = [_place(result, has_limit) for result in results]
    for result, place in zip(results, places, strict=True):
        aside = _ASIDE * _order(_at(results, place, has_limit), result.model, place, has_limit) / 72
        beside = axes.transData + ScaledTranslation(aside, 0, axes.figure.dpi_scale_trans)
        low, middle, high = (_clipped(result.gain(v)) for v in (ends(result)[0], result.summary.mean, ends(result)[1]))
        colour, marker, _ = look[result.model]
        axes.vlines(place, min(low, high), max(low, high), color=colour, lw=1.2, zorder=2, transform=beside)
        axes.plot(place, middle, marker, color=colour, ms=6, mec="white", mew=0.6, ls="", label=result.model, zorder=3,
                  transform=beside)  # fmt: skip
    room = 1 + 0.08 * (max(places) - min(places))
    axes.set_xlim(min(places) - room, max(places) + room)
    if has_limit and min(places) < 0:
        axes.axvspan(min(places) - room, -0.5, color="0.93", lw=0, zorder=0)
        axes.text(min(places) - 0.9 * room, 0.5, "out of reach", fontsize=8, color="0.35")
    mark_level(axes, 0, "chance")
    mark_level(axes, 1, "threshold")
    axes.set_xlabel("hops reached minus hops required" if has_limit else "hops required (models without a limit)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(LOWEST - 0.05, HIGHEST + 0.05)
    bare(axes)


def _place(result: Result, has_limit: bool) -> int:
    required = int(result.first("hops_required"))
    return int(result.first("hops_reach")) - required if has_limit else required


def _at(results: Sequence[Result], place: int, has_limit: bool) -> list[str]:
    """The models that have a mark at a place."""
    return list(dict.fromkeys(result.model for result in results if _place(result, has_limit) == place))


def _order(models: Sequence[str], model: str, place: int, has_limit: bool) -> float:
    """How many places a mark moves aside: about its hops, but never over the border to what is out of reach."""
    index, last = models.index(model), len(models) - 1
    if not has_limit:
        return index - last / 2
    return index if place >= 0 else index - last


def _clipped(gain: float) -> float:
    return min(max(gain, LOWEST), HIGHEST)
