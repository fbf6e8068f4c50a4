"""Several layers, and both directions in time, for all layers over signals on a graph."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.layers.checks import check_dropout, check_dtype
from gnnseq.layers.signals.conv_lstm import ConvLSTM
from gnnseq.layers.signals.layout import SignalLayout
from gnnseq.layers.signals.spectral_module import SpectralModule, whole_if_ready


class SignalStack(nn.Module):
    """Layers over signals on a graph: each takes the outputs of the one below, with dropout in between.

    What ``num_layers`` and ``dropout`` are for `torch.nn.LSTM`. Where all layers filter with the same normalisation,
    the graph is normalised once for all of them.

    Args:
        layers: a `GCRN`, `GraphGRU`, `GraphRNN`, `GraphCNNLSTM`, `ConvLSTM` or `BidirectionalSignals` each.
        dropout: probability of zeroing an output between layers, in training.

    Shapes:
        - **x**, **edge_index** and the rest as for the `GCRN`; further keyword arguments go to every layer
        - **state:** a list with one state per layer
        - **output:** that of the last layer, and the list of the final states
    """

    def __init__(self, layers: Iterable[nn.Module], dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        if len(self.layers) == 0:
            raise ValueError("layers is empty, expected at least one layer")
        check_dropout(dropout)
        self.dropout = nn.Dropout(dropout)

    def reset_parameters(self) -> None:
        """Redraws all weights."""
        for layer in self.layers:
            layer.reset_parameters()  # type: ignore[operator]

    @whole_if_ready
    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        state: list[Any] | None = None,
        mask: Tensor | None = None,
        **arguments: Any,
    ) -> tuple[Tensor, list[Any]]:
        """Runs all layers; see the class for shapes."""
        if state is not None and len(state) != len(self.layers):
            raise ValueError(f"state has {len(state)} entries, expected one for each of {len(self.layers)} layers")
        layout = SignalLayout(x)
        filters = self._filters()
        if filters is not None:
            check_dtype(x, filters.filter_weight)
            lambda_max = arguments.pop("lambda_max", None)
            edge_index = filters.operators(layout, edge_index, edge_weight, arguments.get("batch"), lambda_max)
            edge_weight = None
        finals = []
        for number, layer in enumerate(self.layers):
            x = x if number == 0 else self.dropout(x)
            own = None if state is None else state[number]
            given = {"mask": mask} if number == 0 and mask is not None else {}
            x, final = layer(x, edge_index, edge_weight, state=own, **given, **arguments)
            finals.append(final)
        return x, finals

    def _filters(self) -> SpectralModule | None:
        """A module that can make the operator for all layers, if there is one."""
        if any(isinstance(module, ConvLSTM) for module in self.modules()):
            return None  # its convolutions may want edges
        found = [[m for m in layer.modules() if isinstance(m, SpectralModule)] for layer in self.layers]
        kinds = {filters.normalization for layer in found for filters in layer}
        return found[0][0] if all(found) and len(kinds) == 1 else None


class BidirectionalSignals(nn.Module):
    """Two layers over signals on a graph, one forward and one backward in time.

    As ``bidirectional`` of `torch.nn.LSTM`: outputs of a step are concatenated, and each sequence is reversed
    within its own length.

    Args:
        forward_layer: the layer forward in time.
        backward_layer: a layer of the same input width, backward in time.

    Shapes:
        - **x**, **edge_index** and the rest as for the `GCRN`; further keyword arguments go to both layers
        - **state:** a pair with one state per direction
        - **output:** ``[..., T, H_forward + H_backward]``, and the pair of final states
    """

    def __init__(self, forward_layer: nn.Module, backward_layer: nn.Module) -> None:
        super().__init__()
        self.forward_layer = forward_layer
        self.backward_layer = backward_layer

    def reset_parameters(self) -> None:
        """Redraws all weights."""
        for layer in (self.forward_layer, self.backward_layer):
            layer.reset_parameters()  # type: ignore[operator]

    @whole_if_ready
    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        state: tuple[Any, Any] | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
        **arguments: Any,
    ) -> tuple[Tensor, tuple[Any, Any]]:
        """Runs both directions; see the class for shapes."""
        layout = SignalLayout(x)
        x = x if mask is None else layout.masked(x, mask)
        given = arguments if lengths is None else {**arguments, "lengths": lengths}
        there, back = (None, None) if state is None else state
        out, last = self.forward_layer(x, edge_index, edge_weight, state=there, **given)
        index = None if lengths is None else _reversal(layout, lengths, arguments.get("batch"))
        if isinstance(edge_index, list | tuple):
            if lengths is not None:
                raise ValueError("lengths is given with a list of graphs, expected one graph to go back along")
            edge_index = list(edge_index)[::-1]
            edge_weight = None if edge_weight is None else list(edge_weight)[::-1]
        against, first = self.backward_layer(_back(x, index), edge_index, edge_weight, state=back, **given)
        return torch.cat([out, _back(against, index)], dim=-1), (last, first)


def _reversal(layout: SignalLayout, lengths: Tensor, batch: Tensor | None) -> Tensor:
    """Where each step of a reversed sequence comes from, ``[N or 1, S or 1, T]``."""
    active = layout.active(lengths, batch)
    steps = torch.arange(layout.steps, device=lengths.device).expand_as(active)
    return torch.where(active, active.sum(-1, keepdim=True) - 1 - steps, steps)


def _back(x: Tensor, index: Tensor | None) -> Tensor:
    """Signals or outputs in reversed time."""
    if x.dim() == 2:
        return x
    if index is None:
        return x.flip(-2)
    layout = SignalLayout(x)
    per_graph = index[:: max(index.size(0) // layout.nodes, 1)]  # an output may have one row per graph
    return layout.from_nodes(torch.take_along_dim(layout.to_nodes(x), per_graph.unsqueeze(-1), 2))
