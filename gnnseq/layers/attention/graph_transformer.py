"""A Transformer encoder whose attention runs along a graph."""

from collections.abc import Callable
from typing import Any, Literal, Self, cast, get_args

import torch
from torch import Tensor, nn

from gnnseq.layers.attention.block import Attend, TransformerBlock, normalised
from gnnseq.layers.attention.interop import block_arguments, load_block, load_norm, store_encoder
from gnnseq.layers.attention.positions import Positions
from gnnseq.layers.checks import check_dropout, check_dtype, check_heads, check_nodes, check_sizes
from gnnseq.layers.edge_mask import EdgeMask, NoEdgeMask
from gnnseq.ops.attention.along_edges import AlongEdges
from gnnseq.ops.attention.within_graphs import WithinGraphs
from gnnseq.ops.edges import check_batch, check_edges, plain_edges
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.transforms import autocast_dtype, graph_break, is_recorded

Attended = Literal["edges", "graph", "ancestors"]
_uncompiled = graph_break(
    "GraphTransformer reads graphs outside of torch.compile, expected fullgraph=False, or `to_torch()` on padded "
    "tensors of sequences"
)


class GraphTransformer(nn.Module):
    r"""A Transformer encoder (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762) that attends along a graph.

    .. math::
        \mathrm{MHA}(x)_v = W_o \big\Vert_{\text{heads}} \sum_{u \in A(v)} \mathrm{softmax}_{u \in A(v)}
        \Big(\frac{(W_q x_v)^\top W_k x_u}{\sqrt d}\Big) W_v x_u

    Each layer is `TransformerBlock`. A(v) holds the node v itself and, with ``attend``

    - ``"edges"``, the sources of its incoming edges, so that L layers reach L hops; the attention is
      `torch_geometric.nn.TransformerConv` without ``root_weight``, with a self-loop at each node;
    - ``"graph"``, all nodes of its graph; on any batch of sequences this is `torch.nn.TransformerEncoder`;
    - ``"ancestors"``, all nodes with a path to it; on forward paths this is `torch.nn.TransformerEncoder`
      with a causal mask, the decoder of language models.

    The last two run on torch's fused kernels.

    Args:
        in_channels: features of a node, F. If F differs from H, a linear layer projects the features first.
        out_channels: features of the output and of all layers, H.
        num_layers: number of layers.
        heads: number of heads, which divides H.
        attend: nodes that a node attends to.
        positions: makes, from the width H, a module that adds positions to the features before the first layer, such as
            `SinusoidalPositions`. Without positions the output does not depend on the order of a sequence.
        feedforward: width inside each layer, 4 H by default.
        dropout: as `TransformerBlock`.
        norm_first: as `TransformerBlock`; the last layer is then followed by one more normalisation.
        activation: of the layers; ReLU by default.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]`` from source to target
        - **batch:** graph of each node ``[N]``. Without it all nodes are one graph for ``"graph"`` and for positions
          ``by_number`` with ``"edges"``; else edges tell the graphs.
        - **output:** ``[N, H]``

    Raises:
        ValueError: for sizes below 1, heads that do not divide H, a node out of range, shapes that do not fit, a cycle
            with ``"ancestors"``, or features of another dtype than the weights (under autocast any of float32,
            float16 and bfloat16 will do).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_layers: int = 1,
        heads: int = 1,
        *,
        attend: Attended = "edges",
        positions: Callable[[int], Positions] | None = None,
        feedforward: int | None = None,
        dropout: float = 0.0,
        norm_first: bool = True,
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        feedforward = 4 * out_channels if feedforward is None else feedforward
        check_heads(heads, out_channels)
        check_sizes(in_channels=in_channels, num_layers=num_layers, feedforward=feedforward)
        check_dropout(dropout)
        if attend not in get_args(Attended):
            raise ValueError(f'attend is {attend!r}, expected "edges", "graph" or "ancestors"')
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.attend = attend
        self.edge_mask = EdgeMask(num_layers) if attend == "edges" else NoEdgeMask()
        self.project = nn.Linear(in_channels, out_channels) if in_channels != out_channels else nn.Identity()
        self.positions = None if positions is None else positions(out_channels)
        self.blocks = nn.ModuleList(
            TransformerBlock(out_channels, heads, feedforward, dropout, norm_first, activation)
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(out_channels) if norm_first else None

    @property
    def _blocks(self) -> list[TransformerBlock]:
        return cast(list[TransformerBlock], list(self.blocks))

    def reset_parameters(self) -> None:
        """Redraws all weights."""
        for part in (self.project, self.positions, *self.blocks, self.norm):
            if hasattr(part, "reset_parameters"):
                part.reset_parameters()

    def extra_repr(self) -> str:
        """The arguments that the modules inside do not show."""
        return f'{self.in_channels}, {self.out_channels}, attend="{self.attend}"'

    @classmethod
    def from_torch(
        cls,
        module: nn.Module,
        attend: Attended = "graph",
        positions: Callable[[int], Positions] | None = None,
    ) -> Self:
        """A Transformer with the weights of torch's, with its mode, dtype, device and frozen weights.

        Args:
            module: the encoder, or one layer; its ``batch_first`` does not matter.
            attend: which nodes a node attends to; ``"ancestors"`` for what torch does with a causal mask.
            positions: as the class.

        Raises:
            TypeError: for another module.
            ValueError: for layers without biases, or that differ in more than their weights.
        """
        if not isinstance(module, nn.TransformerEncoder | nn.TransformerEncoderLayer):
            expected = "torch.nn.TransformerEncoder or TransformerEncoderLayer"
            raise TypeError(f"module is a {type(module).__name__}, expected {expected}")
        inner = list(module.layers) if isinstance(module, nn.TransformerEncoder) else [module]
        width, arguments = block_arguments(inner)
        layer = cls(width, width, len(inner), attend=attend, positions=positions, **arguments)
        norm = module.norm if isinstance(module, nn.TransformerEncoder) else None
        layer.norm = None if norm is None else nn.LayerNorm(width)
        layer = layer.to(next(module.parameters()))
        for block, given in zip(layer._blocks, inner, strict=True):
            load_block(block, given)
        if layer.norm is not None:
            load_norm(layer.norm, norm)
        return layer.train(module.training)

    def to_torch(self) -> nn.TransformerEncoder:
        """The torch module with the same weights, for padded tensors ``[B, T, H]``; as `from_torch` keeps the mode.

        Raises:
            ValueError: with an input projection or positions, which `torch.nn.TransformerEncoder` has not.
        """
        for name, part in {"an input projection": self.project, "positions": self.positions}.items():
            if part is not None and not isinstance(part, nn.Identity):
                raise ValueError(f"the layer has {name}, expected none: torch.nn.TransformerEncoder has no such part")
        return store_encoder(self._blocks, self.norm).train(self.training)

    def forward(self, x: Tensor, edge_index: Any, batch: Tensor | None = None) -> Tensor:
        """Runs the layers; see the class for shapes."""
        if is_recorded():
            raise ValueError(
                "edge_index is read under torch.jit.trace or torch.export, which would keep these graphs for all "
                "others, expected a GraphTransformer outside of them, or `to_torch()` on padded tensors of sequences"
            )
        if torch.compiler.is_dynamo_compiling():
            return _uncompiled(self._run, x, edge_index, batch)  # type: ignore[no-any-return]
        return self._run(x, edge_index, batch)

    def _run(self, x: Tensor, edge_index: Any, batch: Tensor | None) -> Tensor:
        num_nodes = check_nodes(x, self.in_channels)
        check_dtype(x, self._blocks[0].qkv.weight)
        edges, attend = self._graph(edge_index, num_nodes, batch, x.device)
        dtype = autocast_dtype(x)
        x = self.project(x)
        if self.positions is not None:
            x = self.positions(x, edges, None if isinstance(edges, Schedule) else batch)
        for block in self.blocks:
            x = block(x, attend)
        x = x if self.norm is None else normalised(self.norm, x)
        return x.to(dtype)

    def _graph(
        self, edge_index: Any, num_nodes: int, batch: Tensor | None, device: torch.device
    ) -> tuple[Tensor | Schedule, Attend]:
        """The edges, as a `Schedule` where they were ordered, and the attention along them."""
        edges = plain_edges(edge_index)[0]
        if edges.device != device:
            raise ValueError(f"edge_index is on {edges.device}, expected {device} as x: use edge_index.to(x.device)")
        if self.attend == "ancestors":
            cast(NoEdgeMask, self.edge_mask).refuse(self)
            schedule = Schedule(edges, num_nodes, batch)
            return schedule, WithinGraphs.ancestors(schedule)
        check_edges(edges, num_nodes)
        if batch is not None:
            check_batch(batch, num_nodes)
        if self.attend == "edges":
            return edges, AlongEdges(edges, num_nodes, self.edge_mask.factor(edges))
        cast(NoEdgeMask, self.edge_mask).refuse(self)
        return edges, WithinGraphs.all_pairs(edges.new_zeros(num_nodes) if batch is None else batch)
