"""The N-ary Tree-LSTM of DGL 1.1.3's examples (examples/pytorch/tree_lstm/tree_lstm.py), for binary trees.

The example's cell and the way in which its model calls it, without its dropout and its word embedding.
"""

from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.peers.load import dgl


class TreeLSTMCell(nn.Module):
    """The example's cell."""

    def __init__(self, x_size: int, h_size: int) -> None:
        super().__init__()
        self.W_iou = nn.Linear(x_size, 3 * h_size, bias=False)
        self.U_iou = nn.Linear(2 * h_size, 3 * h_size, bias=False)
        self.b_iou = nn.Parameter(torch.zeros(1, 3 * h_size))
        self.U_f = nn.Linear(2 * h_size, 2 * h_size)

    def message_func(self, edges: Any) -> dict[str, Tensor]:
        """Children's states."""
        return {"h": edges.src["h"], "c": edges.src["c"]}

    def reduce_func(self, nodes: Any) -> dict[str, Tensor]:
        """What a parent makes of them."""
        h_cat = nodes.mailbox["h"].view(nodes.mailbox["h"].size(0), -1)
        f = torch.sigmoid(self.U_f(h_cat)).view(*nodes.mailbox["h"].size())
        c = torch.sum(f * nodes.mailbox["c"], 1)
        return {"iou": self.U_iou(h_cat), "c": c}

    def apply_node_func(self, nodes: Any) -> dict[str, Tensor]:
        """Gates."""
        iou = nodes.data["iou"] + self.b_iou
        i, o, u = torch.chunk(iou, 3, 1)
        i, o, u = torch.sigmoid(i), torch.sigmoid(o), torch.tanh(u)
        c = i * u + nodes.data["c"]
        h = o * torch.tanh(c)
        return {"h": h, "c": c}


def run(cell: TreeLSTMCell, graph: Any, x: Tensor, leaf: Tensor) -> Tensor:
    """The example's forward pass: ``leaf`` ``[N, 1]`` is 1 where a node has a word."""
    H = cell.W_iou.out_features // 3
    graph.ndata["iou"] = cell.W_iou(x) * leaf
    graph.ndata["h"] = x.new_zeros(len(x), H)
    graph.ndata["c"] = x.new_zeros(len(x), H)
    dgl().prop_nodes_topo(
        graph,
        message_func=cell.message_func,
        reduce_func=cell.reduce_func,
        apply_node_func=cell.apply_node_func,
    )
    out: Tensor = graph.ndata.pop("h")
    return out
