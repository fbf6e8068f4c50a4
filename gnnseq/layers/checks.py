"""Checks that many layers share; each error names the argument, its value and what was expected."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from gnnseq.ops.transforms import is_recorded

ONE_KIND = "layers read one kind of nodes and edges, so neither bipartite graphs nor `to_hetero`"
_AUTOCAST = (torch.float32, torch.float16, torch.bfloat16)


def check_sizes(**sizes: int) -> None:
    """Raises a ``ValueError`` that names the first size that is no integer or is below 1."""
    for name, value in sizes.items():
        if not isinstance(value, int | np.integer | torch.SymInt) or isinstance(value, bool):
            raise ValueError(f"{name} is {value!r}, expected an integer of at least 1")
        if value < 1:
            raise ValueError(f"{name} is {value}, expected at least 1")


def check_heads(heads: int, out_channels: int) -> None:
    """Raises a ``ValueError`` unless the heads share the features evenly."""
    check_sizes(out_channels=out_channels, heads=heads)
    if out_channels % heads:
        raise ValueError(f"heads is {heads}, expected a divisor of out_channels, which is {out_channels}")


def check_dropout(dropout: float) -> None:
    """Raises a ``ValueError`` unless ``dropout`` is a probability below 1."""
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"dropout is {dropout}, expected 0 <= dropout < 1")


def check_nodes(x: Tensor, in_channels: int) -> int:
    """The number of nodes of features ``[N, in_channels]``."""
    if is_recorded():
        return x.size(0)
    if not isinstance(x, Tensor):
        raise TypeError(f"x is a {type(x).__name__}, expected a tensor [N, {in_channels}]; {ONE_KIND}")
    if x.dim() != 2 or x.size(1) != in_channels:
        raise ValueError(f"x has shape {list(x.shape)}, expected [N, {in_channels}]")
    if x.size(0) == 0:
        raise ValueError("x has no nodes, expected at least one")
    return x.size(0)


def check_dtype(x: Tensor, weight: Tensor, name: str = "x") -> None:
    """Raises a ``ValueError`` unless ``x`` has the dtype of a layer's weights, as `torch.nn` expects it.

    Under autocast any of float32, float16 and bfloat16 will do for the others.
    """
    if x.dtype == weight.dtype:
        return
    if x.dtype in _AUTOCAST and weight.dtype in _AUTOCAST and torch.is_autocast_enabled(x.device.type):
        return
    raise ValueError(f"{name} has dtype {x.dtype}, expected {weight.dtype} as the layer: use {name}.to({weight.dtype})")


def check_states(states: Any, count: int, shape: list[int], device: torch.device) -> None:
    """Raises a ``ValueError`` unless there are ``count`` states of a shape on a device."""
    if is_recorded():
        return
    if isinstance(states, Tensor):
        raise ValueError(f"state is a tensor of shape {list(states.shape)}, expected {count} of {shape}: state=(h, c)")
    found = [list(state.shape) if isinstance(state, Tensor) else type(state).__name__ for state in states]
    if found != [shape] * count:
        raise ValueError(f"state has shapes {found}, expected {count} of {shape}")
    for state in states:
        if state.device != device:
            raise ValueError(f"state is on {state.device}, expected {device}")
