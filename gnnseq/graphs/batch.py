"""A Batch built directly, without a Data object for every graph."""

from collections.abc import Mapping
from copy import copy
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data.batch import Batch
from torch_geometric.data.data import Data

from gnnseq.data.sequences import IntArray
from gnnseq.graphs.edges import Edges, count_from

_EMPTY = cast(Any, Batch)(_base_cls=Data)


def assemble(
    x: Tensor,
    nodes: IntArray,
    edges: Edges,
    attributes: Mapping[str, Tensor | None],
    edge_attributes: Mapping[str, IntArray] | None = None,
) -> Batch:
    """The Batch that ``Batch.from_data_list`` would make of the graphs one by one.

    Args:
        x: symbols or features of all nodes.
        nodes: nodes of each graph ``[B]``.
        edges: in the batch's numbering.
        attributes: values per graph ``[B, ...]`` or per node ``[N, ...]``, such as ``y``.
        edge_attributes: values per edge ``[E]``.

    Raises:
        TypeError: if an attribute is no tensor.
        ValueError: if it is neither per graph nor per node.
    """
    ptr, edge_ptr = _pointers(nodes), _pointers(edges.counts)
    values = {"x": x, "edge_index": torch.from_numpy(edges.nodes).to(x.device)}
    slices = {"x": ptr, "edge_index": edge_ptr}
    for name, value in attributes.items():
        if value is not None:
            per_graph = _is_per_graph(name, value, len(nodes), len(x))
            values[name], slices[name] = value, torch.arange(len(ptr)) if per_graph else ptr
    for name, labels in (edge_attributes or {}).items():
        values[name], slices[name] = torch.from_numpy(labels).to(x.device), edge_ptr
    values["batch"] = torch.from_numpy(np.repeat(np.arange(len(nodes)), nodes)).to(x.device)
    values["ptr"] = ptr.to(x.device)
    return _with_slices(values, slices, ptr)


def _with_slices(values: dict[str, Tensor], slices: dict[str, Tensor], ptr: Tensor) -> Batch:
    """A Batch that can give back its graphs: ``slices`` cut each value, ``ptr`` shifts nodes."""
    batch = copy(_EMPTY)
    (store,) = batch.stores
    store._mapping.update(values)  # `batch.x = x` takes ten times as long
    zeros = torch.zeros(len(ptr) - 1, dtype=torch.long)
    store._num_graphs = len(ptr) - 1
    store._slice_dict = slices
    store._inc_dict = dict.fromkeys(slices, zeros) | {"edge_index": ptr[:-1]}
    return cast(Batch, batch)


def _pointers(counts: IntArray) -> Tensor:
    """Where each graph begins, and where the last ends."""
    pointers = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=pointers[1:])
    return torch.from_numpy(pointers)


def _is_per_graph(name: str, value: object, num_graphs: int, num_nodes: int) -> bool:
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} is a {type(value).__name__}, expected a tensor")
    rows = len(value) if value.dim() else 0
    if rows not in (num_graphs, num_nodes):
        raise ValueError(
            f"{name} has shape {list(value.shape)}, expected {num_graphs} rows (one per graph) "
            f"or {num_nodes} rows (one per node)"
        )
    return rows == num_graphs


def append_empty(values: Tensor, lengths: IntArray, nodes: IntArray, empty: int | None) -> Tensor:
    """Values of all nodes, where each graph has its symbols first and then nodes without one.

    Args:
        values: symbols ``[N]`` or features ``[N, F]`` of the sequences.
        lengths: symbols of each sequence ``[B]``.
        nodes: nodes of each graph ``[B]``.
        empty: the symbol of a node without one; ``None`` for features, which are then zero.

    Raises:
        ValueError: if ``empty`` does not suit the values.
    """
    if values.is_floating_point():
        if empty is not None:
            raise ValueError(f"empty is {empty}, expected None: nodes without features hold zeros")
        empty = 0
    elif empty is None or empty < 0:
        raise ValueError(f"empty is {empty}, expected a symbol >= 0 for nodes without one")
    x = values.new_full((int(nodes.sum()), *values.shape[1:]), empty)
    rows = torch.from_numpy(count_from(np.cumsum(nodes) - nodes, lengths))
    return x.index_copy_(0, rows.to(x.device), values)
