"""Forecasting signals on a graph, as a task."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from statistics import fmean
from typing import ClassVar, cast, get_args

import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.data.indexing import check_integer
from gnnseq.data.signals.forecasts import ForecastDataset
from gnnseq.data.signals.series import Signals
from gnnseq.data.signals.spreading import Rule, spreading_noise, spreading_signals
from gnnseq.data.streams import Split
from gnnseq.data.synthetic.network_sequences import breadth_first
from gnnseq.experiments.tasks.base import Collate, Level, find_view, sequence_views
from gnnseq.experiments.tasks.kinds import Regression, Sampled, batches_of
from gnnseq.graphs import to_paths
from gnnseq.graphs.native import both_ways, only_last, signal_batch, space_time_batch

_DESCRIBED = 8  # graphs of which a task is told that has one for each seed


@dataclass(frozen=True)
class SignalTask(Sampled, Regression):
    """The next value of every node of a graph, from a window: :func:`gnnseq.data.signals.spreading.spreading_signals`.

    A node's next value depends on its neighbours' current ones and on noise; its own past has an effect only
    through them. Values are z-scores. Seed and split of the samples choose windows of the first 70 % of a series, the
    next 10 % or the last 20 %.

    Attributes:
        nodes: of the graph.
        steps: of the series.
        window: steps that a forecast is made from, L.
        graph_seed: of the graph and the noise; None for a graph and a series for each seed of the samples, so that
            seeds differ in all that is drawn. Then what is said of the task (`chance`, `noise`, `required`) is of the
            first eight graphs: their mean, or the most hops.
        rule: how signals spread.
    """

    nodes: int = 20
    steps: int = 2000
    window: int = 4
    graph_seed: int | None = 0
    rule: Rule = "symmetric"

    name: ClassVar[str] = "signals"
    level: ClassVar[Level] = "node"
    num_symbols: ClassVar[None] = None
    num_features: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_integer("window", self.window, 1)
        for split in get_args(Split):
            self.dataset(0, split)  # raises for what does not fit

    @property
    def title(self) -> str:
        """Name in tables."""
        graphs = "" if self.graph_seed is not None else ", a graph for each seed"
        rule = "" if self.rule == "symmetric" else f", {self.rule}"
        return f"signals on {self.nodes} nodes{rule}{graphs}"

    @property
    def size(self) -> int:
        """Nodes of the graph."""
        return self.nodes

    @property
    def chance(self) -> float:
        """Error, on the test part, of the mean of the past."""
        return fmean(one.dataset(0, "test").mean_error for one in self._graphs)

    @property
    def noise(self) -> float:
        """Expected error of the best possible forecast, computed from the graph and its rule."""
        return fmean(cast(float, one._signals.noise) for one in self._graphs)

    def references(self, seed: int) -> dict[str, float]:
        """Errors, on all windows of the test part, of forecasts that need no training by steps.

        Returns:
            Those of the mean of the past, of the last value, of a vector autoregression (every node's next value from
            all nodes' last ones by least squares on the training part, without the graph), and of the true rule.
        """
        one = self._at(seed)
        signals = one._signals
        z, first = signals.values.double(), signals.test + self.window
        past = z[: signals.validation]
        weights = torch.linalg.lstsq(past[:-1], past[1:]).solution
        target, last = z[first:], z[first - 1 : -1]
        made = spreading_noise(self.nodes, self.steps, cast(int, one.graph_seed), rule=self.rule)
        errors = {"mean": target, "last value": target - last, "VAR(1)": target - last @ weights, "rule": made[first:]}
        return {name: float(error.square().mean()) for name, error in errors.items()}

    @property
    def solved(self) -> float:
        """An error halfway from chance to the noise, as far as any forecast can get."""
        return (self.chance + self.noise) / 2

    @property
    def views(self) -> Mapping[str, Collate]:
        """The graph over space and time, the graph whose nodes hold series, and sequences.

        - "graph": every node at every step, and each node at the step to forecast, without a value
          (:func:`gnnseq.graphs.native.space_time_batch`); undirected.
        - "space-time": the same with only edges forward in time, a directed acyclic graph.
        - "signals": nodes with a series each, the input of a GCRN.
        - "path", "path both ways", "dilated": all values step after step, the nodes of a step in breadth-first order,
          and then the nodes to forecast, without values. A recurrent model gets all values, and the graph only
          through the fixed order.
        - "path per node": every node's series separately, without the neighbours on which the answer depends.
        """
        one = self._graphs[0]
        adjacency, order = one._signals.adjacency, one._order
        views: dict[str, Callable[..., Batch]] = {
            "graph": lambda sample: both_ways(_on(adjacency, space_time_batch, sample)),
            "space-time": partial(_on, adjacency, space_time_batch),
            "signals": partial(_on, adjacency, signal_batch),
            **{name: partial(_steps, collate, order) for name, collate in sequence_views(None, "node").items()},
            "path per node": _per_node,
        }
        return cast(Mapping[str, Collate], views)

    def required(self, view: str) -> int | None:
        """Hops from the farthest neighbour's last value; None for "path per node", which does not contain it."""
        find_view(self, view)
        if view == "path per node":
            return None
        if view in ("graph", "space-time", "signals"):
            return 1
        distances = [gap for one in self._graphs for gap in one._distances()]
        return max(gap.bit_count() for gap in distances) if view == "dilated" else max(distances)

    def dataset(self, seed: int, split: Split) -> ForecastDataset:
        """Windows of a split; see `Sampled`."""
        return ForecastDataset(self._at(seed)._signals, self.window, seed=seed, split=split)

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches of the seed's graph; see `Task`."""
        one = self._at(seed)
        return batches_of(one.dataset(seed, split), find_view(one, view), batch_size, num_batches, first)

    def _at(self, seed: int) -> "SignalTask":
        """The task on the graph of a seed."""
        return self if self.graph_seed is not None else replace(self, graph_seed=seed)

    @property
    def _graphs(self) -> "list[SignalTask]":
        return [self] if self.graph_seed is not None else [replace(self, graph_seed=seed) for seed in range(_DESCRIBED)]

    def _distances(self) -> list[int]:
        """Places between a neighbour's last value and the answer, of all edges."""
        place = torch.empty_like(self._order)
        place[self._order] = torch.arange(self.nodes)
        one, other = self._signals.adjacency.nonzero().t()
        gaps: list[int] = (self.nodes + place[other] - place[one]).tolist()
        return gaps

    @property
    def _signals(self) -> Signals:
        return _made(self.nodes, self.steps, cast(int, self.graph_seed), rule=self.rule)

    @property
    def _order(self) -> Tensor:
        return breadth_first(self._signals.adjacency.unsqueeze(0) > 0)[0]


_made = cache(spreading_signals)


def _on(adjacency: Tensor, make: Callable[..., Batch], sample: tuple[Tensor, Tensor]) -> Batch:
    series, y = sample
    return make(series.squeeze(-1), adjacency, y.squeeze(-1))


def _steps(collate: Callable[..., Batch], order: Tensor, sample: tuple[Tensor, Tensor]) -> Batch:
    series, y = (part.squeeze(-1) for part in sample)
    values = torch.cat([series[:, order].transpose(1, 2).flatten(1), torch.zeros_like(y)], dim=1)
    targets = only_last(y[:, order], series.size(2) + 1).flatten(1)
    return collate((values.unsqueeze(2), targets))


def _per_node(sample: tuple[Tensor, Tensor]) -> Batch:
    series, y = sample
    targets = only_last(y.reshape(-1, 1), series.size(2)).squeeze(2)
    return to_paths((series.flatten(0, 1), targets))
