"""Forecasts of signals on a graph, model beside model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from gnnseq.plots.comparison.models import family_look
from gnnseq.plots.style import MARKERS, figure, save


def plot_forecasts(
    errors: Mapping[str, Sequence[Sequence[float]]],
    truth: Tensor,
    forecasts: Tensor,
    path: str | Path,
    floor: float | None = None,
) -> Path:
    """Draws the errors of all models by step ahead, and a stretch of one node's series with forecasts of it.

    A GCRN and an LSTM have their family's colour, baselines are grey. Forecasts differ by line.

    Args:
        errors: mean absolute errors of each model, for each seed by step ahead ``[S][H]``.
        truth: a stretch of one node's series ``[M + H - 1]``.
        forecasts: of one model for that node ``[M, H]``: row m is made before step m of the stretch. Those one step
            and H steps ahead are drawn at the steps that they forecast.
        path: of the PNG.
        floor: error one step ahead of the best possible forecast, where it is known.

    Returns:
        The path.

    Raises:
        ValueError: if there are no errors.
    """
    if not errors:
        raise ValueError("errors is empty, expected at least one model")
    drawn = figure(11.0, 5.2)
    left, right = drawn.subplots(1, 2)
    for number, (name, seeds) in enumerate(errors.items()):
        means = [sum(values) / len(values) for values in zip(*seeds, strict=True)]
        family = next((known for known in ("GCRN", "LSTM") if known in name), None)
        colour = "0.5" if family is None else family_look(family.lower()).colour
        left.plot(range(1, len(means) + 1), means, ("-", "--", "-.")[number % 3], lw=1.2, ms=5, label=name,
                  color=colour, marker=MARKERS[number % len(MARKERS)])  # fmt: skip
    if floor is not None:
        left.plot([1], [floor], "*", color="black", ms=10, label=f"best possible one step ahead, {floor:.3f}")
    left.set_xlabel("steps ahead")
    left.set_ylabel("mean absolute error on the test part (mean over seeds)")
    left.xaxis.get_major_locator().set_params(integer=True)
    left.legend(fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    horizon, colour = forecasts.size(1), family_look("gcrn").colour
    right.plot(truth, color="0.6", lw=1.5, label="truth")
    for number, ahead in enumerate(sorted({1, horizon})):
        at = range(ahead - 1, ahead - 1 + len(forecasts))
        word = "1 step ahead" if ahead == 1 else f"{ahead} steps ahead"
        marks = {"marker": MARKERS[number], "markevery": (3 * number, 9), "ms": 4}
        right.plot(at, forecasts[:, ahead - 1], ("-", "--")[number], color=colour, lw=1.2, label=word, **marks)
    right.set_xlabel("step of the test part")
    right.set_ylabel("one node's signal, forecast by the GCRN")
    right.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    drawn.suptitle("Forecasting signals on a graph", fontsize=11)
    return save(drawn, path)
