"""Baselines of a published table: no training, or one linear regression."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnnseq.experiments.family import Family
from gnnseq.experiments.looks import judged
from gnnseq.experiments.run import build
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.trial import Trial
from gnnseq.models import Autoregression, MeanForecast, PersistenceForecast
from gnnseq.models.forecasters import Forecaster, windows_of
from gnnseq.ops import SparseOperator
from gnnseq.runs.provenance import now
from gnnseq.runs.store import Record
from gnnseq.studies.audit.models import Flat
from gnnseq.studies.audit.task import ForecastTask, errors_by_lead, training_windows

ONCE = Settings(width=1, steps=1, stop_at=None, test_samples=1_000_000)  # of a baseline, which no setting changes
Make = Callable[[ForecastTask], Forecaster]


class SamePeriod(MeanForecast):
    """The value one period before the target: the same week last year, the same time of the last day.

    Args:
        leads: steps ahead of the targets, at most the period.
        period: in steps; windows must be at least as long.

    Shapes:
        As those of `Forecaster`; where the value is missing, the forecast is zero.
    """

    def __init__(self, leads: tuple[int, ...], period: int) -> None:
        super().__init__(len(leads))
        if max(leads) > period:
            raise ValueError(f"leads reach {max(leads)}, expected at most the period of {period}")
        self.places = [lead - 1 - period for lead in leads]

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        return windows_of(batch)[..., self.places, 0].nan_to_num(0.0)


class WindowMean(MeanForecast):
    """The mean of the last L values, step by step with forecasts as further values: HA in T-GCN's baselines.

    Args:
        horizon: steps ahead H, all of them from 1 on.

    Shapes:
        As those of `Forecaster`.
    """

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        x = windows_of(batch)[..., 0].nan_to_num(0.0)
        length = x.size(-1)
        for _ in range(self.horizon):
            x = torch.cat([x, x[..., -length:].mean(-1, keepdim=True)], dim=-1)
        return x[..., length:]


def mean_of_neighbours(adjacency: Tensor) -> SparseOperator:
    """The weighted mean of a node's neighbours."""
    edges = adjacency.nonzero().t().contiguous()
    share = adjacency / adjacency.sum(0).clamp(min=1e-9)
    return SparseOperator(edges, share[edges[0], edges[1]], len(adjacency))


def _regression(lags: int, per_node: bool, neighbours: bool, task: ForecastTask) -> Forecaster:
    graph = mean_of_neighbours(task.signals.adjacency) if neighbours else None
    return Autoregression(len(task.leads), lags, graph, per_node).fit(training_windows(task))


def baseline(name: str, title: str, make: Make, view: str = "windows") -> Family:
    """A baseline as a family; building it fits it to the training part."""
    return Family(name, view, lambda task, width, embedding: Flat(make(task)), title, learning_rate=1.0)  # type: ignore[arg-type]


def regressions(lags: int) -> tuple[Family, ...]:
    """Autoregressions: shared by the nodes, one for each node, and with the mean of the neighbours."""
    kinds = (
        (f"ar-{lags}", f"AR({lags})", False, False),
        (f"ar-{lags}-node", f"AR({lags}) of each node", True, False),
        (f"ar-{lags}-graph", f"AR({lags}) with neighbours", False, True),
    )
    return tuple(baseline(name, title, partial(_regression, lags, node, graph)) for name, title, node, graph in kinds)


ZERO = baseline("zero", "mean of the training part", lambda task: MeanForecast(len(task.leads)))
PERSISTENCE = baseline("persistence", "last value", lambda task: PersistenceForecast(len(task.leads)))
WINDOW_MEAN = baseline("window-mean", "mean of the window", lambda task: WindowMean(max(task.leads)))


def same_period(title: str) -> Family:
    """The value one period before."""
    return baseline("same-period", title, lambda task: SamePeriod(task.leads, task.period), "period")


def run_baseline(trial: Trial) -> Record:
    """The record of a baseline: its description, its score and its errors by lead."""
    task = trial.task
    if not isinstance(task, ForecastTask):
        raise TypeError(f"task is a {type(task).__name__}, expected a ForecastTask")
    model, _ = build(trial)
    found = judged(model, trial, "test")
    return {
        **trial.description,
        "status": "done",
        "weights": sum(buffer.numel() for name, buffer in model.named_buffers() if name.endswith("coefficients")),
        "score": found.accuracy,
        "loss": found.loss,
        "test_samples": found.count,
        "by_lead": errors_by_lead(model, task, trial.family.view),
        "finished": now(),
    }
