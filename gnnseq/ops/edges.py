"""One form for every way in which PyG writes down the edges of a graph."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.edge_index import EdgeIndex
from torch_geometric.typing import SparseTensor
from torch_geometric.utils import is_sparse, to_edge_index

from gnnseq.ops.transforms import is_recorded


def plain_edges(edge_index: Any, edge_weight: Any = None) -> tuple[Tensor, Tensor | None]:
    r"""Returns a plain ``[2, E]`` tensor of edges, and their weights where there are any.

    A sparse adjacency is read as PyG's layers read it, as the transposed matrix ``adj_t`` with one row per
    target. Its values become the weights; a ``SparseTensor`` may have none.

    Args:
        edge_index: edges ``[2, E]``, a PyG ``EdgeIndex``, a ``torch.sparse`` matrix or a ``SparseTensor``.
        edge_weight: weights ``[E]``; only with edges, since a sparse matrix carries its own.

    Raises:
        TypeError: for anything else, or weights that are no tensor.
        ValueError: for a tensor of another shape or dtype, or weights beside a sparse matrix.
    """
    if edge_weight is not None and not isinstance(edge_weight, Tensor):
        kind = type(edge_weight).__name__
        raise TypeError(f"edge_weight is a {kind}, expected a tensor [E]; a list goes with a list of graphs")
    if is_sparse(edge_index):
        if edge_weight is not None:
            raise ValueError("edge_weight is given twice: a sparse edge_index carries its own values")
        return _entries(edge_index)
    if not isinstance(edge_index, Tensor):
        raise TypeError(f"edge_index is a {type(edge_index).__name__}, expected a tensor [2, E] or a sparse matrix")
    if edge_index.dim() != 2 or (not is_recorded() and edge_index.size(0) != 2):
        raise ValueError(f"edge_index has shape {list(edge_index.shape)}, expected [2, E]")
    if edge_index.dtype != torch.long:
        raise ValueError(f"edge_index has dtype {edge_index.dtype}, expected torch.int64")
    return edge_index.as_tensor() if isinstance(edge_index, EdgeIndex) else edge_index, edge_weight


def refuse_sparse(edge_index: Any, values: str) -> None:
    """Raises a ``ValueError`` for a sparse matrix beside a tensor of values, one for each edge in the order given."""
    if is_sparse(edge_index):
        raise ValueError(
            "edge_index is a sparse matrix, whose edges have an order of their own, expected edges [2, E] in the "
            f"order of {values}, or a Schedule"
        )


def _entries(matrix: Any) -> tuple[Tensor, Tensor | None]:
    """Edges and values of a sparse adjacency ``adj_t``; repeated entries of a COO matrix add up."""
    if isinstance(matrix, SparseTensor):
        row, column, value = matrix.coo()
        return torch.stack([column, row]).long(), value
    if matrix.layout == torch.sparse_coo:  # PyG's own function would set a flag in the caller's matrix
        matrix = matrix.coalesce()
        return matrix.indices().detach().flip(0), matrix.values()
    flipped, value = to_edge_index(matrix)
    return flipped.flip(0), value


def check_edges(edge_index: Tensor, num_nodes: int) -> None:
    """Raises a ``ValueError`` that names the first node index outside ``0 .. num_nodes - 1``."""
    if is_recorded() or edge_index.numel() == 0 or edge_index.is_meta:
        return
    low, high = map(int, edge_index.aminmax())
    if low < 0 or high >= num_nodes:
        wrong = high if high >= num_nodes else low
        raise ValueError(f"edge_index refers to node {wrong} of {num_nodes}, expected 0 to {num_nodes - 1}")


def check_batch(batch: Tensor, num_nodes: int) -> None:
    """Raises an error unless ``batch`` gives the graph of each of ``num_nodes`` nodes, as int64 from 0 on."""
    if not isinstance(batch, Tensor):
        raise TypeError(f"batch is a {type(batch).__name__}, expected a tensor [{num_nodes}]")
    if batch.shape != (num_nodes,):
        raise ValueError(f"batch has shape {list(batch.shape)}, expected [{num_nodes}], one per node")
    if batch.dtype != torch.long:
        raise ValueError(f"batch has dtype {batch.dtype}, expected torch.int64")
    if bool((batch < 0).any()):
        raise ValueError(f"batch has graph {int(batch.min())}, expected numbers from 0 on")


def check_weights(edge_weight: Tensor, num_edges: int) -> None:
    """Raises a ``ValueError`` unless ``edge_weight`` is one finite real number per edge."""
    if is_recorded():
        return
    if edge_weight.is_complex():
        raise ValueError(f"edge_weight has dtype {edge_weight.dtype}, expected real numbers")
    if edge_weight.shape != (num_edges,):
        raise ValueError(f"edge_weight has shape {list(edge_weight.shape)}, expected [{num_edges}], one per edge")
    if not bool(torch.isfinite(edge_weight).all()):
        bad = int((~torch.isfinite(edge_weight)).nonzero()[0])
        raise ValueError(f"edge_weight[{bad}] is {edge_weight[bad].item()}, expected finite numbers")
