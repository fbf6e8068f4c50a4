"""A stack of graph convolutions against PyG's GCNConv."""

import torch
from torch import Tensor, nn
from torch_geometric.nn import GCNConv

from benchmarks.row import Row, Side, backward, gradients
from gnnseq.graphs import path_batch
from gnnseq.layers import GCN

PATHS, NODES, CHANNELS, LAYERS = 128, 60, 128, 3


class Stack(nn.Module):
    """PyG's layer with a ReLU in between."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(GCNConv(CHANNELS, CHANNELS) for _ in range(LAYERS))

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Features of the nodes."""
        for number, conv in enumerate(self.convs):
            x = conv(x if number == 0 else x.relu(), edge_index)
        return x


def make() -> tuple[Side, Side]:
    """Both sides; each normalises the graph in every forward pass."""
    stack, layer = Stack(), GCN(CHANNELS, CHANNELS, LAYERS)
    with torch.no_grad():
        for number, conv in enumerate(stack.convs):
            layer.weights[number].copy_(conv.lin.weight.t())
    batch = path_batch(torch.randn(PATHS, NODES, CHANNELS), direction="both")
    grad = torch.randn(PATHS * NODES, CHANNELS)

    def ours() -> Tensor:
        return backward(layer, layer(batch.x, batch.edge_index), grad)

    def theirs() -> Tensor:
        return backward(stack, stack(batch.x, batch.edge_index), grad)

    def our_results() -> dict[str, Tensor]:
        found = gradients(ours, dict(layer.named_parameters()))
        return {
            "output": found["output"],
            **{f"convs.{i}.lin.weight": found[f"weights.{i}"].t() for i in range(LAYERS)},
            **{f"convs.{i}.bias": found[f"biases.{i}"] for i in range(LAYERS)},
        }

    return Side(ours, our_results), Side(theirs, lambda: gradients(theirs, dict(stack.named_parameters())))


def rows() -> list[Row]:
    """One row."""
    work = f"GCN, {LAYERS} layers, {PATHS} paths of {NODES} nodes, {CHANNELS} channels"
    return [Row("gcn", work, "torch_geometric GCNConv", {1: 1.45, 2: 1.6}, make, memory=2.0)]
