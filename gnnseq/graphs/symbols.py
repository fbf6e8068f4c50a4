"""A sequence as a signal on a graph of its symbols: symbols are nodes, positions are time."""

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data.batch import Batch

from gnnseq.data.indexing import check_integer
from gnnseq.data.sequences import IntArray, Sequences, flatten, locate
from gnnseq.graphs.batch import assemble
from gnnseq.graphs.edges import Edges, connect, count_from, hops_apart, orient


def symbol_signal_batch(
    sequences: Sequences,
    num_symbols: int,
    *,
    edge_index: Tensor | None = None,
    y: Tensor | None = None,
) -> Batch:
    """Sequences in the form of the GCRN paper (https://arxiv.org/abs/1612.07659).

    Every graph has one node per symbol. At time ``t`` the node of the symbol that stands at
    position ``t`` holds that symbol, all others hold ``num_symbols``, which means "empty":
    an embedding with ``padding_idx=num_symbols`` makes it zero. Shorter sequences are empty at the
    end; ``lengths`` holds the numbers of steps.

    Args:
        sequences: symbols ``[B, T]``, or a list of ``[T]`` tensors, whose lengths may differ.
        num_symbols: S; symbols run from 0 to S - 1.
        edge_index: edges between symbols ``[2, E]``, the same for all graphs. If ``None``,
            the undirected path 0 - 1 - ... - (S - 1), where symbols are joined that differ by one.
        y: one target per sequence ``[B]`` or per node ``[B * S]``.

    Returns:
        A batch with ``x`` ``[B * S, T]`` (int64), ``edge_index``, ``y``, ``lengths`` ``[B]``
        (int64), ``batch`` and ``ptr``.

    Raises:
        TypeError: if the sequences are of another type, or of several.
        ValueError: if the sequences do not fit, a symbol or a node of ``edge_index`` is out of
            range, or ``num_symbols`` is less than 1.
    """
    num_symbols = check_integer("num_symbols", num_symbols, 1)
    symbols, lengths = flatten(sequences)
    x = _one_row_per_symbol(symbols, lengths, num_symbols)
    nodes = np.full(len(lengths), num_symbols)
    if edge_index is None:
        edges = connect(_neighbours, nodes, nodes)
    else:
        shared = _check_edges(edge_index, num_symbols)
        edges = connect(lambda *_: shared, nodes, nodes)
    ends = torch.from_numpy(lengths).to(x.device)
    return assemble(x, nodes, edges, {"y": y, "lengths": ends})


def _one_row_per_symbol(symbols: Tensor, lengths: IntArray, num_symbols: int) -> Tensor:
    if symbols.is_floating_point():
        raise ValueError(f"sequences has dtype {symbols.dtype}, expected integers: symbols")
    if int(symbols.max()) >= num_symbols:
        node = int((symbols >= num_symbols).int().argmax())
        where = locate(lengths, node)
        raise ValueError(f"{where} is {int(symbols[node])}, expected 0 to {num_symbols - 1}")
    steps = int(lengths.max())
    starts = np.arange(len(lengths)) * num_symbols * steps
    origin = torch.from_numpy(count_from(starts, lengths)).to(symbols.device)
    x = symbols.new_full((len(lengths) * num_symbols, steps), num_symbols)
    x.view(-1).scatter_(0, symbols * steps + origin, symbols)
    return x


def _neighbours(lengths: IntArray, first: IntArray) -> Edges:
    return orient(hops_apart(lengths, first, (1,)), "both")


def _check_edges(edge_index: object, num_symbols: int) -> Edges:
    if not isinstance(edge_index, Tensor):
        raise TypeError(f"edge_index is a {type(edge_index).__name__}, expected a tensor: int64 [2, E]")
    if edge_index.dim() != 2 or len(edge_index) != 2 or edge_index.dtype != torch.long:
        shape, dtype = list(edge_index.shape), edge_index.dtype
        raise ValueError(f"edge_index is {dtype} {shape}, expected torch.int64 [2, E]")
    outside = edge_index[(edge_index < 0) | (edge_index >= num_symbols)]
    if len(outside):
        raise ValueError(f"edge_index refers to node {int(outside[0])} of {num_symbols}")
    return Edges(edge_index.cpu().numpy(), np.array([edge_index.size(1)]))
