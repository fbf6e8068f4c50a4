"""Linear recurrences on deep graphs: `linear_scan` against the level engine, torch's fused LSTM and pLSTM on a path."""

from collections.abc import Callable
from functools import partial

import networkx
import torch
from torch import Tensor, nn

from benchmarks.peers.load import plstm_graph
from benchmarks.row import Row, Side
from gnnseq.ops import Schedule, linear_scan
from gnnseq.ops.linear.scan import plain_linear_scan

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


def mixed() -> Tensor:
    """Edges of a path of 20,000 nodes, and of a diamond, which has no heavy paths."""
    return torch.cat([paths(1, 20_000), 20_000 + torch.tensor([[0, 0, 1, 2], [1, 2, 3, 3]])], dim=1)


def make(edges: Edges) -> tuple[Side, Side]:
    """The scan and the level engine on one schedule: neither makes it, both go backward to gates and inputs."""
    edge_index = edges()
    schedule = Schedule(edge_index, int(edge_index.max()) + 1)
    gate = torch.rand(edge_index.size(1), WIDTH, requires_grad=True)
    b = torch.randn(schedule.num_nodes, WIDTH, requires_grad=True)
    grad = torch.randn(schedule.num_nodes, WIDTH)
    inputs = {"gate": gate, "b": b}
    ours = _side(lambda: linear_scan(schedule, b, edge_gate=gate), inputs, grad)
    return ours, _side(lambda: plain_linear_scan(gate, b, schedule), inputs, grad)


def _side(forward: Callable[[], Tensor], inputs: dict[str, Tensor], grad: Tensor) -> Side:
    def results() -> dict[str, Tensor]:
        out = forward()
        found = torch.autograd.grad(out, tuple(inputs.values()), grad)
        return {"output": out.detach(), **dict(zip(inputs, found, strict=True))}

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


def against_plstm(nodes: int, heads: int, size: int) -> tuple[Side, Side]:
    """One path with a matrix for a state, by the scan and by pLSTM's function for one graph (arXiv:2506.11997).

    Each edge carries :math:`C = s_u k_u v_u^T + t_u C'` of its source u, C' being what u reads; a node's output is
    :math:`m_u q_u^T C' + d_u (q_u^T k_u) v_u`.
    """
    function = plstm_graph()
    graph = networkx.path_graph(nodes, networkx.DiGraph)
    lines = networkx.line_graph(graph)
    place = {edge: number for number, edge in enumerate(networkx.topological_sort(lines))}
    first = dict.fromkeys(graph.edges, 0)  # of a node's only edge
    q, k, v = (torch.randn(heads, nodes, size, requires_grad=True) for _ in range(3))
    s, m, t = (torch.rand(heads, nodes, 1, requires_grad=True) for _ in range(3))
    d = torch.rand(heads, nodes, requires_grad=True)
    inputs = {"query": q, "key": k, "value": v, "source": s, "mark": m, "transition": t, "direct": d}
    grad = torch.randn(heads, nodes, size)
    schedule = Schedule(paths(1, nodes), nodes)

    def ours() -> Tensor:
        b = (s * k).unsqueeze(-1) * v.unsqueeze(-2)
        keep = t.unsqueeze(-1).expand_as(b).transpose(0, 1)
        states = linear_scan(schedule, b.transpose(0, 1), target_gate=keep)
        before = torch.cat([torch.zeros_like(states[:1]), states[:-1]]).transpose(0, 1)
        return m * (q.unsqueeze(-1) * before).sum(-2) + d.unsqueeze(-1) * (q * k).sum(-1, keepdim=True) * v

    def theirs() -> Tensor:
        out: Tensor = function(q, k, v, s, t.unsqueeze(-1), m, d, first, first, lines, place)
        return out

    return _side(ours, inputs, grad), _side(theirs, inputs, grad)


def rows() -> list[Row]:
    """Deep graphs, where the scan is to be 20 times faster, and shallow batches, where it is not to be slower."""
    work, peer = f"linear recurrence, {WIDTH} channels", "level by level"
    cases: list[tuple[str, str, Edges, float]] = [
        ("path", "a path of 20,000", partial(paths, 1, 20_000), 20.0),
        ("caterpillar", "a caterpillar of 20,000 nodes", partial(caterpillars, 1, 10_000), 20.0),
        ("caterpillars", "64 caterpillars of 400 nodes", partial(caterpillars, 64, 200), 1.0),
        ("paths", "64 paths of 200", partial(paths, 64, 200), 1.0),
        ("mixed", "a path of 20,000 beside a diamond", mixed, 20.0),
        ("trees", "256 random trees of 50", partial(trees, 256, 50), 1.0),
    ]
    found = [
        Row(f"linear-{name}", f"{work}, {graph}", peer, {1: goal}, partial(make, edges))
        for name, graph, edges, goal in cases
    ]
    lstm = Row("linear-lstm", f"{work}, a path of 20,000", "torch.nn.LSTM", {1: 1.0}, partial(against_lstm, 20_000))
    plstm = Row(
        "linear-plstm",
        "linear recurrence, 4 heads of 16 x 16, a path of 2,000",
        "pLSTM's function for one graph",
        {1: 5.0},
        partial(against_plstm, 2_000, 4, 16),
    )
    return [*found, lstm, plstm]
