"""Graphs over one and the same sequence, and a stack of graph convolutions for each."""

from collections.abc import Callable
from functools import partial

import numpy as np
from torch import Tensor, nn
from torch_geometric.data import Batch
from torch_geometric.nn import GraphConv

from gnnseq.data.sequences import IntArray, flatten
from gnnseq.graphs import (
    balanced_tree_batch,
    complete_batch,
    cycle_batch,
    dilated_batch,
    path_batch,
    star_batch,
    window_batch,
)
from gnnseq.graphs.batch import append_empty, assemble
from gnnseq.graphs.edges import Edges, concatenate, connect, count_from, hops_apart
from gnnseq.models import ConvStack
from gnnseq.studies.reach.first_symbol import BASE, RecallModel

WINDOW = 4
Collate = Callable[[Tensor, Tensor], Batch]


def _path(symbols: Tensor, y: Tensor) -> Batch:
    return path_batch(symbols, y=y)


def _dilated(symbols: Tensor, y: Tensor) -> Batch:
    return dilated_batch(symbols, y=y)


def _window(symbols: Tensor, y: Tensor) -> Batch:
    return window_batch(symbols, WINDOW, y=y, direction="forward")


def _cycle(symbols: Tensor, y: Tensor) -> Batch:
    return cycle_batch(symbols, y=y)


def _star(symbols: Tensor, y: Tensor) -> Batch:
    return star_batch(symbols, empty=BASE, y=y)


def path_with_hub(symbols: Tensor, y: Tensor) -> Batch:
    """Directed paths, and an edge from every symbol to one more node, the virtual node, which comes last."""
    x, lengths = flatten(symbols)
    nodes = lengths + 1

    def build(lengths: IntArray, first: IntArray) -> Edges:
        hubs = np.repeat(first + lengths, lengths)
        star = Edges(np.stack([count_from(first, lengths), hubs]), lengths)
        return concatenate(hops_apart(lengths, first, (1,)), star)

    return assemble(append_empty(x, lengths, nodes, BASE), nodes, connect(build, lengths, nodes), {"y": y})


def _tree(symbols: Tensor, y: Tensor) -> Batch:
    return balanced_tree_batch(symbols, empty=BASE, y=y)


def _complete(symbols: Tensor, y: Tensor) -> Batch:
    return complete_batch(symbols, y=y)


GRAPHS: tuple[tuple[str, str, Collate], ...] = (
    ("path", "path", _path),
    ("dilated", "path with hops of 1, 2, 4, ...", _dilated),
    ("window", f"window of {WINDOW}", _window),
    ("cycle", "cycle, undirected", _cycle),
    ("star", "star: a virtual node alone", _star),
    ("path-hub", "path with a virtual node", path_with_hub),
    ("tree", "balanced tree", _tree),
    ("complete", "complete (earlier to later)", _complete),
)


def _stack(layers: int, features: int, width: int) -> nn.Module:
    return ConvStack(GraphConv, features, width, layers)


def topologies(length: int) -> dict[str, RecallModel]:
    """A stack of graph convolutions for each graph over T symbols, as deep as the graph asks for and at least 2.

    A layer has one weight for the node and one for the sum over its neighbours.

    Raises:
        ValueError: for fewer than 3 symbols.
    """
    if length < 3:
        raise ValueError(f"length is {length}, expected at least 3 symbols")
    models = {}
    for name, title, collate in GRAPHS:
        hops = RecallModel(name, title, collate, nn.Linear, None).hops(length)
        layers = max(2, hops)
        models[name] = RecallModel(name, title, collate, partial(_stack, layers), layers)
    return models
