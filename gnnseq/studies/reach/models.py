"""The models whose accuracy is held against their reach, and one stack of convolutions for each graph of a sequence."""

from collections.abc import Callable
from functools import partial

from torch import nn
from torch_geometric.nn import GraphConv

from gnnseq.experiments.families import CHRONO, Encoder, predictor
from gnnseq.experiments.family import DEFAULT, Family
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.tasks.first_symbol import WINDOW
from gnnseq.layers import GCN, LSTM
from gnnseq.models import ConvStack, EdgeEncoder

TABLE = ("model", "score", "diagnosis", "hops required", "hops reached", "influence", "weights", "steps")  # of graphs
GRAPHS: dict[str, str] = {
    "path": "path",
    "dilated": "path with hops of 1, 2, 4, ...",
    "window": f"window of {WINDOW}",
    "cycle": "cycle, undirected",
    "star": "star: a virtual node alone",
    "path with hub": "path with a virtual node",
    "balanced tree": "balanced tree",
    "complete": "complete (earlier to later)",
}


def _stack(layers: Callable[[Task], int], task: Task, features: int, width: int) -> nn.Module:
    return ConvStack(GraphConv, features, width, layers(task))


def _gcn(task: Task, features: int, width: int) -> nn.Module:
    return EdgeEncoder(GCN(features, width, num_layers=4))


def _lstm(task: Task, features: int, width: int) -> nn.Module:
    return EdgeEncoder(LSTM(features, width))


def _of(layers: int) -> Callable[[Task], int]:
    return lambda task: layers


def _stacked(
    name: str, view: str, title: str, layers: int, encoder: Encoder | None = None, learning_rate: float = 3e-3
) -> Family:
    encoder = partial(_stack, _of(layers)) if encoder is None else encoder
    return Family(name, view, predictor(encoder), title, DEFAULT, learning_rate, reach=_of(layers))


REACH_FAMILIES = (
    *(_stacked(f"conv-{n}", "path", f"Graph convolution, {n} layers, path", n) for n in (2, 4, 8)),
    _stacked("gcn-4", "path both ways", "GCN, 4 layers, undirected path", 4, _gcn, 1e-2),
    _stacked("dilated-2", "dilated", "Graph convolution, 2 layers, dilated path", 2, learning_rate=1e-2),
    Family("lstm-memory", "path", predictor(_lstm), "LSTM, chrono initialisation", CHRONO, 1e-2),
)


def _deep_enough(view: str, task: Task) -> int:
    return max(2, task.required(view) or 0)


TOPOLOGIES = tuple(
    Family(
        f"conv on {view}",
        view,
        predictor(partial(_stack, partial(_deep_enough, view))),
        title,
        reach=partial(_deep_enough, view),
    )
    for view, title in GRAPHS.items()
)
"""One stack of graph convolutions for each graph of a sequence, as deep as the graph asks for and at least 2 layers.

A layer has one weight for the node and one for the sum over its neighbours.
"""
