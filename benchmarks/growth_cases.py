"""What grows in `benchmarks/growth.py`: layers, axes, sizes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch_geometric.nn import GraphConv
from torch_geometric.utils import to_undirected

from gnnseq.graphs import balanced_tree_batch, path_batch
from gnnseq.layers import (
    GCN,
    GCRN,
    GRU,
    LSTM,
    RNN,
    ChebFilter,
    ChildSumTreeLSTM,
    ConvLSTM,
    GraphCNNLSTM,
    GraphGRU,
    GraphRNN,
    NaryTreeLSTM,
)
from gnnseq.layers.checkpointed import checkpointed_paths, checkpointed_signals
from gnnseq.layers.recurrent import Recurrent

Run = Callable[[int], Callable[[], object]]
STEPS = [10, 100, 1_000, 5_000, 20_000]
NODES = [100, 1_000, 10_000, 100_000, 1_000_000]
EDGES = [10_000, 100_000, 1_000_000]
BATCH = [10, 100, 1_000, 4_000]
WIDTH = [16, 64, 256, 1_024]
F, H = 8, 16
_PATHS = (("steps", STEPS), ("batch", BATCH), ("width", WIDTH[:3]))


@dataclass(frozen=True)
class Case:
    """A layer along one axis; ``run(size)`` prepares a pass."""

    layer: str
    axis: str
    run: Run
    sizes: list[int]


@dataclass(frozen=True)
class Limit:
    """Something that must fit into so many bytes."""

    name: str
    allowed: int
    make: Callable[[], Callable[[], object]]


def _train(layer: nn.Module, forward: Callable[[], Tensor]) -> Callable[[], object]:
    def run() -> None:
        layer.zero_grad(set_to_none=True)
        forward().sum().backward()

    return run


def _ring(nodes: int, edges: int | None = None) -> Tensor:
    """A path in both directions, or a ring and its chords with so many directed edges."""
    i = torch.arange(nodes)
    if edges is None:
        return to_undirected(torch.stack([i[:-1], i[1:]]), num_nodes=nodes)
    hops = torch.arange(1, max(edges // (2 * nodes), 1) + 1).unsqueeze(1)
    pairs = torch.stack([i.expand(len(hops), -1).flatten(), ((i + hops) % nodes).flatten()])
    return torch.cat([pairs, pairs.flip(0)], dim=1)


def paths(kind: type[Recurrent], steps: int = 30, batch: int = 8, width: int = H) -> Callable[[], object]:
    """RNN, GRU or LSTM on a batch of paths."""
    layer, graphs = kind(F, width), path_batch(torch.randn(batch, steps, F))
    return _train(layer, lambda: layer(graphs.x, graphs.edge_index)[0])


def by_level(steps: int = 30, batch: int = 8) -> Callable[[], object]:
    """The LSTM without the fused kernel."""
    layer, graphs = LSTM(F, H), path_batch(torch.randn(batch, steps, F))
    layer.fused = False
    return _train(layer, lambda: layer(graphs.x, graphs.edge_index)[0])


def trees(nary: bool, nodes: int = 64, batch: int = 8, width: int = H) -> Callable[[], object]:
    """Both Tree-LSTMs on balanced trees, from sequences to gradients."""
    sequences = torch.randn(batch, max((nodes + 1) // 2, 1), F)
    layer = NaryTreeLSTM(F, width) if nary else ChildSumTreeLSTM(F, width)

    def forward() -> Tensor:
        graphs = balanced_tree_batch(sequences)
        places = (graphs.edge_slot,) if nary else ()
        out: Tensor = layer(graphs.x, graphs.edge_index, *places)[0]
        return out

    return _train(layer, forward)


def filters(kind: str, nodes: int = 1_000, edges: int | None = None, width: int = H) -> Callable[[], object]:
    """A GCN of two layers or a Chebyshev filter."""
    layer = GCN(F, width, 2) if kind == "GCN" else ChebFilter(F, width, 3)
    x, edge_index = torch.randn(nodes, F), _ring(nodes, edges)
    return _train(layer, lambda: layer(x, edge_index))


SIGNALS: dict[str, Callable[[int], nn.Module]] = {
    "GCRN": lambda width: GCRN(F, width, 2),
    "GraphGRU": lambda width: GraphGRU(F, width, 2),
    "GraphRNN": lambda width: GraphRNN(F, width, 2),
    "GraphCNNLSTM": lambda width: GraphCNNLSTM(F, width, width, 2),
    "ConvLSTM": lambda width: ConvLSTM(F, width, GraphConv),
}


def signals(
    kind: str, steps: int = 10, nodes: int = 20, batch: int = 1, edges: int | None = None, width: int = H
) -> Callable[[], object]:
    """A layer over signals on a path, or on a ring with chords."""
    layer = SIGNALS[kind](width)
    x = torch.randn(*([batch] if batch > 1 else []), nodes, steps, F)
    edge_index = _ring(nodes, edges)
    return _train(layer, lambda: layer(x, edge_index)[0])


def _axis(layer: str, axis: str, sizes: list[int], make: Callable[..., Callable[[], object]], **fixed: int) -> Case:
    """A case that grows one argument of a function above."""
    return Case(layer, axis, lambda size: make(**fixed, **{axis: size}), sizes)


def _cases() -> list[Case]:
    found = []
    for kind in (RNN, GRU, LSTM):
        make = partial(paths, kind)
        found += [_axis(kind.__name__, axis, sizes, make) for axis, sizes in _PATHS]
    found += [_axis("LSTM by level", axis, sizes, by_level) for axis, sizes in _PATHS[:2]]
    for name, nary in (("ChildSumTreeLSTM", False), ("NaryTreeLSTM", True)):
        make = partial(trees, nary)
        found += [_axis(name, axis, sizes, make) for axis, sizes in (("batch", BATCH), ("width", WIDTH[:3]))]
        found.append(_axis(name, "nodes", NODES, make, batch=1))
    for name in ("GCN", "ChebFilter"):
        make = partial(filters, name)
        found += [_axis(name, axis, sizes, make) for axis, sizes in (("nodes", NODES), ("width", WIDTH))]
        found.append(_axis(name, "edges", EDGES, make, nodes=1_000))
    for name in SIGNALS:
        make = partial(signals, name)
        found += [_axis(name, "steps", STEPS, make), _axis(name, "nodes", NODES, make, steps=1)]
        found.append(_axis(name, "edges", EDGES, make, steps=1, nodes=1_000))
        if name != "ConvLSTM":  # its convolution is the caller's: what width costs, and whether it takes batches
            found += [_axis(name, axis, sizes, make) for axis, sizes in (("batch", BATCH), ("width", WIDTH[:3]))]
    return found


CASES = _cases()
MILLION, LONG = 1_000_000, 20_000


def long_gcrn() -> Callable[[], object]:
    """The GCRN over 20,000 steps in segments of 141."""
    layer, edge_index = GCRN(32, 64, 2), _ring(50)
    x, operator = torch.randn(50, LONG, 32), layer.operator(edge_index, 50)
    return _train(layer, lambda: checkpointed_signals(layer, x, operator, 141)[0])


def long_lstm() -> Callable[[], object]:
    """The LSTM on 16 paths of 20,000 nodes in segments of 141."""
    layer, x = LSTM(32, 64), torch.randn(16 * LONG, 32)
    return _train(layer, lambda: checkpointed_paths(layer, x, 16, 141)[0])


GIB = 2**30
LIMITS = [
    Limit("GCN, 2 layers, a path of 1,000,000 nodes, 8 in, 64 out", 8 * GIB,
          partial(filters, "GCN", MILLION, width=64)),
    Limit("one GCRN step on a path of 1,000,000 nodes, 8 in, 64 out, K = 2", 8 * GIB,
          partial(signals, "GCRN", 1, MILLION, width=64)),
    Limit("GCRN over 20,000 steps of 50 nodes, 32 in, 64 out, checkpointed", 2 * GIB, long_gcrn),
    Limit("LSTM on 16 paths of 20,000 nodes, 32 in, 64 out, checkpointed", 2 * GIB, long_lstm),
]  # fmt: skip
