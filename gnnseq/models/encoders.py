"""Every layer behind one call: ``encoder(x, batch) -> [N, H]``."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.layers.GCRN import GCRN
from gnnseq.ops.segment import segment


class _LayerEncoder(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer


class EdgeEncoder(_LayerEncoder):
    """Any layer that is called as ``layer(x, edge_index)``: `RNN`, `GRU`, `LSTM`, `GCN`, a PyG convolution.

    Args:
        layer: the layer; of a pair ``(out, state)`` the output is taken.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``
    """

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the layer on the batch's edges."""
        out: Tensor | tuple[Tensor, Any] = self.layer(x, batch.edge_index)
        return out if isinstance(out, Tensor) else out[0]


class SlotEncoder(_LayerEncoder):
    """A layer whose children have places, called as ``layer(x, edge_index, edge_slot)``: `NaryTreeLSTM`.

    Args:
        layer: the layer.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``
    """

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the layer on the batch's edges and places."""
        if "edge_slot" not in batch:
            raise ValueError("batch has no edge_slot, expected one place per edge, as graphs.balanced_tree_batch gives")
        out: Tensor = self.layer(x, batch.edge_index, batch.edge_slot)[0]
        return out


class ConvStack(nn.Module):
    """A stack of any PyG convolutions, with an activation after each but the last.

    ``ConvStack(GCNConv, 16, 32, num_layers=4)`` shares one weight between a node and its neighbours;
    ``ConvStack(GraphConv, 16, 32, num_layers=4)`` gives each its own.

    Args:
        conv: makes a layer from its input and output width, such as the class of a PyG convolution.
        in_channels: features of a node, F.
        out_channels: features of every layer's output, H.
        num_layers: number of convolutions; they reach as many hops.
        activation: applied between layers; ReLU by default.
        residual: whether each layer but the first adds its input, which keeps deep stacks trainable.
    """

    def __init__(
        self,
        conv: Callable[[int, int], nn.Module],
        in_channels: int,
        out_channels: int,
        num_layers: int,
        activation: nn.Module | None = None,
        residual: bool = False,
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise ValueError(f"num_layers is {num_layers}, expected at least 1")
        widths = [in_channels] + [out_channels] * num_layers
        self.convs = nn.ModuleList(conv(widths[i], widths[i + 1]) for i in range(num_layers))
        self.activation = nn.ReLU() if activation is None else activation
        self.residual = residual

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the stack on the batch's edges; ``[N, F]`` to ``[N, H]``."""
        out: Tensor = self.convs[0](x, batch.edge_index)
        for conv in self.convs[1:]:
            x = self.activation(out)
            out = conv(x, batch.edge_index) + (x if self.residual else 0.0)
        return out


class SignalEncoder(_LayerEncoder):
    """A GCRN over signals on a graph; every node's output at the end of its sequence is its encoding.

    Edge weights are read where the batch has them, and ``batch.lengths`` where sequences end at different steps.

    Args:
        layer: a `GCRN` or another layer with its call.

    Shapes:
        - **x:** ``[N, T, F]``
        - **output:** ``[N, H]``
    """

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the layer over the T steps."""
        out: Tensor = self.layer(x, batch.edge_index, edge_weight=batch.edge_weight, batch=batch.batch)[0]
        if "lengths" not in batch:
            return out[:, -1]
        last = batch.lengths[batch.batch] - 1
        return out[torch.arange(len(out), device=out.device), last]


class RoundsEncoder(nn.Module):
    """A GCRN on the nodes of a graph that does not change: the same features are read again in every round.

    With K Chebyshev terms each round reaches K - 1 hops, so R rounds reach R (K - 1).

    Args:
        layer: a `GCRN`.
        rounds: number of rounds R.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``
    """

    def __init__(self, layer: GCRN, rounds: int) -> None:
        super().__init__()
        if rounds < 1:
            raise ValueError(f"rounds is {rounds}, expected at least 1")
        self.layer = layer
        self.rounds = rounds

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Filters the input once and steps R times."""
        operator = self.layer.operator(batch.edge_index, x.size(0), batch.edge_weight, batch.batch)
        inputs = self.layer.project(operator, x.unsqueeze(1))
        states = self.layer.zeros(x.unsqueeze(1))
        for _ in range(self.rounds):
            states = self.layer.step(inputs, operator, states)
        return states[0].squeeze(1)


class BagEncoder(nn.Module):
    """A layer that looks at every node alone, so that only an order-free readout is left: the baseline.

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


class DeepSetEncoder(nn.Module):
    r"""A node together with all nodes of its graph, without edges or order: the baseline where every node has a target.

    .. math:: h_v = \rho\Big(W_1 \rho(W_0 x_v) + W_2 \frac{1}{n} \sum_u \rho(W_0 x_u)\Big)

    with :math:`\rho` the ReLU (Zaheer et al. 2017, https://arxiv.org/abs/1703.06114).

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
        mean = self.all(segment(hidden, batch.ptr, "mean"))
        return torch.relu(self.own(hidden) + mean[batch.batch])
