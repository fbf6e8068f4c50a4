"""Numbers that say how well a model does."""

from collections.abc import Sequence

import torch
from torch import Tensor

IGNORED = -100


def is_right(logits: Tensor, y: Tensor) -> Tensor:
    """Which predictions ``[M]`` are right: of logits ``[M, C]`` the target's is the largest, and none is NaN."""
    return (logits.argmax(-1) == y) & ~logits.isnan().any(-1)  # argmax takes a NaN for the largest


def correct(logits: Tensor, y: Tensor) -> tuple[int, int]:
    """How many predictions are right, and of how many; targets of -100 do not count, and a NaN is never right.

    Args:
        logits: ``[M, C]``.
        y: classes ``[M]``.
    """
    right, counted = is_right(logits, y), y != IGNORED  # no class is the one that does not count
    both: list[int] = torch.stack([right, counted]).sum(1).tolist()
    return both[0], both[1]


def squared_error(predictions: Tensor, y: Tensor) -> tuple[float, int]:
    """Sum of squared errors and number of targets; targets that are NaN do not count.

    Args:
        predictions: ``[M]`` or ``[M, 1]``.
        y: real targets ``[M]``.
    """
    counted = ~y.isnan()
    error = (predictions.reshape(y.shape) - y)[counted]
    return float((error * error).sum()), int(counted.sum())


def absolute_error(predictions: Tensor, y: Tensor) -> tuple[float, int]:
    """Sum of absolute errors and number of targets; targets that are NaN do not count.

    Args:
        predictions: ``[M]`` or ``[M, 1]``, or any shape that y has too.
        y: real targets.
    """
    counted = ~y.isnan()
    return float((predictions.reshape(y.shape) - y)[counted].abs().sum()), int(counted.sum())


def masked_mae(predictions: Tensor, y: Tensor) -> Tensor:
    """Mean absolute error over the targets that are not NaN, as a loss; NaN where there are none.

    Args:
        predictions: of the shape of y.
        y: real targets.

    Raises:
        ValueError: if the shapes differ.
    """
    _require_same_shape(predictions, y)
    counted = ~y.isnan()
    return (predictions[counted] - y[counted]).abs().mean()


def forecast_errors(forecasts: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Errors by step ahead, over the targets that are not NaN; NaN where a step has none.

    Args:
        forecasts: ``[M, N, H]``, in the units in which errors are wanted: ``signals.undo(forecasts, 1)``.
        y: what came ``[M, N, H]``.

    Returns:
        "MAE" and "RMSE" in those units and "MAPE" in per cent, ``[H]`` each, float64. Targets of exactly zero have no
        relative error and do not count in the last.

    Raises:
        ValueError: if the shapes differ or are not ``[M, N, H]``.
    """
    if y.dim() != 3 or forecasts.shape != y.shape:
        raise ValueError(f"forecasts and y have shapes {list(forecasts.shape)} and {list(y.shape)}, expected [M, N, H]")
    y = y.double()
    error = (forecasts.double() - y).abs()  # NaN where there is no target
    error = error.masked_fill(forecasts.isnan() & ~y.isnan(), torch.inf)  # a forecast that is NaN is no gap
    relative = torch.where(y == 0, torch.nan, error / y.abs())
    mean = {"MAE": error, "RMSE": error.square(), "MAPE": 100 * relative}
    found = {name: value.flatten(0, 1).nanmean(0) for name, value in mean.items()}
    return found | {"RMSE": found["RMSE"].sqrt()}


def accuracy(logits: Tensor, y: Tensor) -> float:
    """Share of right predictions among the targets that are not -100, from 0 to 1; NaN where there are none."""
    right, count = correct(logits, y)
    return right / count if count else float("nan")


def best_k(values: Sequence[float], k: int = 50) -> float:
    """Mean of the k largest values: the course report's metric on training batches.

    It is biased upwards: with 10,000 batches of 128 and ten classes it is 0.18 for a model at pure chance. Show
    it beside accuracy on fresh data, never instead.

    Args:
        values: accuracies of training batches, at least one.
        k: how many to keep; all of them where there are fewer.
    """
    if not values:
        raise ValueError("values is empty, expected at least one accuracy")
    if k < 1:
        raise ValueError(f"k is {k}, expected at least 1")
    best = sorted(values, reverse=True)[:k]
    return sum(best) / len(best)


def pearson(predictions: Tensor, y: Tensor) -> float:
    """Pearson's correlation of predictions and targets ``[M]``; NaN where either is constant.

    Raises:
        ValueError: for other shapes.
    """
    _require_rows(predictions, y)
    found, wanted = ((values.double() - values.double().mean()) for values in (predictions, y))
    return float((found @ wanted) / (found.norm() * wanted.norm()))


def spearman(predictions: Tensor, y: Tensor) -> float:
    """Spearman's correlation of predictions and targets ``[M]``: Pearson's of their ranks, equal values sharing one.

    A NaN has no rank: the result is NaN.

    Raises:
        ValueError: for other shapes.
    """
    _require_rows(predictions, y)
    if bool((predictions.isnan() | y.isnan()).any()):
        return float("nan")
    return pearson(_ranks(predictions), _ranks(y))


def _require_same_shape(predictions: Tensor, y: Tensor) -> None:
    if predictions.shape != y.shape:
        raise ValueError(f"predictions have shape {list(predictions.shape)}, expected {list(y.shape)} as y")


def _require_rows(predictions: Tensor, y: Tensor) -> None:
    _require_same_shape(predictions, y)
    if y.dim() != 1:
        raise ValueError(f"y has shape {list(y.shape)}, expected [M]")


def _ranks(values: Tensor) -> Tensor:
    _, place, counts = values.unique(return_inverse=True, return_counts=True)
    middle: Tensor = counts.cumsum(0) - (counts - 1) / 2
    return middle[place]
