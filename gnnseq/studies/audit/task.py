"""Forecasts in the setting of a published table: its split, leads and measure of error."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, Literal, Self, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from gnnseq.data.signals.series import Signals
from gnnseq.data.streams import Split, check_split
from gnnseq.experiments.tasks.base import Collate, Level, find_view
from gnnseq.experiments.tasks.kinds import WithData
from gnnseq.graphs import to_windows
from gnnseq.models.modes import evaluating
from gnnseq.studies.audit.windows import windows
from gnnseq.training import Epochs

Measure = Literal["MAE", "MSE", "RMSE"]
_NAMES = {"MAE": "mean absolute error", "MSE": "mean squared error", "RMSE": "mean squared error"}


@dataclass(frozen=True)
class ForecastTask(WithData):
    """The values of every node at some leads, from the steps before; made by `of`.

    The score is the mean error over all leads, in the unit of the series: absolute if the table has the MAE, else
    squared. `errors` has the table's own measure for each lead.

    Attributes:
        digest: hash of the series and its graph.
        title: in tables.
        measure: of the published table.
        window: steps of a history.
        leads: steps ahead of the targets.
        trained_on: "L1" or "L2", the loss, of z-scores.
        period: steps of a year or day, for the baseline of the same time; 0 for none.
        inside: whether histories must lie in the part of their targets.
        cumulative: whether the error at a lead is over all leads up to it.
        signals: the data; the key contains their hash instead.
    """

    digest: str
    title: str
    measure: Measure
    window: int
    leads: tuple[int, ...]
    trained_on: Literal["L1", "L2"] = "L2"
    period: int = 0
    inside: bool = False
    cumulative: bool = False
    signals: Signals = field(kw_only=True, repr=False, compare=False)

    name: ClassVar[str] = "published forecasts"
    level: ClassVar[Level] = "node"
    higher_is_better: ClassVar[bool] = False
    solved: ClassVar[float] = 0.0
    num_symbols: ClassVar[None] = None
    num_features: ClassVar[int] = 1

    @classmethod
    def of(cls, signals: Signals, title: str, **settings: Any) -> Self:
        """The task of some signals."""
        found = hashlib.sha256(repr(signals.shares).encode())
        for tensor in (signals.values, signals.adjacency):
            found.update(tensor.numpy().tobytes())
        return cls(found.hexdigest()[:16], title, **settings, signals=signals)

    @property
    def size(self) -> int:
        """Nodes."""
        return len(self.signals.names)

    @property
    def num_outputs(self) -> int:
        """Targets of a window: every node at every lead."""
        return self.size * len(self.leads)

    @property
    def metric_name(self) -> str:
        """Of the score."""
        return _NAMES[self.measure]

    @property
    def chance(self) -> float:
        """Score of the forecast zero on the test part."""
        _, y = self.part("windows", "test")
        total, count = self.metric(torch.zeros_like(y), y)
        return total / count

    @property
    def views(self) -> Mapping[str, Collate]:
        """Windows, longer ones of a period, and all windows of the series in the order of time as one batch."""
        collate = cast(Collate, to_windows)
        return dict.fromkeys(("windows", "in order", *(("period",) if self.period else ())), collate)

    @property
    def scale(self) -> Tensor:
        """Units of a z-score ``[N, 1]``."""
        units = self.signals.units
        return torch.ones(self.size, 1) if units is None else units[1].float().unsqueeze(1)

    def required(self, view: str) -> None:
        """There is no number of hops."""
        find_view(cast(Any, self), view)

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Mean absolute or squared error of z-scores over the targets that count."""
        error: Tensor = (outputs - y)[~y.isnan()]
        found: Tensor = (error.abs() if self.trained_on == "L1" else error.square()).mean()
        return found

    def metric(self, outputs: Tensor, y: Tensor) -> tuple[float, int]:
        """Sum of errors in the unit of the series, and their number."""
        error = self._errors(outputs, y)
        counted = ~error.isnan()
        return float(error[counted].sum()), int(counted.sum())

    def errors(self, outputs: Tensor, y: Tensor) -> dict[str, float]:
        """The table's measure by lead, for outputs and targets ``[M, N * K]``."""
        error = self._errors(outputs, y)  # [M, N, K]
        found = {}
        for place, lead in enumerate(self.leads):
            part = error[..., place]
            if self.cumulative:  # of the windows whose last target counts
                part = error[~part.isnan().any(1)][..., : place + 1]
            value = float(part.nanmean())
            found[str(lead)] = value**0.5 if self.measure == "RMSE" else value
        return found

    def part(self, view: str, split: Split) -> tuple[Tensor, Tensor]:
        """All windows of a split ``[M, N, L, 1]`` in order, and their targets ``[M, N * K]``."""
        find_view(cast(Any, self), view)
        values = self.signals.values
        bounds = {"train": (0, self.signals.validation), "validation": (self.signals.validation, self.signals.test)}
        begin, end = bounds.get(check_split(split), (self.signals.test, len(values)))
        length = max(self.period, self.window) if view == "period" else self.window
        if view == "in order":
            x, y = windows(values, length, self.leads, (0, end))
            asked = torch.arange(length - 1, length - 1 + len(x)).unsqueeze(1) + torch.tensor(self.leads)
            y = y.masked_fill((asked < begin).unsqueeze(1), torch.nan)
        else:
            x, y = windows(values, length, self.leads, (begin, end), self.inside and view == "windows")
        return x.unsqueeze(-1), y.flatten(1)

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches; see `Task`. Training repeats in epochs; windows of the other parts are used once."""
        x, y = self.part(view, split)
        size = len(x) if view == "in order" else batch_size
        length = -(-len(x) // size)
        if split != "train":
            rows = torch.arange(len(x)).split(size)
            yield from (_batch(x, y, row) for row in rows[first : first + num_batches])
            return

        def epoch(number: int) -> Iterator[Batch]:
            order = torch.arange(len(x))
            if view != "in order":
                order = torch.from_numpy(np.random.default_rng([seed, number]).permutation(len(x)))
            yield from (_batch(x, y, row) for row in order.split(size))

        epochs = Epochs(epoch, -(-(first + num_batches) // length), length)
        yield from islice(epochs(first), num_batches)

    def _errors(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Errors ``[M, N, K]``, squared for all measures but the MAE; NaN where a target does not count."""
        error: Tensor = (outputs - y).masked_fill(outputs.isnan() & ~y.isnan(), torch.inf)  # no forecast is no gap
        error = error.unflatten(1, (self.size, len(self.leads))).double() * self.scale
        return error.abs() if self.measure == "MAE" else error.square()


@torch.no_grad()
def errors_by_lead(model: nn.Module, task: ForecastTask, view: str) -> dict[str, float]:
    """The table's measure of a model by lead, on the test part."""
    batches = task.batches(view, 0, "test", 250, 1_000_000)
    with evaluating(model):
        outputs, y = map(torch.cat, zip(*((model(batch), batch.y) for batch in batches), strict=True))
    return task.errors(outputs, y)


def training_windows(task: ForecastTask, view: str = "windows") -> Iterator[Data]:
    """All training windows with targets ``[B, N, K]``, for baselines."""
    x, y = task.part(view, "train")
    for rows in torch.arange(len(x)).split(256):
        yield Data(x=x[rows], y=y[rows].unflatten(1, (task.size, len(task.leads))))


def _batch(x: Tensor, y: Tensor, rows: Tensor) -> Batch:
    return cast(Batch, to_windows((x[rows], y[rows])))
