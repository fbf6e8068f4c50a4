"""Attributes of a batch's edges and graphs, passed to the layers that take them."""

import inspect
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn.inits import reset

REFUSED = ("edge_weight", "edge_attr")  # a layer that does not take them would compute another graph's output
PASSED = (*REFUSED, "edge_type", "edge_hop", "batch", "lambda_max")


class Resettable(nn.Module):
    """A module with ``reset_parameters``, which `torch_geometric.nn.Sequential` and PyG's layers require."""

    def reset_parameters(self) -> None:
        """Redraws all weights, each part by its ``reset_parameters``."""
        for child in self.children():
            reset(child)


def names_taken(call: Any) -> frozenset[str]:
    """The names of the arguments that a layer, or a function, takes."""
    forward = getattr(getattr(call, "_orig_mod", call), "forward", call)  # inside what torch.compile returns
    parameters = inspect.signature(forward).parameters
    names = frozenset(parameters)
    inner = getattr(call, "conv", None)
    if isinstance(inner, nn.Module) and any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        names |= names_taken(inner)  # which gets them from PyG's GPSConv
    return names


def edge_arguments(names: frozenset[str], layer: nn.Module, batch: Data) -> dict[str, Any]:
    """Attributes of the batch's edges and graphs besides ``edge_index``, under the names that the layer takes.

    Args:
        names: what the layer takes: `names_taken`.
        layer: named in the error.
        batch: of graphs.

    Raises:
        ValueError: if the batch has weights or attributes of edges, and the layer does not take them.
    """
    found = {name: batch[name] for name in PASSED if name in batch and batch[name] is not None}
    for name in REFUSED:
        if name in found and name not in names:
            raise ValueError(
                f"batch has {name}, but {type(layer).__name__} does not take it, expected a layer whose forward has "
                f"an argument {name}, or a batch without it (del batch.{name})"
            )
    return {name: value for name, value in found.items() if name in names}


def graph_bounds(batch: Data) -> Tensor:
    """Where each graph's nodes begin and the last one's end ``[B + 1]``; a `Data` without ``ptr`` is one graph.

    Raises:
        ValueError: for a batch without ``ptr`` whose nodes are not sorted by graph.
    """
    if "ptr" in batch and batch.ptr is not None:
        ptr: Tensor = batch.ptr
        return ptr
    owner = batch.batch
    if owner is None:
        return torch.tensor([0, batch.num_nodes], device=batch.edge_index.device)
    if bool((owner.diff() < 0).any()):
        raise ValueError(f"batch.batch is {owner.tolist()}, expected ascending numbers: nodes sorted by graph")
    return torch.cat([owner.new_zeros(1), owner.bincount().cumsum(0)])


def node_graphs(batch: Data) -> Tensor:
    """The graph of each node ``[N]``; zeros for a `Data` without ``batch``."""
    if batch.batch is not None:
        owner: Tensor = batch.batch
        return owner
    return torch.repeat_interleave(graph_bounds(batch).diff())
