"""Collate functions, so that torch's DataLoader gives batches of graphs.

Each takes samples as a list of ``(sequence, target)`` pairs, as a DataLoader with a batch size
makes them, or as the pair of all sequences and all targets, as ``dataset[slice]`` or a DataLoader
with ``sampler=BatchSampler(...)`` and ``batch_size=None`` does; the second is faster. Arguments are
set with :func:`functools.partial`::

    DataLoader(dataset, batch_size=128, collate_fn=partial(to_balanced_trees, empty=10))
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.data.batch import Batch

from gnnseq.data.padded import Samples, split_samples
from gnnseq.graphs.edges import Direction
from gnnseq.graphs.path import path_batch
from gnnseq.graphs.symbols import symbol_signal_batch
from gnnseq.graphs.topology import dilated_batch
from gnnseq.graphs.trees.tree import balanced_tree_batch


def to_paths(
    samples: Samples,
    *,
    direction: Direction = "forward",
    self_loops: bool = False,
    alphabet: str | None = None,
) -> Batch:
    """Samples as path graphs: :func:`gnnseq.graphs.path_batch`.

    Args:
        samples: sequences with a target each, or with one per symbol.
        direction: "forward", "backward" or "both".
        self_loops: an edge from every node to itself.
        alphabet: a character's symbol is its position here.

    Returns:
        The batch with ``y`` ``[B]``, or ``[N]`` for one target per symbol.
    """
    sequences, y = split_samples(samples)
    return path_batch(sequences, y=y, direction=direction, self_loops=self_loops, alphabet=alphabet)


def to_dilated_paths(samples: Samples, *, hops: Sequence[int] | None = None, alphabet: str | None = None) -> Batch:
    """Samples as paths with longer hops: :func:`gnnseq.graphs.dilated_batch`.

    Args:
        samples: sequences with a target each, or with one per symbol.
        hops: distances in symbols; the powers of two below the longest sequence if ``None``.
        alphabet: a character's symbol is its position here.

    Returns:
        The batch with ``y`` ``[B]``, or ``[N]`` for one target per symbol.
    """
    sequences, y = split_samples(samples)
    return dilated_batch(sequences, hops=hops, y=y, alphabet=alphabet)


def to_balanced_trees(samples: Samples, *, empty: int | None = None, alphabet: str | None = None) -> Batch:
    """Samples as the leaves of binary trees: :func:`gnnseq.graphs.balanced_tree_batch`.

    Args:
        samples: sequences with a target each.
        empty: the symbol of inner nodes; ``None`` for features.
        alphabet: a character's symbol is its position here.

    Returns:
        The batch with ``y`` ``[B]``.
    """
    sequences, y = split_samples(samples)
    _require_one_each(sequences, y)
    return balanced_tree_batch(sequences, empty=empty, y=y, alphabet=alphabet)


def to_symbol_signals(samples: Samples, *, num_symbols: int, edge_index: Tensor | None = None) -> Batch:
    """Samples as signals on a graph of symbols: :func:`gnnseq.graphs.symbol_signal_batch`.

    Args:
        samples: sequences with a target each.
        num_symbols: S; symbols run from 0 to S - 1.
        edge_index: edges between symbols; the undirected path over them if ``None``.

    Returns:
        The batch with ``y`` ``[B]``.
    """
    sequences, y = split_samples(samples)
    _require_one_each(sequences, y)
    return symbol_signal_batch(sequences, num_symbols, edge_index=edge_index, y=y)


def to_windows(samples: Sequence[tuple[Tensor, Tensor]] | tuple[Tensor, Tensor]) -> Data:
    """Windows of signals on one graph, side by side in a dimension in front: the graph is stored once, in the model.

    Args:
        samples: windows ``[N, L, F]`` with what follows ``[N, H]``, as `gnnseq.data.ForecastDataset` gives them; or the
            pair of all windows and all that follows.

    Returns:
        ``x`` ``[B, N, L, F]`` and ``y`` ``[B, N, H]``.
    """
    if isinstance(samples, tuple):
        x, y = samples
    else:
        x, y = (torch.stack(part) for part in zip(*samples, strict=True))
    return Data(x=x, y=y)


def _require_one_each(sequences: Sequence[object] | Tensor, y: Tensor) -> None:
    if len(y) != len(sequences):
        raise ValueError(
            f"samples hold {len(y)} targets for {len(sequences)} sequences, expected one each: "
            "nodes of these graphs are not the symbols of the sequence"
        )
