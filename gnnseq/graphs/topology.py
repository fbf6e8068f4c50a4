"""Other graphs over sequences: dilated paths, windows, cycles, stars, complete graphs."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor
from torch_geometric.data.batch import Batch

from gnnseq.data.indexing import check_integer
from gnnseq.data.sequences import IntArray, Sequences, flatten
from gnnseq.graphs.batch import append_empty, assemble
from gnnseq.graphs.edges import Builder, Direction, Edges, concatenate, connect, count_from, hops_apart, orient


def dilated_batch(
    sequences: Sequences,
    *,
    hops: Sequence[int] | None = None,
    y: Tensor | None = None,
    alphabet: str | None = None,
) -> Batch:
    """Paths with longer hops: an edge from every symbol to those 1, 2, 4, ... later.

    With hops of all powers of two below T, any earlier symbol is within log2(T) edges of any later
    one, where a path needs up to T - 1. With ``hops=(1,)`` the graphs are forward paths.

    Args:
        sequences: as for :func:`gnnseq.graphs.path_batch`.
        hops: distances in symbols, distinct and at least 1; the powers of two below the longest
            sequence if ``None``.
        y: one target per sequence ``[B]`` or per symbol ``[N]``.
        alphabet: a character's symbol is its position here; its Unicode code point if ``None``.

    Returns:
        As :func:`gnnseq.graphs.path_batch`, and ``edge_hop`` ``[E]`` (int64), the distance that an
        edge bridges. In each graph the edges are ordered by hop, then by position.

    Raises:
        TypeError: if the sequences are of another type, or of several.
        ValueError: if the sequences do not fit, or a hop is less than 1 or given twice.
    """
    x, lengths = flatten(sequences, alphabet)
    if hops is None:
        hops = [2**power for power in range(max(1, int(lengths.max() - 1).bit_length()))]
    elif not all(isinstance(hop, int | np.integer) and hop >= 1 for hop in hops) or len(set(hops)) < max(1, len(hops)):
        raise ValueError(f"hops is {list(hops)}, expected distinct integers >= 1")
    edges = _joined(lengths, hops, "forward")
    edge_hops = {"edge_hop": edges.nodes[1] - edges.nodes[0]}
    return assemble(x, lengths, edges, {"y": y}, edge_hops)


def window_batch(
    sequences: Sequences,
    size: int,
    *,
    y: Tensor | None = None,
    direction: Direction = "both",
    alphabet: str | None = None,
) -> Batch:
    """Symbols at most ``size`` apart are joined; with ``size`` 1 the graphs are paths.

    Args:
        sequences: as for :func:`gnnseq.graphs.path_batch`.
        size: the largest distance that an edge bridges, in symbols, at least 1.
        y: one target per sequence ``[B]`` or per symbol ``[N]``.
        direction: "forward" (earlier to later), "backward", or "both": each edge followed by
            its reverse.
        alphabet: a character's symbol is its position here; its Unicode code point if ``None``.

    Returns:
        As :func:`gnnseq.graphs.path_batch`. In each graph the edges are ordered by distance, then by
        position.

    Raises:
        TypeError: if the sequences are of another type, or of several.
        ValueError: if the sequences or ``direction`` do not fit, or ``size`` is less than 1.
    """
    size = check_integer("size", size, 1)
    x, lengths = flatten(sequences, alphabet)
    hops = range(1, max(2, min(size + 1, int(lengths.max()))))
    return assemble(x, lengths, _joined(lengths, hops, direction), {"y": y})


def complete_batch(
    sequences: Sequences,
    *,
    y: Tensor | None = None,
    direction: Direction = "forward",
    alphabet: str | None = None,
) -> Batch:
    """Every symbol is joined to every other: T(T - 1)/2 edges in one direction.

    "forward" is the graph of causal attention (without self-loops), "both" that of full attention.

    Args:
        sequences: as for :func:`gnnseq.graphs.path_batch`.
        y: one target per sequence ``[B]`` or per symbol ``[N]``.
        direction: "forward" (earlier to later), "backward", or "both": each edge followed by
            its reverse.
        alphabet: a character's symbol is its position here; its Unicode code point if ``None``.

    Returns:
        As :func:`gnnseq.graphs.path_batch`. In each graph the edges are ordered by distance, then by
        position.

    Raises:
        TypeError: if the sequences are of another type, or of several.
        ValueError: if the sequences or ``direction`` do not fit.
    """
    x, lengths = flatten(sequences, alphabet)
    hops = range(1, max(2, int(lengths.max())))
    return assemble(x, lengths, _joined(lengths, hops, direction), {"y": y})


def cycle_batch(
    sequences: Sequences,
    *,
    y: Tensor | None = None,
    direction: Direction = "both",
    alphabet: str | None = None,
) -> Batch:
    """Paths closed by an edge from the last symbol to the first.

    One or two symbols make no cycle; their graph is the path. Recurrent layers take no cycles.

    Args:
        sequences: as for :func:`gnnseq.graphs.path_batch`.
        y: one target per sequence ``[B]`` or per symbol ``[N]``.
        direction: "forward" (earlier to later, last to first), "backward", or "both": each edge
            followed by its reverse.
        alphabet: a character's symbol is its position here; its Unicode code point if ``None``.

    Returns:
        As :func:`gnnseq.graphs.path_batch`. The closing edge comes last in its graph.

    Raises:
        TypeError: if the sequences are of another type, or of several.
        ValueError: if the sequences or ``direction`` do not fit.
    """
    x, lengths = flatten(sequences, alphabet)

    def build(lengths: IntArray, first: IntArray) -> Edges:
        closed = lengths >= 3
        closing = np.stack([first + lengths - 1, first])[:, closed]
        path = hops_apart(lengths, first, (1,))
        return orient(concatenate(path, Edges(closing, closed.astype(np.int64))), direction)

    return assemble(x, lengths, connect(build, lengths, lengths), {"y": y})


def star_batch(
    sequences: Sequences,
    *,
    empty: int | None = None,
    y: Tensor | None = None,
    direction: Direction = "forward",
    alphabet: str | None = None,
) -> Batch:
    """Every symbol is joined to a hub, an additional node that holds no symbol.

    The hub comes last in its graph, so it is the root. With "forward" edges one step of any layer
    sees all symbols, without their order.

    Args:
        sequences: as for :func:`gnnseq.graphs.path_batch`.
        empty: the symbol of the hub, such as the number of symbols; ``None`` for features, where
            the hub holds zeros.
        y: one target per sequence ``[B]`` or per node ``[N + B]``.
        direction: "forward" (symbol to hub), "backward", or "both": each edge followed by its
            reverse.
        alphabet: a character's symbol is its position here; its Unicode code point if ``None``.

    Returns:
        As :func:`gnnseq.graphs.path_batch`, with T + 1 nodes for T symbols.

    Raises:
        TypeError: if the sequences are of another type, or of several.
        ValueError: if the sequences, ``empty`` or ``direction`` do not fit.
    """

    def build(lengths: IntArray, first: IntArray) -> Edges:
        return orient(_to_hub(lengths, first), direction)

    return _with_hub(sequences, build, empty, y, alphabet)


def path_with_hub_batch(
    sequences: Sequences,
    *,
    empty: int | None = None,
    y: Tensor | None = None,
    alphabet: str | None = None,
) -> Batch:
    """Forward paths, and an edge from every symbol to a hub, an additional node that holds no symbol.

    The hub comes last in its graph, so it is the root: one hop from every symbol, as in `star_batch`, while the path
    keeps the order. Elsewhere the hub is called a virtual node.

    Args:
        sequences: as for :func:`gnnseq.graphs.path_batch`.
        empty: the symbol of the hub; ``None`` for features, where the hub holds zeros.
        y: one target per sequence ``[B]`` or per node ``[N + B]``.
        alphabet: a character's symbol is its position here; its Unicode code point if ``None``.

    Returns:
        As :func:`gnnseq.graphs.path_batch`, with T + 1 nodes for T symbols.

    Raises:
        TypeError: if the sequences are of another type, or of several.
        ValueError: if the sequences or ``empty`` do not fit.
    """

    def build(lengths: IntArray, first: IntArray) -> Edges:
        return concatenate(hops_apart(lengths, first, (1,)), _to_hub(lengths, first))

    return _with_hub(sequences, build, empty, y, alphabet)


def _to_hub(lengths: IntArray, first: IntArray) -> Edges:
    """From every symbol to the node behind the last one."""
    hubs = np.repeat(first + lengths, lengths)
    return Edges(np.stack([count_from(first, lengths), hubs]), lengths)


def _with_hub(sequences: Sequences, build: Builder, empty: int | None, y: Tensor | None, alphabet: str | None) -> Batch:
    symbols, lengths = flatten(sequences, alphabet)
    nodes = lengths + 1
    x = append_empty(symbols, lengths, nodes, empty)
    return assemble(x, nodes, connect(build, lengths, nodes), {"y": y})


def _joined(lengths: IntArray, hops: Sequence[int], direction: Direction) -> Edges:
    def build(lengths: IntArray, first: IntArray) -> Edges:
        return orient(hops_apart(lengths, first, hops), direction)

    return connect(build, lengths, lengths, ("hops", tuple(hops), str(direction)))
