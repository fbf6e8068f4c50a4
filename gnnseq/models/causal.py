"""Causal encoders of text, one symbol at a time."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.layers.signals.graph_recurrent import GraphRecurrent
from gnnseq.layers.stacked import StackedRecurrence
from gnnseq.layers.tree_lstm import NaryTreeLSTM
from gnnseq.models.batches import Resettable, edge_arguments, graph_bounds, node_graphs
from gnnseq.models.causality import check_causal
from gnnseq.models.encoders import EdgeEncoder
from gnnseq.ops.edges import check_edges

__all__ = ["PathRecurrence", "SymbolGraphEncoder", "check_causal"]


class PathRecurrence(EdgeEncoder):
    """A recurrence along forward paths, such as `LSTM`, which can hand its state on to the symbols that follow.

    Args:
        layer: the layer; it has one direction, since the other one looks ahead.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``

    Raises:
        TypeError: for another layer.
        ValueError: for a bidirectional one.
    """

    layer: StackedRecurrence

    def __init__(self, layer: StackedRecurrence) -> None:
        if not isinstance(layer, StackedRecurrence):
            raise TypeError(f"layer is a {type(layer).__name__}, expected a recurrence, such as RNN or LSTM")
        if isinstance(layer, NaryTreeLSTM):
            raise TypeError("layer is a NaryTreeLSTM, whose children have places, expected a recurrence, such as LSTM")
        if layer.bidirectional:
            raise ValueError(f"layer is {layer}, expected one direction: the other one looks ahead")
        super().__init__(layer)

    def advance(self, x: Tensor, batch: Batch, state: Any) -> tuple[Tensor, Any]:
        """Encodes the next symbols of every path, from the state after the previous ones (None at the start)."""
        given = edge_arguments(self.takes, self.layer, batch)
        out, state = self.layer(x, batch.edge_index, state, **given)
        return out, state


class SymbolGraphEncoder(Resettable):
    """A GCRN on the graph of symbols, where the symbols of a text are the nodes and its positions are the time.

    At each step the current symbol's node gets that symbol's features and all others get zeros (Seo et al.
    2016, https://arxiv.org/abs/1612.07659). The encoding of a position is the state of its symbol's node, joined with
    the mean over all nodes.

    Args:
        layer: a `GCRN`, `GraphGRU` or `GraphRNN`.
        num_symbols: S, the nodes.
        edge_index: between symbols ``[2, E]``, both directions of every edge.
        edge_weight: ``[E]``; ones if None.

    Shapes:
        - **x:** ``[N, F]``, nodes of paths
        - **batch:** paths, with symbols ``x`` ``[N]``
        - **output:** ``[N, 2H]``

    Raises:
        ValueError: in use, for a batch whose edges have weights or attributes: its graph is that of the symbols.
    """

    edge_index: Tensor
    edge_weight: Tensor

    def __init__(
        self, layer: GraphRecurrent, num_symbols: int, edge_index: Tensor, edge_weight: Tensor | None = None
    ) -> None:
        super().__init__()
        check_edges(edge_index, num_symbols)
        self.layer = layer
        self.num_symbols = num_symbols
        weight = torch.ones(edge_index.size(1)) if edge_weight is None else edge_weight
        self.register_buffer("edge_index", edge_index)
        self.register_buffer("edge_weight", weight)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs over all steps of all paths."""
        return self.advance(x, batch, None)[0]

    def advance(self, x: Tensor, batch: Batch, state: Any) -> tuple[Tensor, Any]:
        """Encodes the next symbols of every path, from the state after the previous ones (None at the start)."""
        edge_arguments(frozenset(), self, batch)
        ptr, symbol, path = graph_bounds(batch), batch.x, node_graphs(batch)
        lengths = ptr.diff()
        step = torch.arange(len(symbol), device=symbol.device) - ptr[path]
        steps = int(lengths.max())
        signals = x.new_zeros(len(lengths), self.num_symbols, steps, x.size(-1))
        signals = signals.index_put((path, symbol, step), x)  # [B, S, T, F]
        uneven = lengths if bool((lengths != steps).any()) else None
        out, state = self.layer(signals, self.edge_index, self.edge_weight, state, lengths=uneven)
        own, mean = out[path, symbol, step], out.mean(dim=1)[path, step]
        return torch.cat([own, mean], dim=-1), state
