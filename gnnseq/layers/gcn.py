"""Graph convolution, stacked, on one normalised adjacency."""

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch_geometric.nn import GCNConv

from gnnseq.layers.checks import check_dtype, check_nodes, check_sizes
from gnnseq.layers.edge_mask import EdgeMask
from gnnseq.layers.interop import take
from gnnseq.layers.signals.spectral_module import ready, weighted_edges, whole_if_ready
from gnnseq.ops.operators.sparse import SparseOperator
from gnnseq.ops.operators.spectral import gcn_operator
from gnnseq.ops.transforms import autocast_dtype, is_traced


class GCN(nn.Module):
    r"""A stack of graph convolutions (Kipf and Welling 2017, https://arxiv.org/abs/1609.02907).

    .. math:: H^{(l+1)} = \hat A\, \rho(H^{(l)}) W^{(l)} + b^{(l)}, \qquad
        \hat A = \tilde D^{-1/2} (A + I) \tilde D^{-1/2}

    with the activation :math:`\rho` between layers, none before the first and none after the last. L layers reach
    exactly L hops. One layer is `torch_geometric.nn.GCNConv`; inside an undirected path it is a convolution with
    kernel (W/3, W/3, W/3). The adjacency is normalised once for all layers, and multiplied on the narrower side of W.

    It has :math:`nd + n` weights in the first layer and :math:`n^2 + n` in each other. A node and its neighbours share
    one weight: to give the node itself another one, stack `torch_geometric.nn.GraphConv` with `ConvStack`.

    Args:
        in_channels: features of a node, F.
        out_channels: features of every layer's output, H.
        num_layers: number of convolutions L.
        bias: whether each layer has a bias.
        add_self_loops: whether every node has an edge to itself.
        activation: applied between layers; ReLU by default.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]``, or a `SparseOperator` that was normalised before
        - **edge_weight:** ``[E]``
        - **output:** ``[N, H]``
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_layers: int = 1,
        bias: bool = True,
        add_self_loops: bool = True,
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        check_sizes(in_channels=in_channels, out_channels=out_channels, num_layers=num_layers)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.num_layers = num_layers
        self.add_self_loops = add_self_loops
        self.activation = nn.ReLU() if activation is None else activation
        self.edge_mask = EdgeMask(num_layers)
        widths = [in_channels] + [out_channels] * num_layers
        self.weights = nn.ParameterList(torch.empty(widths[i], out_channels) for i in range(num_layers))
        self.biases = nn.ParameterList(torch.empty(out_channels) for _ in range(num_layers)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot weights and zero biases, as in PyG."""
        for weight in self.weights:
            nn.init.xavier_uniform_(weight)
        for bias in self.biases or []:
            nn.init.zeros_(bias)

    def __repr__(self) -> str:
        sizes = f"{self.in_channels}, {self.out_channels}, num_layers={self.num_layers}"
        return f"{type(self).__name__}({sizes}, activation={self.activation})"

    @classmethod
    def from_gcn_conv(cls, conv: GCNConv) -> Self:
        """A stack of one layer with the weights of a `torch_geometric.nn.GCNConv`, which gives its outputs.

        Raises:
            TypeError: for another module.
            ValueError: for ``improved=True`` or ``normalize=False``.
        """
        if not isinstance(conv, GCNConv):
            raise TypeError(f"conv is a {type(conv).__name__}, expected torch_geometric.nn.GCNConv")
        if conv.improved or not conv.normalize:
            raise ValueError(f"conv is {conv}, expected improved=False and normalize=True")
        layer = cls(conv.in_channels, conv.out_channels, 1, conv.bias is not None, conv.add_self_loops)
        layer = layer.to(conv.lin.weight)
        with torch.enable_grad():
            take(layer.weights[0], conv.lin.weight.t())
        if layer.biases is not None:
            take(layer.biases[0], conv.bias)
        return layer.train(conv.training)

    @whole_if_ready
    def forward(self, x: Tensor, edge_index: Any, edge_weight: Tensor | None = None) -> Tensor:
        """Runs the stack; see the class for shapes."""
        num_nodes = check_nodes(x, self.in_channels)
        check_dtype(x, self.weights[0])
        dtype = autocast_dtype(x)
        if isinstance(edge_index, SparseOperator):
            operator = ready(edge_index, num_nodes, self.edge_mask, edge_weight=edge_weight)
        else:
            edges, weight = weighted_edges(edge_index, edge_weight, self.weights[0])
            operator = gcn_operator(edges, num_nodes, weight, self.add_self_loops)
            operator = self.edge_mask.forward(operator, edges)
        for layer, weight in enumerate(self.weights):
            x = x if layer == 0 else self.activation(x)
            narrow = layer == 0 and self.in_channels < self.out_channels
            x = operator.apply(x) @ weight if narrow else operator.apply(x @ weight)
            if self.biases is not None:
                bias = self.biases[layer].to(x.dtype)
                x = x + bias if is_traced() else x.add_(bias)
        return x.to(dtype)
