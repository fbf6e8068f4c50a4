"""Networks of the audit as families: the published models, and GCRNs on the true, a random and no graph."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gnnseq.experiments.family import Family
from gnnseq.graphs import rewired
from gnnseq.layers import GCRN, GraphGRU, GraphRNN
from gnnseq.models import DirectForecaster
from gnnseq.ops import SparseOperator, gcn_operator
from gnnseq.studies.audit.models import TGCN, ColaGNN, Flat, GraphPolynomial, LaggedForecaster, PlainForecaster
from gnnseq.studies.audit.task import ForecastTask

K = 3  # terms of a GCRN's filters, which reach two hops
Make = Callable[[ForecastTask, int], nn.Module]


def network(name: str, title: str, make: Make, learning_rate: float = 1e-2, view: str = "windows") -> Family:
    """A network as a family; its width is that of the settings."""
    return Family(name, view, lambda task, width, _: Flat(make(task, width)), title, learning_rate=learning_rate)  # type: ignore[arg-type]


def laplacian(adjacency: Tensor) -> SparseOperator:
    """The scaled Laplacian of a graph, as a GCRN takes it."""
    edges, weight = _edges(adjacency)
    return GCRN(1, 1, K).operator(edges, len(adjacency), weight)


def random_laplacian(task: ForecastTask) -> SparseOperator:
    """The scaled Laplacian of a random graph with the same degrees, one for every seed.

    Raises:
        ValueError: if no edges of the graph can be swapped.
    """
    other = rewired(task.signals.adjacency, int(torch.randint(2**31, ())))
    if other is None:
        raise ValueError(f"{task.title} has a graph without a random twin: its edges cannot be swapped")
    return laplacian(other)


def gcrns(learning_rate: float = 1e-2) -> tuple[Family, ...]:
    """GCRNs that forecast all leads at once, added to the last value."""

    def true(task: ForecastTask, width: int) -> nn.Module:
        return DirectForecaster(GCRN(1, width, K), laplacian(task.signals.adjacency), len(task.leads))

    def random(task: ForecastTask, width: int) -> nn.Module:
        return DirectForecaster(GCRN(1, width, K), random_laplacian(task), len(task.leads))

    def alone(task: ForecastTask, width: int) -> nn.Module:
        return DirectForecaster(GCRN(1, width, 1), None, len(task.leads))

    return (
        network("gcrn", "GCRN, true graph", true, learning_rate),
        network("gcrn-random", "GCRN, random graph", random, learning_rate),
        network("gcrn-alone", "GCRN, no graph (K = 1)", alone, learning_rate),
    )


def _lagged(make: Callable[[int, int], nn.Module], graph: str | None, carried: bool) -> Make:
    def build(task: ForecastTask, width: int) -> nn.Module:
        operator = None
        if graph is not None:
            operator = laplacian(task.signals.adjacency) if graph == "true" else random_laplacian(task)
        return LaggedForecaster(make(task.window, width), operator, carried)

    return build


def _gcrn(terms: int, peephole: bool = True) -> Callable[[int, int], nn.Module]:
    return lambda features, width: GCRN(features, width, terms, peephole=peephole)


LAGGED = (
    network("gconv-lstm", "GConvLSTM (K = 1)", _lagged(_gcrn(1), None, True), view="in order"),
    network("gc-lstm", "GCLSTM (K = 1)", _lagged(_gcrn(1, False), None, True), view="in order"),
    network("gconv-gru", "GRU cell from zero (DCRNN, GConvGRU at K = 1)",
            _lagged(lambda features, width: GraphGRU(features, width, 1), None, False), view="in order"),
    network("gcrn-lagged", "GCRN, K = 3, true graph", _lagged(_gcrn(K), "true", True), view="in order"),
    network("gcrn-lagged-random", "GCRN, K = 3, random graph", _lagged(_gcrn(K), "random", True), view="in order"),
)  # fmt: skip


def _cola(task: ForecastTask, width: int) -> nn.Module:
    edges, weight = _edges(task.signals.adjacency)
    graph = gcn_operator(edges, task.size, weight) @ torch.eye(task.size)
    return ColaGNN(graph, task.window, len(task.leads), width)


def _rnn(task: ForecastTask, width: int) -> nn.Module:
    return PlainForecaster(GraphRNN(1, width, 1), None, len(task.leads))


def _gru(task: ForecastTask, width: int) -> nn.Module:
    return PlainForecaster(GraphGRU(1, width, 1), None, len(task.leads))


def _tgcn(task: ForecastTask, width: int) -> nn.Module:
    edges, weight = _edges(task.signals.adjacency)
    return TGCN(gcn_operator(edges, task.size, weight), len(task.leads), width)


def _polynomial(task: ForecastTask, width: int) -> nn.Module:
    with_self = task.signals.adjacency + torch.eye(task.size)
    edges, weight = _edges(with_self)
    return GraphPolynomial(SparseOperator(edges, weight, task.size), hops=2, lags=2)


COLA_GNN = network("cola-gnn", "Cola-GNN", _cola, 1e-3)
RNN = network("rnn-alone", "RNN of each place", _rnn, 1e-3)
GRU = network("gru-alone", "GRU of each sensor", _gru, 5e-3)
T_GCN = network("t-gcn", "T-GCN", _tgcn, 5e-3)
POLYNOMIAL = network("polynomial", "the true rule, weights learned", _polynomial, 3e-2)


def _edges(adjacency: Tensor) -> tuple[Tensor, Tensor]:
    edges = adjacency.nonzero().t().contiguous()
    return edges, adjacency[edges[0], edges[1]]
