"""Every layer behind one call: ``encoder(x, batch) -> [N, H]``."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.layers.checks import check_sizes
from gnnseq.layers.GCRN import GCRN
from gnnseq.layers.signals.stack import BidirectionalSignals
from gnnseq.models.batches import Resettable, edge_arguments, graph_bounds, names_taken, node_graphs
from gnnseq.ops.segment import segment


class _LayerEncoder(Resettable):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.takes = names_taken(layer)


class EdgeEncoder(_LayerEncoder):
    """Any layer that is called as ``layer(x, edge_index)``: `RNN`, `GRU`, `LSTM`, `GCN`, a PyG convolution.

    ``edge_weight``, ``edge_attr``, ``edge_type``, ``edge_hop``, ``batch`` and ``lambda_max`` of the batch are passed on
    where the layer's forward has an argument of that name.

    Args:
        layer: the layer; of a pair ``(out, state)`` the output is taken.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``

    Raises:
        ValueError: in use, if the batch has ``edge_weight`` or ``edge_attr`` and the layer does not take it.
    """

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the layer on the batch's edges."""
        given = edge_arguments(self.takes, self.layer, batch)
        out: Tensor | tuple[Tensor, Any] = self.layer(x, batch.edge_index, **given)
        return out if isinstance(out, Tensor) else out[0]


class SlotEncoder(_LayerEncoder):
    """A layer whose children have places, called as ``layer(x, edge_index, edge_slot)``: `NaryTreeLSTM`.

    Args:
        layer: the layer.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``

    Raises:
        ValueError: in use, for a batch without ``edge_slot``, or with weights or attributes of edges that the layer
            does not take.
    """

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the layer on the batch's edges and places."""
        if "edge_slot" not in batch:
            raise ValueError("batch has no edge_slot, expected one place per edge, as graphs.balanced_tree_batch gives")
        given = edge_arguments(self.takes, self.layer, batch)
        out: Tensor = self.layer(x, batch.edge_index, batch.edge_slot, **given)[0]
        return out


class ConvStack(Resettable):
    """A stack of any PyG convolutions, with an activation after each but the last.

    Weights and attributes of the batch's edges go to every convolution, as in `EdgeEncoder`.

    ``ConvStack(GCNConv, 16, 32, num_layers=4)`` shares one weight between a node and its neighbours;
    ``ConvStack(GraphConv, 16, 32, num_layers=4)`` gives each its own. On edges from the symbol d places before, and
    no others, a `GraphConv` is a causal convolution with kernel 2 and dilation d; docs/layers/conv_stack.md makes a TCN
    of it, and has GATv2, GIN and GPS.

    Args:
        conv: makes a layer from its input and output width, such as the class of a PyG convolution.
        in_channels: features of a node, F.
        out_channels: features of every layer's output, H.
        num_layers: number of convolutions; they reach as many hops.
        activation: applied between layers; ReLU by default.
        residual: whether each layer but the first adds its input, which keeps deep stacks trainable.
        norm: makes a normalisation from a width, applied before each activation, such as `torch.nn.LayerNorm` or PyG's
            `GraphNorm`. One that takes ``batch`` gets it, so that it looks at each graph by itself. Batch
            normalisation mixes the graphs of a batch in training; in evaluation it uses its running statistics.
        positions: makes what adds a node's position to what the first convolution reads, from the width, such as
            `SinusoidalPositions`.
        project: whether a linear layer brings the features to width H before the first convolution, for convolutions
            that need equal widths, such as `GPSConv`.

    Raises:
        ValueError: if ``num_layers`` is under 1; in use, as `EdgeEncoder`, and for positions in graphs with cycles,
            unless they count ``by_number``.
    """

    def __init__(
        self,
        conv: Callable[[int, int], nn.Module],
        in_channels: int,
        out_channels: int,
        num_layers: int,
        activation: nn.Module | None = None,
        residual: bool = False,
        *,
        norm: Callable[[int], nn.Module] | None = None,
        positions: Callable[[int], nn.Module] | None = None,
        project: bool = False,
    ) -> None:
        super().__init__()
        check_sizes(num_layers=num_layers)
        self.project = nn.Linear(in_channels, out_channels) if project else nn.Identity()
        widths = [out_channels if project else in_channels] + [out_channels] * num_layers
        self.positions = None if positions is None else positions(widths[0])
        self.convs = nn.ModuleList(conv(widths[i], widths[i + 1]) for i in range(num_layers))
        makes = nn.Identity if norm is None else norm
        self.norms = nn.ModuleList(makes(out_channels) for _ in range(num_layers - 1))
        self.activation = nn.ReLU() if activation is None else activation
        self.residual = residual
        self.takes = names_taken(self.convs[0])

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the stack on the batch's edges; ``[N, F]`` to ``[N, H]``."""
        given = edge_arguments(self.takes, self.convs[0], batch)
        x = self.project(x)
        if self.positions is not None:
            x = self.positions(x, batch.edge_index, batch.batch)
        out: Tensor = self.convs[0](x, batch.edge_index, **given)
        for norm, conv in zip(self.norms, self.convs[1:], strict=True):
            graphs = {"batch": node_graphs(batch)} if "batch" in names_taken(norm) else {}
            x = self.activation(norm(out, **graphs))
            out = conv(x, batch.edge_index, **given) + (x if self.residual else 0.0)
        return out


class SignalEncoder(_LayerEncoder):
    """A GCRN over signals on a graph; every node's output at the end of its sequence is its encoding.

    Edge weights are read where the batch has them, and ``batch.lengths`` where sequences end at different steps.

    Args:
        layer: a `GCRN` or another layer with its call.

    Shapes:
        - **x:** ``[N, T, F]``
        - **output:** ``[N, H]``

    Raises:
        ValueError: in use, as `EdgeEncoder`.
    """

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the layer over the T steps."""
        given = edge_arguments(self.takes, self.layer, batch)
        if batch.batch is not None:  # a stack takes it without naming it
            given["batch"] = batch.batch
        if "lengths" not in batch:
            return self._run(x, batch, given)[:, -1]
        lengths = batch.lengths.reshape(-1)
        if any(isinstance(layer, BidirectionalSignals) for layer in self.layer.modules()):
            given["lengths"] = lengths  # against the time, a sequence begins at its own end
        last = lengths[node_graphs(batch)] - 1
        return self._run(x, batch, given)[torch.arange(len(x), device=x.device), last]

    def _run(self, x: Tensor, batch: Batch, given: dict[str, Any]) -> Tensor:
        out: Tensor = self.layer(x, batch.edge_index, **given)[0]
        return out


class RoundsEncoder(Resettable):
    """A GCRN on the nodes of a graph that does not change: the same features are read again in every round.

    With K Chebyshev terms each round reaches K - 1 hops, so R rounds reach R (K - 1).

    Args:
        layer: a `GCRN`.
        rounds: number of rounds R.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``

    Raises:
        ValueError: if ``rounds`` is under 1; in use, for a batch with ``edge_attr``, which no GCRN takes.
    """

    def __init__(self, layer: GCRN, rounds: int) -> None:
        super().__init__()
        check_sizes(rounds=rounds)
        self.layer = layer
        self.rounds = rounds
        self.takes = names_taken(layer.operator)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Filters the input once and steps R times."""
        given = edge_arguments(self.takes, self.layer, batch)
        operator = self.layer.operator(batch.edge_index, x.size(0), **given)
        inputs = self.layer.project(operator, x.unsqueeze(1))
        states = self.layer.zeros(x.unsqueeze(1))
        for _ in range(self.rounds):
            states = self.layer.step(inputs, operator, states)
        return states[0].squeeze(1)


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
