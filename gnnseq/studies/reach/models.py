"""The models whose accuracy is compared with their reach, and a stack of convolutions for each graph of a sequence."""

from collections.abc import Callable
from functools import partial

from torch import nn

from gnnseq.experiments.encoders import along, convolutions, gcn, predictor
from gnnseq.experiments.families import CHRONO
from gnnseq.experiments.family import DEFAULT, Family, fixed_reach
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.tasks.first_symbol import WINDOW
from gnnseq.layers import LSTM

TABLE = ("model", "score", "diagnosis", "hops required", "hops reached", "influence", "weights", "steps")  # of graphs
_GRAPHS: dict[str, str] = {
    "path": "path",
    "dilated": "path with hops of 1, 2, 4, ...",
    "window": f"window of {WINDOW}",
    "cycle": "cycle, undirected",
    "star": "star: a virtual node alone",
    "path with hub": "path with a virtual node",
    "balanced tree": "balanced tree",
    "complete": "complete (earlier to later)",
}


def _stacked(
    name: str,
    view: str,
    title: str,
    layers: int,
    encoder: Callable[..., nn.Module] = convolutions,
    learning_rate: float = 3e-3,
) -> Family:
    reach = partial(fixed_reach, layers)
    return Family(name, view, predictor(partial(encoder, reach)), title, DEFAULT, learning_rate, reach=reach)


REACH_FAMILIES = (
    *(_stacked(f"conv-{n}", "path", f"Graph convolution, {n} layers, path", n) for n in (2, 4, 8)),
    _stacked("gcn-4", "path both ways", "GCN, 4 layers, undirected path", 4, gcn, 1e-2),
    _stacked("dilated-2", "dilated", "Graph convolution, 2 layers, dilated path", 2, learning_rate=1e-2),
    Family("lstm-memory", "path", predictor(along(LSTM)), "LSTM, chrono initialisation", CHRONO, 1e-2),
)


def _deep_enough(view: str, task: Task) -> int:
    return max(2, task.required(view) or 0)


TOPOLOGIES = tuple(
    Family(
        f"conv on {view}",
        view,
        predictor(partial(convolutions, partial(_deep_enough, view))),
        title,
        reach=partial(_deep_enough, view),
    )
    for view, title in _GRAPHS.items()
)
"""One stack of graph convolutions for each graph of a sequence, as deep as the graph asks for and at least 2 layers.

A layer has one weight for the node and one for the sum over its neighbours.
"""
