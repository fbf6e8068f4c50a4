"""Baselines that use no edges."""

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.models.batches import Resettable, graph_bounds, node_graphs
from gnnseq.ops.segment import segment


class BagEncoder(Resettable):
    """A layer on each node separately; with a sum or mean readout, a baseline without order.

    It uses no edges; their weights and attributes are ignored.

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

    with :math:`\rho` the ReLU (Zaheer et al. 2017, https://arxiv.org/abs/1703.06114). It uses no edges, so their
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


class NodesAsVector(Resettable):
    r"""Signals of a fixed number of nodes as one series of vectors, without a graph: the multivariate baseline.

    With a recurrence, :math:`y = W h_L + b` from its last state h; without one, the linear map of all L vectors
    :math:`y = \sum_l W_l x_l + b`, a vector autoregression.

    Args:
        num_nodes: of every graph, N.
        in_channels: features of a node at a step, F.
        window: steps L.
        hidden_channels: units H of the LSTM; None for the linear map.

    Shapes:
        - **batch.x:** ``[B * N, L, F]``
        - **output:** ``[B * N, 1]``

    Raises:
        ValueError: for a batch of other shape.
    """

    def __init__(self, num_nodes: int, in_channels: int, window: int, hidden_channels: int | None = None) -> None:
        super().__init__()
        self.num_nodes, self.shape = num_nodes, (window, in_channels)
        given = num_nodes * in_channels
        self.lstm = None if hidden_channels is None else nn.LSTM(given, hidden_channels, batch_first=True)
        self.head = nn.Linear(given * window if hidden_channels is None else hidden_channels, num_nodes)

    def forward(self, batch: Batch) -> Tensor:
        """The forecast of every node."""
        x = batch.x
        if x.dim() != 3 or x.shape[1:] != self.shape or len(x) % self.num_nodes:
            raise ValueError(
                f"batch.x has shape {list(x.shape)}, expected [B * {self.num_nodes}, {self.shape[0]}, {self.shape[1]}]"
            )
        series = x.reshape(-1, self.num_nodes, *self.shape).transpose(1, 2).flatten(2)  # [B, L, N F]
        hidden = series.flatten(1) if self.lstm is None else self.lstm(series)[0][:, -1]
        forecast: Tensor = self.head(hidden).reshape(-1, 1)
        return forecast
