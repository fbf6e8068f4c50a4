"""Modules laid out as those of other libraries, written from their equations."""

import torch
from torch import nn
from torch_geometric.nn import ChebConv


class GConvLSTM(nn.Module):
    """The layout of PyG Temporal's module of this name, with one filter, bias and peephole per gate."""

    def __init__(self, in_channels, out_channels, K, normalization, bias=True):
        super().__init__()
        for gate in "ifco":
            setattr(self, f"conv_x_{gate}", ChebConv(in_channels, out_channels, K, normalization, bias))
            setattr(self, f"conv_h_{gate}", ChebConv(out_channels, out_channels, K, normalization, bias))
            setattr(self, f"b_{gate}", nn.Parameter(torch.randn(1, out_channels)))
            if gate != "c":
                setattr(self, f"w_c_{gate}", nn.Parameter(torch.randn(1, out_channels)))
        for conv in self.children():
            if bias:
                nn.init.normal_(conv.bias)

    def gate(self, name, x, h, *graph):
        filtered = getattr(self, f"conv_x_{name}")(x, *graph) + getattr(self, f"conv_h_{name}")(h, *graph)
        return filtered + getattr(self, f"b_{name}")

    def forward(self, x, edge_index, edge_weight, h, c):
        graph = (edge_index, edge_weight)
        i = (self.gate("i", x, h, *graph) + self.w_c_i * c).sigmoid()
        f = (self.gate("f", x, h, *graph) + self.w_c_f * c).sigmoid()
        c = f * c + i * self.gate("c", x, h, *graph).tanh()
        o = (self.gate("o", x, h, *graph) + self.w_c_o * c).sigmoid()
        return o * c.tanh(), c


class ChildSum(nn.Module):
    """The usual layout of a child-sum cell, gates in the order i, o, u; one node at a time."""

    def __init__(self, F, H, w_bias=True, u_bias=False, own_bias=False, w_f=True):
        super().__init__()
        self.W_iou, self.U_iou = nn.Linear(F, 3 * H, w_bias), nn.Linear(H, 3 * H, u_bias)
        self.U_f = nn.Linear(H, H, u_bias)
        if w_f:
            self.W_f = nn.Linear(F, H, w_bias)
        self.b_iou = nn.Parameter(torch.randn(1, 3 * H)) if own_bias else None

    def node(self, x, children):
        h = sum((h_k for h_k, _ in children), x.new_zeros(self.U_f.out_features))
        iou = self.W_iou(x) + self.U_iou(h) + (0 if self.b_iou is None else self.b_iou[0])
        i, o, u = iou.chunk(3)
        c = i.sigmoid() * u.tanh()
        for h_k, c_k in children:
            c = c + (self.U_f(h_k) + (self.W_f(x) if hasattr(self, "W_f") else 0)).sigmoid() * c_k
        return o.sigmoid() * c.tanh(), c

    def forward(self, x, edge_index):
        done = []
        for v in range(len(x)):
            done.append(self.node(x[v], [done[u] for u in edge_index[0, edge_index[1] == v].tolist()]))
        return torch.stack([h for h, _ in done])
