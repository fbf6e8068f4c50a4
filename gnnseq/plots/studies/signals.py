"""Forecasts of signals on a graph, model beside model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from gnnseq.plots.style import COLOURS, MARKERS, figure, save


def plot_forecasts(
    errors: Mapping[str, Sequence[float]],
    truth: Tensor,
    forecasts: Mapping[str, Tensor],
    path: str | Path,
    floor: float | None = None,
) -> Path:
    """Draws the test errors of all models, and a stretch of one node's series with some forecasts of it.

    Args:
        errors: test mean squared error of each model, one per seed.
        truth: a stretch of one node's z-scored series ``[T]``.
        forecasts: forecasts of that stretch ``[T]`` by some of the models.
        path: of the PNG.
        floor: error of the best possible forecast, where it is known.

    Returns:
        The path.

    Raises:
        ValueError: if there are no errors.
    """
    if not errors:
        raise ValueError("errors is empty, expected at least one model")
    drawn = figure(10.0, 0.42 * len(errors) + 2.0)
    left, right = drawn.subplots(1, 2, width_ratios=[1.2, 1.0])
    names = list(errors)[::-1]
    for row, name in enumerate(names):
        values = list(errors[name])
        mean = sum(values) / len(values)
        left.barh(row, mean, color="0.85", height=0.65)
        left.plot(values, [row] * len(values), "o", color=COLOURS[0], ms=4)
        left.annotate(f"{mean:.3f}", (max(values), row), xytext=(6, 0), textcoords="offset points", va="center")
    if floor is not None:
        left.axvline(floor, color=COLOURS[1], ls="--", label=f"best possible, {floor:.3f}")
        left.legend(loc="lower right")
    left.set_yticks(range(len(names)), names)
    left.set_xlabel("mean squared error on the test part (z-scored), one dot a seed")
    left.set_xlim(0, 1.15 * max(max(values) for values in errors.values()))
    right.plot(truth, color="black", lw=1.5, label="truth")
    for number, (name, forecast) in enumerate(forecasts.items()):
        marks = {"marker": MARKERS[number], "markevery": (3 * number, 9), "ms": 4}
        right.plot(forecast, color=COLOURS[number], lw=1, label=name, **marks)
    right.set_xlabel("step of the test part")
    right.set_ylabel("one node's signal (z-score)")
    right.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    drawn.suptitle("Forecasting the next step of signals on a graph", fontsize=11)
    return save(drawn, path)
