"""Encoders that read no edges: what a comparison starts from."""

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.models.batches import Resettable, graph_bounds, node_graphs
from gnnseq.ops.segment import segment


class BagEncoder(Resettable):
    """A layer that looks at every node alone, so that only an order-free readout is left: the baseline.

    It reads no edges, so their weights and attributes do not matter.

    Args:
        in_channels: features of a node, F.
        out_channels: features of the output, H.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_channels, out_channels)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """One linear layer and a ReLU, node by node."""
        return torch.relu(self.linear(x))


class DeepSetEncoder(Resettable):
    r"""A node together with all nodes of its graph, without edges or order: the baseline where every node has a target.

    .. math:: h_v = \rho\Big(W_1 \rho(W_0 x_v) + W_2 \frac{1}{n} \sum_u \rho(W_0 x_u)\Big)

    with :math:`\rho` the ReLU (Zaheer et al. 2017, https://arxiv.org/abs/1703.06114). It reads no edges, so their
    weights and attributes do not matter.

    Args:
        in_channels: features of a node, F.
        out_channels: features of the output, H.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.each = nn.Linear(in_channels, out_channels)
        self.own = nn.Linear(out_channels, out_channels)
        self.all = nn.Linear(out_channels, out_channels, bias=False)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Every node by itself, and the mean over its graph."""
        hidden = torch.relu(self.each(x))
        mean = self.all(segment(hidden, graph_bounds(batch), "mean"))
        return torch.relu(self.own(hidden) + mean[node_graphs(batch)])
