"""Curves of language models in training."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from gnnseq.experiments.text_run import TextCurve, bits
from gnnseq.plots.style import COLOURS, figure, save

RECENT = 100  # batches in a moving mean


def plot_text_curves(curves: Mapping[str, TextCurve], path: str | Path) -> Path:
    """Draws bits per character and accuracy against steps: training batches (thin) and held-out text (dots).

    Args:
        curves: a title for each; one without steps is left out.
        path: of the PNG.

    Raises:
        ValueError: if no curve has a step.
    """
    drawn_curves = {title: curve for title, curve in curves.items() if curve.steps}
    if not drawn_curves:
        raise ValueError("curves hold no steps, expected at least one")
    drawn = figure(10, 3.8)
    left, right = drawn.subplots(1, 2)
    for number, (title, curve) in enumerate(drawn_curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        losses = [[step, bits(loss)] for step, loss, _ in curve.held_out]
        right_answers = [[step, 100 * accuracy] for step, _, accuracy in curve.held_out]
        _draw(left, title, [bits(loss) for loss in curve.loss], losses, colour)
        _draw(right, title, [100 * accuracy for accuracy in curve.accuracy], right_answers, colour)
    left.set_ylabel("bits per character")
    right.set_ylabel("next characters predicted (%)")
    left.legend(fontsize=7.5, frameon=False)
    for axes in (left, right):
        axes.set_xlabel("training steps")
        axes.spines[["top", "right"]].set_visible(False)
    drawn.suptitle("Predicting the next character", fontsize=11)
    return save(drawn, path)


def moving_mean(values: Sequence[float], size: int) -> list[float]:
    """The mean of each value and those before it, ``size`` of them at most."""
    means, total = [], 0.0
    for place, value in enumerate(values):
        total += value - (values[place - size] if place >= size else 0.0)
        means.append(total / min(place + 1, size))
    return means


def _draw(axes: Axes, title: str, train: list[float], held_out: list[list[float]], colour: str) -> None:
    size = max(1, min(RECENT, len(train) // 20))
    every = max(1, math.ceil(len(train) / 2000))
    steps = list(range(1, len(train) + 1))
    axes.plot(
        steps[::every], moving_mean(train, size)[::every], color=colour, lw=1, alpha=0.75, label=f"{title}: training"
    )
    if held_out:
        places, values = zip(*held_out, strict=True)
        axes.plot(places, values, "o-", color=colour, ms=4, lw=1.6, mec="white", mew=0.5, label=f"{title}: held out")
