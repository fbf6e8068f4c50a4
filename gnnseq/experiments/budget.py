"""The same number of weights for every model."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import nn


def num_weights(model: nn.Module) -> int:
    """Number of trainable weights."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@dataclass(frozen=True)
class Size:
    """A model's size under a budget.

    Attributes:
        width: features of a state, H.
        embedding: features of a symbol, F.
        weights: number of weights.
        note: why the budget was missed by more than the tolerance; empty where it was met.
    """

    width: int
    embedding: int
    weights: int
    note: str = ""


def solve_width(
    build: Callable[[int, int], nn.Module],
    budget: int,
    embedding: int = 16,
    tolerance: float = 0.02,
    multiple: int = 1,
) -> Size:
    """The width at which a model's number of weights is closest to a budget.

    One unit of width can change the count by more than the tolerance; then the embedding's width moves too, as little
    as it takes.

    Args:
        build: makes a model from a width and an embedding width.
        budget: number of weights.
        embedding: features of a symbol to begin with.
        tolerance: share of the budget that the count may differ by.
        multiple: of which the width is one, such as a number of heads.

    Raises:
        ValueError: where even the smallest width exceeds the budget; names the smallest count possible.
    """

    def size(units: int, features: int = embedding) -> Size:
        return Size(multiple * units, features, num_weights(build(multiple * units, features)))

    def misses(found: Size) -> bool:
        return abs(found.weights - budget) > tolerance * budget

    smallest, low, high = size(1), 1, 2
    if smallest.weights > budget:
        raise ValueError(f"budget is {budget} weights, expected at least {smallest.weights}: the model's smallest size")
    while (larger := size(high)).weights <= budget:
        if larger.weights <= size(low).weights:  # a model that does not grow with its width
            note = f"widths {multiple * low} and {multiple * high} both have {larger.weights} weights"
            note += f", expected {budget} within {tolerance:.0%}"
            return replace(larger, width=multiple * low, note=note if misses(larger) else "")
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(middle).weights <= budget else (low, middle)
    below, above = size(low), size(high)
    best = min(below, above, key=lambda s: abs(s.weights - budget))
    for offset in range(1, embedding // 2 + 1):
        if not misses(best):
            return best
        others = [size(units, embedding + d) for units in (low, high) for d in (-offset, offset)]
        best = min(best, *others, key=lambda s: abs(s.weights - budget))
    note = f"widths {below.width} and {above.width} have {below.weights} and {above.weights} weights; "
    note += f"none comes within {tolerance:.0%} of {budget}"
    return replace(best, note=note) if misses(best) else best
