"""One case per public layer: how it is made, what it is called with, and what comes out.

The contract suites in `tests/layers` run over all of them.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from dags import batch_vector, dag_edges, path_edges, slots_of, tree_edges, undirected_edges
from torch import nn
from torch_geometric.nn import GraphConv

from gnnseq import layers
from gnnseq.layers import GCRN, GraphGRU
from gnnseq.ops import Schedule

F, H, T, K = 3, 4, 4, 3
SIZES = [4, 1, 3]
N = sum(SIZES)
FUNCTIONS = {"chrono_", "identity_", "orthogonal_"}
POSITIONS = {"LearnedPositions", "SinusoidalPositions"}  # parts of a layer


@dataclass
class Graphs:
    """A batch for one kind of layer, to be run whole, one by one, or renumbered."""

    edge_index: torch.Tensor
    sizes: list[int]
    arguments: dict[str, torch.Tensor] = field(default_factory=dict)  # one entry per edge

    def to(self, device):
        moved = {name: value.to(device) for name, value in self.arguments.items()}
        return Graphs(self.edge_index.to(device), self.sizes, moved)


class Case:
    """A layer and how it is called; the base are layers over signals."""

    def __init__(self, make: Any, steps: int | None = T, sizes: Any = SIZES) -> None:
        self.make, self.steps, self.sizes = make, steps, list(sizes)

    def graphs(self) -> Graphs:
        edges = undirected_edges(self.sizes, 0.7)
        half = torch.rand(edges.size(1) // 2, dtype=torch.float64) + 0.2
        return Graphs(edges, self.sizes, {"edge_weight": torch.cat([half, half])})

    def features(self, n: int) -> torch.Tensor:
        shape = (n, F) if self.steps is None else (n, self.steps, F)
        return torch.randn(shape, dtype=torch.float64, requires_grad=True)

    def call(self, layer: nn.Module, x: torch.Tensor, graphs: Graphs, batch: torch.Tensor, state: Any = None) -> list:
        """Flat list: the output, then the parts of the final state."""
        weights = {name: value.to(x.dtype) for name, value in graphs.arguments.items()}
        return flat(layer(x, graphs.edge_index, **weights, state=state))

    def state_of(self, layer: nn.Module, x: torch.Tensor, graphs: Graphs, batch: torch.Tensor, dtype: Any) -> Any:
        """The final state of a run, with its structure, in a dtype."""
        weights = {name: value.to(x.dtype) for name, value in graphs.arguments.items()}
        return converted(layer(x, graphs.edge_index, **weights)[1], dtype)

    def out_channels(self) -> int:
        return H

    def rows(self, n: int) -> int:
        return n


def converted(state: Any, dtype: torch.dtype) -> Any:
    if isinstance(state, torch.Tensor):
        return state.detach().to(dtype)
    return type(state)(converted(part, dtype) for part in state)


def flat(result: Any) -> list:
    if isinstance(result, torch.Tensor):
        return [result]
    return [part for entry in result for part in flat(entry)]


class Recurrence(Case):
    """The recurrences along the edges of any DAG."""

    def __init__(self, make: Any, width: int = H) -> None:
        super().__init__(make, None)
        self.width = width

    def graphs(self) -> Graphs:
        return Graphs(dag_edges(self.sizes, 0.7), self.sizes)

    def call(self, layer, x, graphs, batch, state=None):
        return flat(layer(x, Schedule(graphs.edge_index, len(x), batch), state))

    def state_of(self, layer, x, graphs, batch, dtype):
        return converted(layer(x, Schedule(graphs.edge_index, len(x), batch))[1], dtype)

    def out_channels(self) -> int:
        return self.width


class Paths(Recurrence):
    """The same on paths of unequal lengths, where torch's fused kernels run."""

    def graphs(self) -> Graphs:
        return Graphs(path_edges(self.sizes), self.sizes)


class Nary(Recurrence):
    def graphs(self) -> Graphs:
        edges = tree_edges(self.sizes, 2)
        return Graphs(edges, self.sizes, {"edge_slot": slots_of(edges, 2)})

    def call(self, layer, x, graphs, batch, state=None):
        return flat(layer(x, graphs.edge_index, graphs.arguments["edge_slot"], state))

    def state_of(self, layer, x, graphs, batch, dtype):
        return converted(layer(x, graphs.edge_index, graphs.arguments["edge_slot"])[1], dtype)


