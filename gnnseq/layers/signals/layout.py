"""The layouts of signals on a graph, and their conversion to the one used in computation."""

from typing import Any

import torch
from torch import Tensor

from gnnseq.layers.checks import ONE_KIND, check_dtype, check_states
from gnnseq.ops.transforms import is_recorded, require

States = tuple[Tensor, ...]


class SignalLayout:
    """How a tensor of signals is laid out, and the way to node-major ``[N, S, T, F]`` and back.

    Args:
        x: ``[N, F]`` (one step), ``[N, T, F]``, or ``[B, N, T, F]`` (B signals on one graph).
        in_channels: F, where it is known.
        weight: a weight of the layer, whose dtype x and states must have.
        nodes: number of nodes of states and outputs, where it is not that of x.
    """

    def __init__(
        self, x: Tensor, in_channels: int | None = None, weight: Tensor | None = None, nodes: int | None = None
    ) -> None:
        F = "F" if in_channels is None else in_channels
        shapes = f"[N, {F}], [N, T, {F}] or [B, N, T, {F}]"
        if not isinstance(x, Tensor):
            raise TypeError(f"x is a {type(x).__name__}, expected a tensor {shapes}; {ONE_KIND}")
        if not is_recorded():
            if x.dim() not in (2, 3, 4) or in_channels not in (None, x.size(-1)):
                raise ValueError(f"x has shape {list(x.shape)}, expected {shapes}")
            if 0 in x.shape[:-1]:
                raise ValueError(f"x has shape {list(x.shape)}, expected at least one step, node and signal")
        if weight is not None:
            check_dtype(x, weight)
        self.weight = weight
        self.dim = x.dim()
        self.device = x.device
        self.nodes = x.size(-3 if self.dim > 2 else 0) if nodes is None else nodes
        self.signals = x.size(0) if self.dim == 4 else 1
        self.steps = 1 if self.dim == 2 else x.size(-2)

    def graphs(self, edge_index: Any, edge_weight: Any) -> list[tuple[Any, Any]]:
        """The edges and weights of each step; both may be lists, for a graph that changes."""
        if not isinstance(edge_index, list | tuple):
            return [(edge_index, edge_weight)] * self.steps
        weights = edge_weight if edge_weight is not None else [None] * len(edge_index)
        if isinstance(weights, Tensor):
            raise TypeError("edge_weight is a tensor beside a list of graphs, expected a list with one tensor for each")
        if len(edge_index) != self.steps or len(weights) != self.steps:
            raise ValueError(
                f"edge_index and edge_weight list {len(edge_index)} and {len(weights)} graphs, "
                f"expected one for each of {self.steps} steps"
            )
        return list(zip(edge_index, weights, strict=True))

    def to_nodes(self, x: Tensor) -> Tensor:
        """Signals to ``[N, S, T, F]``."""
        if self.dim == 4:
            return x.transpose(0, 1)
        return x.view(self.nodes, 1, self.steps, x.size(-1)) if self.dim == 2 else x.unsqueeze(1)

    def from_nodes(self, out: Tensor) -> Tensor:
        """Outputs ``[N, S, T, H]`` to the layout of x."""
        if self.dim == 4:
            return out.transpose(0, 1)
        return out[:, 0, 0] if self.dim == 2 else out.squeeze(1)

    def state_from_nodes(self, state: Tensor) -> Tensor:
        """A state ``[N, S, H]`` to ``[N, H]`` or ``[B, N, H]``, in separate memory."""
        own = state.transpose(0, 1) if self.dim == 4 else state.squeeze(1)
        return own.clone(memory_format=torch.contiguous_format)

    def states_to_nodes(self, states: States, count: int, channels: int) -> States:
        """The way back, with a check of the shapes."""
        expected = [self.signals, self.nodes, channels] if self.dim == 4 else [self.nodes, channels]
        check_states(states, count, expected, self.device)
        if self.weight is not None:
            for state in states:
                check_dtype(state, self.weight, "state")
        return tuple(state.transpose(0, 1) if self.dim == 4 else state.unsqueeze(1) for state in states)

    def masked(self, x: Tensor, mask: Tensor) -> Tensor:
        """Missing values replaced by zero, also where they are NaN."""
        if not is_recorded() and (mask.dtype != torch.bool or mask.shape not in (x.shape, x.shape[:-1])):
            raise ValueError(
                f"mask is {mask.dtype} of shape {list(mask.shape)}, "
                f"expected torch.bool of shape {list(x.shape)} or {list(x.shape[:-1])}"
            )
        observed = mask if mask.dim() == x.dim() else mask.unsqueeze(-1)
        return torch.where(observed, x, torch.zeros((), dtype=x.dtype, device=x.device))

    def active(self, lengths: Tensor, batch: Tensor | None) -> Tensor:
        """True before the end of each sequence, ``[N or 1, S or 1, T]``."""
        if not is_recorded():
            self._check_lengths(lengths, batch)
        steps = torch.arange(self.steps, device=lengths.device)
        if self.dim == 4:
            return (steps < lengths.unsqueeze(1)).unsqueeze(0)
        per_node = lengths if batch is None else lengths[batch]
        return (steps < per_node.unsqueeze(1)).unsqueeze(1)

    def _check_lengths(self, lengths: Tensor, batch: Tensor | None) -> None:
        if not isinstance(lengths, Tensor) or lengths.is_floating_point():
            kind = lengths.dtype if isinstance(lengths, Tensor) else f"a {type(lengths).__name__}"
            raise TypeError(f"lengths is {kind}, expected a tensor of integers, one per sequence")
        graph = None if self.dim == 4 else batch
        if graph is not None and graph.shape != (self.nodes,):
            raise ValueError(f"batch has shape {list(graph.shape)}, expected [{self.nodes}], one per node")
        inside = ((lengths >= 1) & (lengths <= self.steps)).all()
        count = self.signals if self.dim == 4 else 1
        if graph is not None:  # graphs without nodes may follow the last one
            count = max(lengths.numel(), 0 if torch.compiler.is_compiling() else int(graph.max()) + 1)
        if lengths.shape != (count,):
            raise ValueError(f"lengths has shape {list(lengths.shape)}, expected [{count}], one per sequence")
        if torch.compiler.is_compiling():
            require(inside, f"lengths is given, expected 1 to {self.steps}")
            require(inside if graph is None else graph.max() < count, "lengths is given, expected one for each graph")
        elif not bool(inside):
            raise ValueError(f"lengths is {lengths.tolist()}, expected 1 to {self.steps}")


def within(x: Tensor, active: Tensor | None) -> Tensor:
    """Signals ``[N, S, T, F]`` with zeros after the end of each sequence."""
    return x if active is None else torch.where(active.unsqueeze(-1), x, 0.0)
