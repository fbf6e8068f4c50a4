"""The same number of weights for every model."""

from collections.abc import Callable
from dataclasses import dataclass

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
) -> Size:
    """The width at which a model comes closest to a number of weights.

    One unit of width can change the count by more than the tolerance; then the embedding's width moves too, as little
    as it takes.

    Args:
        build: makes a model from a width and an embedding width.
        budget: number of weights asked for.
        embedding: features of a symbol to begin with.
        tolerance: share of the budget that the count may differ by.

    Raises:
        ValueError: where even width 1 exceeds the budget; names the smallest count possible.
    """

    def count(width: int, features: int) -> int:
        return num_weights(build(width, features))

    smallest = count(1, embedding)
    if smallest > budget:
        raise ValueError(f"budget is {budget} weights, expected at least {smallest}: the model's smallest size")
    low, high = 1, 2
    while (larger := count(high, embedding)) <= budget:
        if larger <= count(low, embedding):
            return _fixed(low, high, embedding, larger, budget, tolerance)
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle, embedding) <= budget else (low, middle)
    best = min(
        (_size(count, width, embedding) for width in (low, high)),
        key=lambda s: abs(s.weights - budget),
    )
    for offset in range(1, embedding // 2 + 1):
        if abs(best.weights - budget) <= tolerance * budget:
            return best
        others = [_size(count, w, embedding + d) for w in (low, high) for d in (-offset, offset)]
        best = min([best, *others], key=lambda s: abs(s.weights - budget))
    if abs(best.weights - budget) <= tolerance * budget:
        return best
    below, above = count(low, embedding), count(high, embedding)
    note = f"widths {low} and {high} have {below} and {above} weights; none comes within {tolerance:.0%} of {budget}"
    return Size(best.width, best.embedding, best.weights, note)


def _size(count: Callable[[int, int], int], width: int, embedding: int) -> Size:
    return Size(width, embedding, count(width, embedding))


def _fixed(low: int, high: int, embedding: int, weights: int, budget: int, tolerance: float) -> Size:
    """The size of a model that does not grow with its width."""
    note = f"widths {low} and {high} both have {weights} weights, expected {budget} within {tolerance:.0%}"
    return Size(low, embedding, weights, "" if abs(weights - budget) <= tolerance * budget else note)
