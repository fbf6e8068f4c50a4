"""Linear recurrences on deep graphs: `linear_scan` against the level engine, and against torch's fused LSTM on a path.

pLSTM's graph function (github.com/ml-jku/plstm, arXiv:2506.11997) takes one graph at a time and is no peer here. With
4 heads of 16 x 16 it once took 500 ms on a path of 1,000 nodes and 1,110 ms on one of 2,000.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.row import Row, Side
from gnnseq.ops import Schedule, linear_scan
from gnnseq.ops.linear_scan import plain_linear_scan

WIDTH = 64
Edges = Callable[[], Tensor]


def paths(count: int, nodes: int) -> Tensor:
    """Edges of paths, one after the other."""
    node = torch.arange(count * nodes).view(count, nodes)
    return torch.stack([node[:, :-1].flatten(), node[:, 1:].flatten()])


def caterpillars(count: int, depth: int) -> Tensor:
    """Edges of paths with one leaf at each node, 2 * depth nodes each."""
    spine = paths(count, depth)
    spine += spine // depth * depth
    node = (torch.arange(count).view(-1, 1) * 2 * depth + torch.arange(depth)).flatten()
    return torch.cat([spine, torch.stack([node + depth, node])], dim=1)


def trees(count: int, nodes: int) -> Tensor:
    """Edges of random trees: the parent of each node is any of the later ones."""
    child = torch.arange(nodes - 1).expand(count, -1)
    parent = child + 1 + (torch.rand(count, nodes - 1) * (nodes - 1 - child)).long()
    first = torch.arange(count).view(-1, 1) * nodes
    return torch.stack([(first + child).flatten(), (first + parent).flatten()])


def make(edges: Edges) -> tuple[Side, Side]:
    """The scan and the level engine on one schedule: neither makes it, both go backward to gates and inputs."""
    edge_index = edges()
    schedule = Schedule(edge_index, int(edge_index.max()) + 1)
    gate = torch.rand(edge_index.size(1), WIDTH, requires_grad=True)
    b = torch.randn(schedule.num_nodes, WIDTH, requires_grad=True)
    grad = torch.randn(schedule.num_nodes, WIDTH)
    ours = _side(lambda: linear_scan(schedule, b, edge_gate=gate), gate, b, grad)
    return ours, _side(lambda: plain_linear_scan(gate, b, schedule), gate, b, grad)


def _side(forward: Callable[[], Tensor], gate: Tensor, b: Tensor, grad: Tensor) -> Side:
    def results() -> dict[str, Tensor]:
        out = forward()
        found = torch.autograd.grad(out, (gate, b), grad)
        return {"output": out.detach(), "gate": found[0], "b": found[1]}

    return Side(results, results)


def against_lstm(nodes: int) -> tuple[Side, Side]:
    """The scan on one path, schedule and plan included, and torch's fused LSTM kernel; only the work is alike."""
    edge_index, module = paths(1, nodes), nn.LSTM(WIDTH, WIDTH)
    gate, b, grad = torch.rand(nodes, WIDTH, requires_grad=True), torch.randn(nodes, WIDTH), torch.randn(nodes, WIDTH)
    b.requires_grad_()

    def ours() -> tuple[Tensor, ...]:
        return torch.autograd.grad(linear_scan(edge_index, b, target_gate=gate), (gate, b), grad)

    def theirs() -> tuple[Tensor, ...]:
        return torch.autograd.grad(module(b)[0], [b, *module.parameters()], grad)

    size = {"nodes": torch.tensor([float(nodes)])}
    return Side(ours, lambda: size), Side(theirs, lambda: size)


def rows() -> list[Row]:
    """Deep graphs, where the scan is to be 20 times faster, and shallow batches, where it is not to be slower."""
    work, peer = f"linear recurrence, {WIDTH} channels", "level by level"
    cases: list[tuple[str, str, Edges, float]] = [
        ("path", "a path of 20,000", partial(paths, 1, 20_000), 20.0),
        ("caterpillar", "a caterpillar of 20,000 nodes", partial(caterpillars, 1, 10_000), 20.0),
        ("caterpillars", "64 caterpillars of 400 nodes", partial(caterpillars, 64, 200), 1.0),
        ("paths", "64 paths of 200", partial(paths, 64, 200), 1.0),
        ("trees", "256 random trees of 50", partial(trees, 256, 50), 1.0),
    ]
    found = [
        Row(f"linear-{name}", f"{work}, {graph}", peer, {1: goal}, partial(make, edges))
        for name, graph, edges, goal in cases
    ]
    lstm = Row("linear-lstm", f"{work}, a path of 20,000", "torch.nn.LSTM", {1: 1.0}, partial(against_lstm, 20_000))
    return [*found, lstm]
