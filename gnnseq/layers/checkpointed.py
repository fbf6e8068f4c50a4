"""Recurrences over long times in bounded memory: segments that are recomputed on the way back."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from gnnseq.layers.checks import check_nodes, check_sizes
from gnnseq.layers.stacked import StackedRecurrence
from gnnseq.ops.schedule import Schedule


def checkpointed_signals(
    layer: nn.Module, x: Tensor, edge_index: Any, length: int, state: Any = None, **arguments: Any
) -> tuple[Tensor, Any]:
    r"""Runs a layer over signals segment by segment, and again on the way back.

    This is checkpointing (Chen et al. 2016, https://arxiv.org/abs/1604.06174) in time. Outputs and gradients are those
    of ``layer(x, edge_index, state=state)``. Between the forward and the backward pass only the states at the borders
    of segments are kept, so memory grows with :math:`T / L + L` for segments of L steps (least where L is about
    :math:`\sqrt T`), plus the outputs themselves. The forward pass runs twice.

    Args:
        layer: a `GCRN`, `GraphGRU`, `GraphRNN`, `GraphCNNLSTM`, `ConvLSTM` or `SignalStack`.
        x: ``[N, T, F]`` or ``[B, N, T, F]``.
        edge_index: one graph for all steps, best as an operator that was made before.
        length: steps of a segment, L.
        state: initial state, as the layer takes it.
        arguments: further ones of the layer, the same for all segments; not ``lengths`` or ``mask``.

    Returns:
        What the layer returns: the outputs of all steps and the final state.

    Raises:
        ValueError: for ``length`` under 1, x without time, a list of graphs, ``lengths`` or ``mask``.
    """
    check_sizes(length=length)
    if x.dim() < 3:
        raise ValueError(f"x has shape {list(x.shape)}, expected [N, T, F] or [B, N, T, F]")
    if isinstance(edge_index, list | tuple):
        raise ValueError("edge_index is a list of graphs, expected one graph for all steps")
    for name in ("lengths", "mask"):
        if arguments.get(name) is not None:
            raise ValueError(f"{name} is given, expected sequences of one length without missing values")

    def call(part: Tensor, state: Any) -> tuple[Tensor, Any]:
        result: tuple[Tensor, Any] = layer(part, edge_index, state=state, **arguments)
        return result

    outs, state = _run(call, x.split(length, dim=-2), state)
    return torch.cat(outs, dim=-2), state


def checkpointed_paths(
    layer: StackedRecurrence, x: Tensor, num_paths: int, length: int, state: Any = None
) -> tuple[Tensor, Any]:
    """`checkpointed_signals` for a recurrence, such as `LSTM`, on paths of one length with nodes in reading order.

    Args:
        layer: the layer, in one direction.
        x: nodes ``[N, F]`` of all paths, one path after the other, as `gnnseq.graphs.path_batch` gives them.
        num_paths: B; each path has N / B nodes.
        length: nodes of a segment.
        state: initial state, as the layer takes it.

    Returns:
        What the layer returns: the outputs of all nodes ``[N, H]`` and the final state.

    Raises:
        ValueError: for sizes under 1, N zero or not a multiple of B, or a bidirectional layer.
    """
    check_sizes(num_paths=num_paths, length=length)
    if layer.bidirectional:
        raise ValueError(f"layer is {layer}, expected one direction: the other one needs the end first")
    check_nodes(x, layer.in_channels)
    if x.size(0) % num_paths:
        raise ValueError(f"x has {x.size(0)} nodes, expected a multiple of num_paths={num_paths}")
    schedules: dict[int, Schedule] = {}

    def call(part: Tensor, state: Any) -> tuple[Tensor, Any]:
        steps = part.size(1)
        if steps not in schedules:
            schedules[steps] = _paths(num_paths, steps, x.device)
        out, state = layer(part.flatten(0, 1), schedules[steps], state)
        return out.unflatten(0, (num_paths, steps)), state

    outs, state = _run(call, x.unflatten(0, (num_paths, -1)).split(length, dim=1), state)
    return torch.cat(outs, dim=1).flatten(0, 1), state


def _run(
    call: Callable[[Tensor, Any], tuple[Tensor, Any]], parts: tuple[Tensor, ...], state: Any
) -> tuple[list[Tensor], Any]:
    outs = []
    for part in parts:
        out, state = checkpoint(call, part, state, use_reentrant=False)
        outs.append(out)
    return outs, state


def _paths(count: int, steps: int, device: torch.device) -> Schedule:
    nodes = torch.arange(count * steps, device=device).view(count, steps)
    edges = torch.stack([nodes[:, :-1].flatten(), nodes[:, 1:].flatten()])
    batch = torch.arange(count, device=device).repeat_interleave(steps)
    return Schedule(edges, count * steps, batch)
