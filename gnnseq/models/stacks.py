"""Stacks of convolutions behind one call: ``encoder(x, batch) -> [N, H]``."""

from collections.abc import Callable

from torch import Tensor, nn
from torch_geometric.data import Batch
from torch_geometric.nn import GraphConv

from gnnseq.layers.checks import check_dropout, check_sizes
from gnnseq.models.batches import Resettable, edge_arguments, names_taken, node_graphs
from gnnseq.ops.transforms import is_captured


class ConvStack(Resettable):
    """A stack of any PyG convolutions, with an activation after each but the last.

    Weights and attributes of the batch's edges go to every convolution, as in `EdgeEncoder`.

    ``ConvStack(GCNConv, 16, 32, num_layers=4)`` shares one weight between a node and its neighbours;
    ``ConvStack(GraphConv, 16, 32, num_layers=4)`` gives each its own. On edges from the symbol d places before, and
    no others, a `GraphConv` is a causal convolution with kernel 2 and dilation d: see `TCN`. docs/layers/conv_stack.md
    has GATv2, GIN and GPS.

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
        positions: makes, from the width, a module that adds positions to the first convolution's input, such as
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
        check_sizes(in_channels=in_channels, out_channels=out_channels, num_layers=num_layers)
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


class HopConv(Resettable):
    r"""A causal convolution with kernel 2 and dilation d, as a `torch_geometric.nn.GraphConv` on the edges of one hop.

    .. math:: y_t = W_0 x_t + W_1 x_{t - d} + b

    Args:
        in_channels: features of a node, F.
        out_channels: features of the output, H.
        hop: d, at least 1.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]``
        - **edge_hop:** ``[E]``, symbols between the two ends of an edge, as `gnnseq.graphs.dilated_batch` gives them;
          edges of other hops are not used
        - **output:** ``[N, H]``
    """

    def __init__(self, in_channels: int, out_channels: int, hop: int) -> None:
        super().__init__()
        check_sizes(hop=hop)
        self.hop = hop
        self.conv = GraphConv(in_channels, out_channels)

    def forward(self, x: Tensor, edge_index: Tensor, edge_hop: Tensor) -> Tensor:
        """Runs the convolution."""
        out: Tensor = self.conv(x, edge_index[:, edge_hop == self.hop])
        return out


class TCN(ConvStack):
    """A temporal convolutional network (Bai et al. 2018, https://arxiv.org/abs/1803.01271) with kernel 2.

    Layer l is a `HopConv` of dilation 2^l, so L layers reach 2^L - 1 symbols back. Each layer but the first adds its
    input, after a ReLU and dropout.

    Args:
        in_channels: features of a node, F.
        out_channels: features of every layer's output, H.
        num_layers: number of convolutions L.
        dropout: probability of zeroing an input of a layer but the first, in training.
        norm: as in `ConvStack`.

    Raises:
        ValueError: for a size below 1; in use, for a batch without ``edge_hop``, or without any edge of a hop that
            a layer needs.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_layers: int,
        dropout: float = 0.0,
        norm: Callable[[int], nn.Module] | None = None,
    ) -> None:
        check_dropout(dropout)
        hops = iter(2**layer for layer in range(num_layers))
        activation = nn.Sequential(nn.ReLU(), nn.Dropout(dropout))
        super().__init__(
            lambda i, o: HopConv(i, o, next(hops)), in_channels, out_channels, num_layers, activation, True, norm=norm
        )

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the stack on the batch's edges; ``[N, F]`` to ``[N, H]``."""
        if "edge_hop" not in batch:
            raise ValueError("batch has no edge_hop, expected one hop per edge, as graphs.dilated_batch gives")
        if not is_captured():
            self._check_hops(batch)
        return super().forward(x, batch)

    def _check_hops(self, batch: Batch) -> None:
        """Without the edges of a hop, the layer of this hop would read nothing but the node itself."""
        found, longest = set(batch.edge_hop.unique().tolist()), int(node_graphs(batch).bincount().max())
        for hop in (2**layer for layer in range(len(self.convs))):
            if hop < longest and hop not in found:
                raise ValueError(
                    f"edge_hop has no edge of hop {hop}, expected every power of 2 below the longest graph, of "
                    f"{longest} nodes, and below 2^{len(self.convs)}"
                )
