"""Signals on the nodes of a graph over time, read from CSV and standardised."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gnnseq.data.files import check_finite
from gnnseq.data.signals.numbers import read_table


@dataclass(frozen=True)
class Signals:
    """Series on the nodes of a graph, standardised by their training part.

    Attributes:
        values: z-scores ``[T, N]``, each node by the mean and deviation of its training part; NaN in gaps.
        adjacency: weights ``[N, N]`` of the edges from row to column, zero on the diagonal.
        names: one per node.
        noise: mean squared error of the best possible one-step forecast, where it is known.
        units: mean and deviation of each node's training part ``[2, N]``, for `undo`.
        shares: of the steps: those of the validation part, and those of the test part after it. The steps before both
            are for training.
        features: values known of each step beforehand ``[T, C]``, such as `gnnseq.data.signals.calendar.calendar`.

    Raises:
        ValueError: for shapes that do not fit, such as several features of a node ``[T, N, F]``, or shares that are
            negative or leave no step for training.
    """

    values: Tensor
    adjacency: Tensor
    names: list[str]
    noise: float | None = None
    units: Tensor | None = None
    shares: tuple[float, float] = (0.1, 0.2)
    features: Tensor | None = None

    def __post_init__(self) -> None:
        _check_shapes("values", self.values, self.adjacency, self.names)
        _parts(len(self.values), self.shares)
        _check_features(self.features, len(self.values))

    @property
    def validation(self) -> int:
        """First step of the validation part: by default the last 10 % before the test part."""
        return _parts(len(self.values), self.shares)[0]

    @property
    def test(self) -> int:
        """First step of the test part: by default the last 20 %."""
        return _parts(len(self.values), self.shares)[1]

    def undo(self, z: Tensor, dim: int = -1) -> Tensor:
        r"""Z-scores, or forecasts of them, in the units of the series: :math:`x = \mu + \sigma z`, in float64.

        Args:
            z: values with one entry per node in one dimension, such as forecasts ``[B, N, H]``.
            dim: the dimension of the nodes.

        Raises:
            ValueError: if the units are not known, or there is not one entry per node.
        """
        if self.units is None:
            raise ValueError("units is None, expected mean and deviation of each node: standardised() keeps them")
        if z.size(dim) != len(self.names):
            raise ValueError(f"z has {z.size(dim)} entries in dimension {dim}, expected {len(self.names)}, one a node")
        mean, deviation = self.units.to(z.device)
        found: Tensor = mean + deviation * z.double().movedim(dim, -1)
        return found.movedim(-1, dim)


def standardised(
    series: Tensor,
    adjacency: Tensor,
    names: list[str],
    noise: float | None = None,
    *,
    shares: tuple[float, float] = (0.1, 0.2),
    features: Tensor | None = None,
    directed: bool = False,
) -> Signals:
    r"""Z-scores every node by its training part, by default the first 70 % of steps; later parts do not count.

    .. math:: z_t = (x_t - \mu) / \sigma

    A node whose training part is constant up to rounding has no z-score: it is zero at every step. The tolerance is
    that of scikit-learn's ``StandardScaler``: a variance of at most :math:`n \epsilon \sigma^2 + (n \mu \epsilon)^2`
    for n steps in float64. Gaps (NaN) stay gaps, and do not count.

    Args:
        series: ``[T, N]``, at least 20 steps; NaN in gaps.
        adjacency: weights ``[N, N]`` from row to column; self-loops are dropped.
        names: one per node.
        noise: variance of the noise in the units of ``series``, where it is known and the same at all nodes.
        shares: of the validation part and of the test part.
        features: values known of each step beforehand ``[T, C]``.
        directed: keeps the weights of both directions apart; otherwise the larger one counts in both.

    Raises:
        ValueError: for shapes that do not fit, negative weights, values that are not finite in float32, shares that
            leave no step for training, or a node without a value in its training part.
    """
    _check_shapes("series", series, adjacency, names)
    if len(series) < 20:
        raise ValueError(f"series has {len(series)} steps, expected at least 20")
    gaps = series.isnan()
    for name, value in (("series", series.masked_fill(gaps, 0)), ("adjacency", adjacency)):
        check_finite(name, value.float())
    if bool((adjacency < 0).any()):
        row, column = (adjacency < 0).nonzero()[0].tolist()
        raise ValueError(
            f"adjacency holds negative weights: [{row}, {column}] is {adjacency[row, column]:g}, expected >= 0"
        )
    if noise is not None and not 0 <= noise < float("inf"):
        raise ValueError(f"noise is {noise}, expected a variance >= 0")
    past = series[: _parts(len(series), shares)[0]].double()
    count = (~past.isnan()).sum(0)
    if bool((count == 0).any()):
        empty = names[int((count == 0).nonzero()[0])]
        raise ValueError(f"node {empty!r} has no value in the {len(past)} training steps, expected at least one")
    mean = past.nanmean(0)
    deviation = (past - mean).square().nanmean(0).sqrt()
    rounding = count * torch.finfo(torch.float64).eps
    varies = deviation**2 > rounding * deviation**2 + (rounding * mean) ** 2
    scale = torch.where(varies, deviation, 1.0)
    values = torch.where(varies, (series.double() - mean) / scale, 0.0).float().masked_fill(gaps, torch.nan)
    check_finite("z-scores", values.masked_fill(gaps, 0))
    weights = adjacency if directed else torch.maximum(adjacency, adjacency.t())
    weights = weights.float().clone().fill_diagonal_(0.0)
    relative = None if noise is None else float((varies * noise / scale**2).mean())
    return Signals(values, weights, names, relative, torch.stack([mean, scale * varies]), shares, features)


def read_signals(series: str | Path, adjacency: str | Path) -> Signals:
    """Reads series and their graph.

    Rows are steps at equal distances in the order of time, without a column of timestamps and without gaps.

    Args:
        series: CSV with a row of names, then one row per step and one column per node.
        adjacency: CSV without a header, one row and one column of weights per node; no list of edges.

    Raises:
        ValueError: for a cell that is no finite float32 number, rows of different lengths, a name that comes twice, a
            first row of numbers in place of names, or tables that do not fit. The message names the file, the line and
            the column.
    """
    names, values = read_table(Path(series), header=True)
    _, weights = read_table(Path(adjacency), header=False)
    if weights.shape != (len(names), len(names)):
        raise ValueError(
            f"{adjacency}: adjacency has shape {list(weights.shape)}, expected {[len(names)] * 2}, one row and one "
            f"column for each column of {series}; a list of edges (from, to, weight) has to be made into such a table: "
            "read_edges does it"
        )
    try:
        return standardised(values, weights, names)
    except ValueError as error:
        raise ValueError(f"{series} with {adjacency}: {error}") from None


def _parts(steps: int, shares: tuple[float, float]) -> tuple[int, int]:
    """First steps of the validation and of the test part."""
    validation, test = shares
    if not (validation >= 0 and test >= 0 and validation + test < 1):
        raise ValueError(f"shares is {shares}, expected those of validation and test, each >= 0 and their sum below 1")
    first = int(round((1 - test) * steps, 6))
    training = first - int(round(validation * steps, 6))
    if training < 1:
        raise ValueError(f"shares is {shares} of {steps} steps, expected at least one step for training")
    return training, first


def _check_features(features: Tensor | None, steps: int) -> None:
    if features is None:
        return
    if features.dim() != 2 or len(features) != steps:
        raise ValueError(f"features has shape {list(features.shape)}, expected [{steps}, C], one row per step")
    check_finite("features", features)


def _check_shapes(name: str, values: Tensor, adjacency: Tensor, names: list[str]) -> None:
    if values.dim() != 2 or values.is_complex():
        shape, dtype = list(values.shape), values.dtype
        raise ValueError(
            f"{name} has shape {shape} and dtype {dtype}, expected real [T, N]: one value per step and node"
        )
    nodes = values.size(1)
    if adjacency.shape != (nodes, nodes):
        raise ValueError(f"adjacency has shape {list(adjacency.shape)}, expected [{nodes}, {nodes}]: one node a series")
    if len(names) != nodes:
        raise ValueError(f"names has {len(names)} entries, expected {nodes}, one per node")
