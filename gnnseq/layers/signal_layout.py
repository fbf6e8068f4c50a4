"""The layouts in which signals on a graph come, and the way to the one in which they are computed."""

from copy import copy
from typing import Any, Self

import torch
from torch import Tensor

from gnnseq.layers.checks import check_states

States = tuple[Tensor, ...]


class SignalLayout:
    """How a tensor of signals is laid out, and the way to node-major ``[N, S, T, F]`` and back.

    Args:
        x: ``[N, F]`` (one step), ``[N, T, F]``, or ``[B, N, T, F]`` (B signals on one graph).
        in_channels: F.
    """

    def __init__(self, x: Tensor, in_channels: int) -> None:
        if x.dim() not in (2, 3, 4) or x.size(-1) != in_channels:
            raise ValueError(
                f"x has shape {list(x.shape)}, expected [N, {in_channels}], [N, T, {in_channels}] "
                f"or [B, N, T, {in_channels}]"
            )
        self.dim = x.dim()
        self.device = x.device
        self.nodes = x.size(1) if self.dim == 4 else x.size(0)
        self.signals = x.size(0) if self.dim == 4 else 1
        self.steps = 1 if self.dim == 2 else x.size(-2)
        if self.steps < 1:
            raise ValueError(f"x has shape {list(x.shape)}, expected at least one step")

    def with_nodes(self, nodes: int) -> Self:
        """The same layout with another number of nodes."""
        other = copy(self)
        other.nodes = nodes
        return other

    def graphs(self, edge_index: Any, edge_weight: Any) -> list[tuple[Any, Any]]:
        """The edges and weights of each step; both may be lists, for a graph that changes."""
        if not isinstance(edge_index, list | tuple):
            return [(edge_index, edge_weight)] * self.steps
        weights = edge_weight if edge_weight is not None else [None] * len(edge_index)
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
        """A state ``[N, S, H]`` to ``[N, H]`` or ``[B, N, H]``."""
        return state.transpose(0, 1) if self.dim == 4 else state.squeeze(1)

    def states_to_nodes(self, states: States, count: int, channels: int) -> States:
        """The way back, with a check of the shapes."""
        expected = [self.signals, self.nodes, channels] if self.dim == 4 else [self.nodes, channels]
        check_states(states, count, expected, self.device)
        return tuple(state.transpose(0, 1) if self.dim == 4 else state.unsqueeze(1) for state in states)

    def masked(self, x: Tensor, mask: Tensor) -> Tensor:
        """Missing values replaced by zero, whatever stands there."""
        if mask.dtype != torch.bool or mask.shape not in (x.shape, x.shape[:-1]):
            raise ValueError(
                f"mask is {mask.dtype} of shape {list(mask.shape)}, "
                f"expected torch.bool of shape {list(x.shape)} or {list(x.shape[:-1])}"
            )
        observed = mask if mask.dim() == x.dim() else mask.unsqueeze(-1)
        return torch.where(observed, x, torch.zeros((), dtype=x.dtype, device=x.device))

    def active(self, lengths: Tensor, batch: Tensor | None) -> Tensor:
        """True before the end of each sequence, ``[N or 1, S or 1, T]``."""
        count = self.signals if self.dim == 4 else (1 if batch is None else int(batch.max()) + 1)
        if lengths.shape != (count,):
            raise ValueError(f"lengths has shape {list(lengths.shape)}, expected [{count}], one per sequence")
        if bool(((lengths < 1) | (lengths > self.steps)).any()):
            raise ValueError(f"lengths is {lengths.tolist()}, expected 1 to {self.steps}")
        steps = torch.arange(self.steps, device=lengths.device)
        if self.dim == 4:
            return (steps < lengths.unsqueeze(1)).unsqueeze(0)
        per_node = lengths if batch is None else lengths[batch]
        return (steps < per_node.unsqueeze(1)).unsqueeze(1)
