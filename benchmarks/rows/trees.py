"""Tree-LSTMs, from lists of trees to gradients: batch and schedule are part of the work."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from benchmarks.peers import dgl_nary
from benchmarks.peers.load import dgl, treelstm
from benchmarks.row import Row, Side, backward, gradients
from gnnseq.graphs import tree_batch
from gnnseq.layers import ChildSumTreeLSTM, NaryTreeLSTM
from gnnseq.layers.tree_lstm import NaryCell
from gnnseq.ops import Schedule

IN, OUT, LEAVES, NODES = 300, 150, 19, 20


@dataclass(frozen=True)
class Tree:
    """One tree, children before parents.

    Attributes:
        parent: of each node ``[n]``, -1 for the root.
        slot: which child of its parent a node is ``[n]``.
        x: features ``[n, F]``.
    """

    parent: Tensor
    slot: Tensor
    x: Tensor

    @property
    def edges(self) -> Tensor:
        """Child and parent of each edge ``[2, n - 1]``, by parent and then by place."""
        order = (self.parent[:-1] * len(self.parent) + self.slot[:-1]).argsort()
        return torch.stack([order, self.parent[order]])


def binary_tree(leaves: int = LEAVES) -> Tree:
    """A random binary tree over a row of leaves; inner nodes have no features."""
    row = list(range(leaves))
    parent = [-1] * (2 * leaves - 1)
    slot = [0] * (2 * leaves - 1)
    for node in range(leaves, 2 * leaves - 1):
        place = int(torch.randint(len(row) - 1, (1,)))
        parent[row[place]] = parent[row[place + 1]] = node
        slot[row[place + 1]] = 1
        row[place : place + 2] = [node]
    x = torch.randn(2 * leaves - 1, IN)
    x[leaves:] = 0.0
    return Tree(torch.tensor(parent), torch.tensor(slot), x)


def dependency_tree(nodes: int = NODES) -> Tree:
    """A random tree in which the distance from a node to its head is short more often than long."""
    parent = [min(node + int(2 ** (3 * float(torch.rand(())))), nodes - 1) for node in range(nodes - 1)] + [-1]
    slot = [parent[:node].count(head) for node, head in enumerate(parent)]
    return Tree(torch.tensor(parent), torch.tensor(slot), torch.randn(nodes, IN))


def nary(count: int) -> tuple[Side, Side]:
    """The N-ary layer and DGL's cell: no input to inner nodes and none to forget gates, which DGL's cell lacks."""
    package = dgl()
    trees = [binary_tree() for _ in range(count)]
    cell, layer = dgl_nary.TreeLSTMCell(IN, OUT), NaryTreeLSTM(IN, OUT)
    _load_nary(layer.cells[0], cell)
    edges = [tuple(tree.edges) for tree in trees]
    parents, slots, features = ([getattr(tree, name) for tree in trees] for name in ("parent", "slot", "x"))
    leaf = torch.cat([(tree.x != 0).any(1, keepdim=True).float() for tree in trees])
    grad = torch.randn(len(leaf), OUT)

    def ours() -> Tensor:
        batch = tree_batch(parents, features, slots=slots)
        return backward(layer, layer(batch.x, batch.edge_index, batch.edge_slot)[0], grad)

    def theirs() -> Tensor:
        graph = package.batch([package.graph(pair) for pair in edges])
        return backward(cell, dgl_nary.run(cell, graph, torch.cat(features), leaf), grad)

    def our_results() -> dict[str, Tensor]:
        found = gradients(ours, dict(layer.cells[0].named_parameters()))
        i, f, g, o = found["bias"].chunk(4)
        w_i, _, w_g, w_o = found["weight_ih"].chunk(4)
        u_i, u_g, u_o = torch.cat(list(found["weight_igo"]), dim=1).chunk(3)
        return {
            "output": found["output"],
            "W_iou.weight": torch.cat([w_i, w_o, w_g]),
            "U_iou.weight": torch.cat([u_i, u_o, u_g]),
            "b_iou": torch.cat([i, o, g]).view(1, -1),
            "U_f.weight": found["weight_f"].permute(0, 2, 1, 3).reshape(2 * OUT, 2 * OUT),
            "b_f": f,
        }

    def their_results() -> dict[str, Tensor]:
        found = gradients(theirs, dict(cell.named_parameters()))
        bias = found.pop("U_f.bias")
        return {**found, "b_f": bias.view(2, OUT).sum(0)}

    return Side(ours, our_results), Side(theirs, their_results)


@torch.no_grad()
def _load_nary(layer: NaryCell, cell: dgl_nary.TreeLSTMCell) -> None:
    """DGL's weights in the paper's form; its two forget biases become one."""
    w_i, w_o, w_g = cell.W_iou.weight.chunk(3)
    u_i, u_o, u_g = cell.U_iou.weight.chunk(3)
    cell.U_f.bias[OUT:] = cell.U_f.bias[:OUT]
    layer.weight_ih.copy_(torch.cat([w_i, torch.zeros_like(w_i), w_g, w_o]))
    layer.weight_igo.copy_(torch.stack(torch.cat([u_i, u_g, u_o]).chunk(2, dim=1)))
    layer.weight_f.copy_(cell.U_f.weight.view(2, OUT, 2, OUT).permute(0, 2, 1, 3))
    layer.bias.zero_()
    layer.bias[OUT : 2 * OUT] = cell.U_f.bias[:OUT]


def child_sum(count: int) -> tuple[Side, Side]:
    """The child-sum layer and pytorch-tree-lstm."""
    package = treelstm()
    trees = [dependency_tree() for _ in range(count)]
    peer = package.TreeLSTM(IN, OUT)
    layer = ChildSumTreeLSTM.from_child_sum(peer)
    parents, features = [tree.parent for tree in trees], [tree.x for tree in trees]
    adjacency = [tree.edges.flip(0).t().contiguous() for tree in trees]
    grad = torch.randn(count * NODES, OUT)

    def ours() -> Tensor:
        batch = tree_batch(parents, features)
        return backward(layer, layer(batch.x, batch.edge_index)[0], grad)

    def theirs() -> Tensor:
        batch = package.batch_tree_input(
            [_with_orders(package, x, edges) for x, edges in zip(features, adjacency, strict=True)]
        )
        out = peer(batch["features"], batch["node_order"], batch["adjacency_list"], batch["edge_order"])[0]
        return backward(peer, out, grad)

    def our_results() -> dict[str, Tensor]:
        found = gradients(ours, dict(layer.cells[0].named_parameters()))
        i, f, g, o = zip(
            *(found[f"cells.0.{name}"].chunk(4) for name in ("weight_ih", "weight_hh", "bias")), strict=True
        )
        return {
            "output": found["output"],
            "W_iou.weight": torch.cat([i[0], o[0], g[0]]),
            "U_iou.weight": torch.cat([i[1], o[1], g[1]]),
            "W_iou.bias": torch.cat([i[2], o[2], g[2]]),
            "W_f.weight": f[0],
            "U_f.weight": f[1],
            "W_f.bias": f[2],
        }

    return Side(ours, our_results), Side(theirs, lambda: gradients(theirs, dict(peer.named_parameters())))


def _with_orders(package: object, x: Tensor, adjacency: Tensor) -> dict[str, Tensor]:
    node_order, edge_order = package.calculate_evaluation_orders(adjacency, len(x))  # type: ignore[attr-defined]
    return {
        "features": x,
        "adjacency_list": adjacency,
        "node_order": torch.from_numpy(node_order),
        "edge_order": torch.from_numpy(edge_order),
    }


def schedules(count: int, with_dgl: bool) -> tuple[Side, Side]:
    """Trees to a batch with its schedule; the peers make a batch, or orders, only."""
    package = dgl() if with_dgl else treelstm()
    trees = [dependency_tree() for _ in range(count)]
    parents, symbols = [tree.parent for tree in trees], [torch.zeros(NODES, dtype=torch.long)] * count
    edges, adjacency = [tuple(tree.edges) for tree in trees], [tree.edges.flip(0).t().contiguous() for tree in trees]

    def ours() -> Schedule:
        batch = tree_batch(parents, symbols)
        schedule = Schedule(batch.edge_index, batch.num_nodes)
        assert schedule.levels
        return schedule

    def by_dgl() -> Tensor:
        return torch.stack(package.batch([package.graph(pair) for pair in edges]).edges())

    def by_orders() -> Tensor:
        orders = [package.calculate_evaluation_orders(pairs, NODES) for pairs in adjacency]
        assert len(orders) == count
        return torch.cat([pairs.t().flip(0) + NODES * number for number, pairs in enumerate(adjacency)], dim=1)

    theirs = by_dgl if with_dgl else by_orders
    size = count * NODES
    return (
        Side(ours, lambda: {"edges": _sorted(ours().edge_index, size)}),
        Side(theirs, lambda: {"edges": _sorted(theirs(), size)}),
    )


def _sorted(edges: Tensor, size: int) -> Tensor:
    return (edges[0] * size + edges[1]).sort().values


def rows() -> list[Row]:
    """Both layers with few and many trees, and the way from trees to a schedule."""
    binary, words = "binary trees of 19 leaves, 300 in, 150 out", "dependency-like trees of 20 nodes, 300 in, 150 out"
    example, orders = "DGL 1.1.3's example cell", "pytorch-tree-lstm 0.1.3"
    return [
        Row("nary-32", f"N-ary Tree-LSTM, 32 {binary}", example, {1: 2.0, 2: 2.4}, partial(nary, 32)),
        Row("nary-256", f"N-ary Tree-LSTM, 256 {binary}", example, {1: 1.75, 2: 2.0}, partial(nary, 256)),
        Row("child-sum-32", f"child-sum Tree-LSTM, 32 {words}", orders, {1: 2.0, 2: 2.3}, partial(child_sum, 32)),
        Row("child-sum-256", f"child-sum Tree-LSTM, 256 {words}", orders, {1: 2.1, 2: 2.7}, partial(child_sum, 256)),
        Row("schedule-orders", "256 trees to a batch and its schedule", f"{orders}'s orders", {1: 25.0, 2: 25.0},
            partial(schedules, 256, False)),
        Row("schedule-dgl", "256 trees to a batch and its schedule", "dgl.graph and dgl.batch", {1: 12.0, 2: 12.0},
            partial(schedules, 256, True)),
    ]  # fmt: skip