class Related(Recurrence):
    def graphs(self) -> Graphs:
        edges = dag_edges(self.sizes, 0.7)
        return Graphs(edges, self.sizes, {"edge_type": torch.randint(3, (edges.size(1),))})

    def call(self, layer, x, graphs, batch, state=None):
        return flat(layer(x, Schedule(graphs.edge_index, len(x), batch), graphs.arguments["edge_type"], state))

    def state_of(self, layer, x, graphs, batch, dtype):
        schedule = Schedule(graphs.edge_index, len(x), batch)
        return converted(layer(x, schedule, graphs.arguments["edge_type"])[1], dtype)


class Attending(Recurrence):
    """A Transformer, which is told the graph of each node."""

    def call(self, layer, x, graphs, batch, state=None):
        return [layer(x, graphs.edge_index, batch)]


class AttendingPaths(Attending):
    def graphs(self) -> Graphs:
        return Graphs(path_edges(self.sizes), self.sizes)


class AttendingBothWays(Attending):
    def graphs(self) -> Graphs:
        return Graphs(undirected_edges(self.sizes, 0.7), self.sizes)


class Stateless(Case):
    def call(self, layer, x, graphs, batch, state=None):
        return flat(layer(x, graphs.edge_index, graphs.arguments["edge_weight"].to(x.dtype)))


class Flat(Case):
    def rows(self, n: int) -> int:
        return n // 4


class Readout(Case):
    def __init__(self, make: Any) -> None:
        super().__init__(make, None)

    def call(self, layer, x, graphs, batch, state=None):
        sizes = torch.bincount(batch)
        return [layer(x, torch.cat([sizes.new_zeros(1), sizes.cumsum(0)]))]

    def out_channels(self) -> int:
        return F

    def rows(self, n: int) -> int:
        return len(self.sizes)


