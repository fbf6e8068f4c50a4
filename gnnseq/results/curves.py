"""Learning curves of several seeds as one line with a band."""

import math
import statistics
from collections.abc import Sequence

from gnnseq.results.joined import Result

_RECENT = 20  # batches in a moving mean


def moving_mean(values: Sequence[float], size: int) -> list[float]:
    """The mean of the last ``size`` values at each place; of fewer at the start."""
    return [statistics.fmean(values[max(0, end - size) : end]) for end in range(1, len(values) + 1)]


def curves(result: Result) -> list[list[float]]:
    """The metric of training batches of each seed that kept it, as the mean of the last 20; shares in per cent."""
    scale = 100.0 if result.percent else 1.0
    kept = [c for record in result.records if (c := (record.get("curve") or {}).get("accuracy"))]
    return [moving_mean([scale * value for value in curve], _RECENT) for curve in kept]


def joined(
    lines: Sequence[Sequence[float]], points: int = 500
) -> tuple[list[int], list[float], list[float], list[float]]:
    """Steps, and the mean, smallest and largest of some curves; a shorter one keeps its last value.

    Args:
        lines: a curve for each seed.
        points: of the result at most, or one more.
    """
    length = max(map(len, lines))
    every = max(1, math.ceil(length / points))
    places = sorted({*range(0, length, every), length - 1})
    columns = [[line[min(place, len(line) - 1)] for line in lines] for place in places]
    steps = [place + 1 for place in places]
    return steps, [statistics.fmean(c) for c in columns], [min(c) for c in columns], [max(c) for c in columns]
