"""Curves of language models in training."""

import math
from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes

from gnnseq.plots.style import COLOURS, MARKERS, bare, figure, save
from gnnseq.results.curves import moving_mean
from gnnseq.studies.text.run import TextCurve, bits

_RECENT = 100  # batches in a moving mean


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
        style = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)], ("-", "--", "-.", ":")[number % 4]
        losses = [[step, bits(loss)] for step, loss, _ in curve.held_out]
        right_answers = [[step, 100 * accuracy] for step, _, accuracy in curve.held_out]
        _draw(left, title, [bits(loss) for loss in curve.loss], losses, style)
        _draw(right, title, [100 * accuracy for accuracy in curve.accuracy], right_answers, style)
    left.set_ylabel("bits per character")
    right.set_ylabel("next characters predicted (%)")
    left.legend(fontsize=7.5, frameon=False)
    for axes in (left, right):
        axes.set_xlabel("training steps")
        bare(axes)
    drawn.suptitle("Predicting the next character", fontsize=11)
    return save(drawn, path)


def _draw(axes: Axes, title: str, train: list[float], held_out: list[list[float]], style: tuple[str, str, str]) -> None:
    colour, marker, line = style
    size = max(1, min(_RECENT, len(train) // 20))
    every = max(1, math.ceil(len(train) / 2000))
    steps = list(range(1, len(train) + 1))
    means = moving_mean(train, size)[::every]
    axes.plot(steps[::every], means, line, color=colour, lw=1, alpha=0.75, label=f"{title}: training")
    if held_out:
        places, values = zip(*held_out, strict=True)
        name = f"{title}: held out"
        axes.plot(places, values, marker=marker, color=colour, ms=4, lw=1.6, mec="white", mew=0.5, label=name)