CASES: dict[str, list[Case]] = {
    "RNN": [
        Recurrence(lambda: layers.RNN(F, H)),
        Recurrence(lambda: layers.RNN(F, H, 2, bidirectional=True), 2 * H),
        Paths(lambda: layers.RNN(F, H, 2, bidirectional=True), 2 * H),
    ],
    "GRU": [
        Recurrence(lambda: layers.GRU(F, H)),
        Recurrence(lambda: layers.GRU(F, H, 2, bidirectional=True), 2 * H),
        Paths(lambda: layers.GRU(F, H, 2, bidirectional=True), 2 * H),
    ],
    "LSTM": [
        Recurrence(lambda: layers.LSTM(F, H)),
        Recurrence(lambda: layers.LSTM(F, H, 2, bidirectional=True), 2 * H),
        Paths(lambda: layers.LSTM(F, H, 2, bidirectional=True), 2 * H),
    ],
    "MinGRU": [
        Recurrence(lambda: layers.MinGRU(F, H)),
        Recurrence(lambda: layers.MinGRU(F, H, 2, bidirectional=True, signed=True), 2 * H),
        Paths(lambda: layers.MinGRU(F, H, 2, bidirectional=True, mean=False), 2 * H),
    ],
    "MinLSTM": [Recurrence(lambda: layers.MinLSTM(F, H)), Paths(lambda: layers.MinLSTM(F, H, 2, signed=True))],
    "GatedLinearAttention": [
        Recurrence(lambda: layers.GatedLinearAttention(F, H, heads=2)),
        Recurrence(lambda: layers.GatedLinearAttention(F, H, 2, 2, decay="scalar", bidirectional=True), 2 * H),
        Paths(lambda: layers.GatedLinearAttention(F, H, heads=2, decay="none", mean=False)),
    ],
    "DeltaNet": [
        Recurrence(lambda: layers.DeltaNet(F, H, 2, 2, bidirectional=True, signed=True), 2 * H),
        Paths(lambda: layers.DeltaNet(F, H, heads=2)),
    ],
    "DAGNN": [
        Recurrence(lambda: layers.DAGNN(F, H)),
        Recurrence(lambda: layers.DAGNN(F, H, 2, bidirectional=True), 2 * H),
        Paths(lambda: layers.DAGNN(F, H, 2, bidirectional=True), 2 * H),
    ],
    "ChildSumTreeLSTM": [Recurrence(lambda: layers.ChildSumTreeLSTM(F, H))],
    "NaryTreeLSTM": [
        Nary(lambda: layers.NaryTreeLSTM(F, H)),
        Nary(lambda: layers.NaryTreeLSTM(F, H, num_layers=2, bidirectional=True), 2 * H),
    ],
    "RelationTreeLSTM": [
        Related(lambda: layers.RelationTreeLSTM(F, H, 3)),
        Related(lambda: layers.RelationTreeLSTM(F, H, 3, num_layers=2, bidirectional=True), 2 * H),
    ],
    "GCN": [Stateless(lambda: layers.GCN(F, H, 2), None)],
    "ChebFilter": [Stateless(lambda: layers.ChebFilter(F, H, K)), Stateless(lambda: layers.ChebFilter(F, H, K), None)],
    "GCRN": [
        Case(lambda: GCRN(F, H, K)),
        Case(lambda: GCRN(F, H, 1, peephole=False)),
        Case(lambda: GCRN(F, H, 2, "rw"), None),
    ],
    "GCRNCell": [Case(lambda: layers.GCRNCell(F, H, K), None)],
    "GraphRNN": [Case(lambda: layers.GraphRNN(F, H, K))],
    "GraphGRU": [Case(lambda: GraphGRU(F, H, K))],
    "GraphTransformer": [
        AttendingBothWays(lambda: layers.GraphTransformer(F, H, 2, 2)),
        Attending(lambda: layers.GraphTransformer(F, H, 2, 2, positions=layers.LearnedPositions, norm_first=False)),
        AttendingBothWays(lambda: layers.GraphTransformer(F, H, 2, 2, attend="graph")),
        Attending(lambda: layers.GraphTransformer(F, H, 2, 1, attend="ancestors")),
        AttendingPaths(
            lambda: layers.GraphTransformer(F, H, 2, 2, attend="ancestors", positions=layers.SinusoidalPositions)
        ),
    ],
    "GraphCNNLSTM": [Case(lambda: layers.GraphCNNLSTM(F, 2, H, K))],
    "FlatGraphCNNLSTM": [Flat(lambda: layers.FlatGraphCNNLSTM(F, 2, H, K, 4), sizes=[4, 4])],
    "ConvLSTM": [
        Case(lambda: layers.ConvLSTM(F, H, GraphConv)),
        Case(lambda: layers.ConvLSTM(F, H, lambda i, o: layers.ChebFilter(i, o, K))),
    ],
    "SignalStack": [Case(lambda: layers.SignalStack([GCRN(F, H, K), GraphGRU(H, H, 2)]))],
    "BidirectionalSignals": [Case(lambda: layers.BidirectionalSignals(GCRN(F, 3, K), GraphGRU(F, 1, 2)))],
    "RootReadout": [Readout(layers.RootReadout)],
    "SumReadout": [Readout(layers.SumReadout)],
    "MeanReadout": [Readout(layers.MeanReadout)],
    "MaxReadout": [Readout(layers.MaxReadout)],
    "MinReadout": [Readout(layers.MinReadout)],
}
ALL = [pytest.param(case, id=f"{name}-{i}") for name, cases in CASES.items() for i, case in enumerate(cases)]
IN_TIME = [p for p in ALL if type(p.values[0]) in (Case, Flat) and p.values[0].steps and "Bidirectional" not in p.id]
OVER_SIGNALS = [p for p in ALL if type(p.values[0]) in (Case, Flat, Stateless)]
LEARNED = [p for p in ALL if not isinstance(p.values[0], Readout)]


def run(case, dtype=torch.float64):
    """(layer, x, graphs, results) of one random batch, the same at every call."""
    torch.manual_seed(3)
    layer = case.make().to(dtype)
    graphs = case.graphs()
    x = case.features(sum(graphs.sizes)).detach().to(dtype).requires_grad_()
    return layer, x, graphs, case.call(layer, x, graphs, batch_vector(graphs.sizes))


def replica(module):
    """What `torch.nn.DataParallel` runs on each device: modules whose weights are plain tensors."""
    copies: dict[nn.Module, Any] = {part: part._replicate_for_data_parallel() for part in module.modules()}
    for part, other in copies.items():
        for name, child in part._modules.items():
            other._modules[name] = copies[child]
        for name, weight in part._parameters.items():
            setattr(other, name, None if weight is None else weight * 1.0)
    return copies[module]


def on_schedule(case, graphs, num_nodes):
    """What a recurrence is given in place of edges, and behind it, where it must be ready in both directions."""
    schedule = Schedule(graphs.edge_index, num_nodes, batch_vector(graphs.sizes))
    for order in (schedule, schedule.reversed()):
        order.prepare()
    return schedule, *graphs.arguments.values()


def is_whole(case):
    """Whether the layer compiles without a graph break, on what is made before; a readout as it is."""
    return not isinstance(case, Attending) and not any(isinstance(part, GraphConv) for part in case.make().modules())


def exported(case):
    """For which graphs `torch.export` gives a program."""
    if isinstance(case, Attending):
        return "none"
    return "one schedule" if isinstance(case, Recurrence) else "any size"
