"""Sequences as path graphs."""

from typing import cast

from torch import Tensor
from torch_geometric.data.batch import Batch
from torch_geometric.data.data import Data

from gnnseq.data.sequences import IntArray, Sequences, flatten
from gnnseq.graphs.batch import assemble
from gnnseq.graphs.edges import Direction, Edges, concatenate, connect, hops_apart, loops, orient


def path_batch(
    sequences: Sequences,
    *,
    y: Tensor | None = None,
    direction: Direction = "forward",
    self_loops: bool = False,
    alphabet: str | None = None,
) -> Batch:
    """Sequences as a batch of path graphs: a node for every symbol, an edge to the next.

    Nodes are in reading order, so the last node of a graph is the last symbol. With "forward"
    edges that node is the root: information of the whole sequence flows into it. "backward" turns
    every edge round and keeps the order of the nodes; then the *first* node is the root. To read
    a sequence backwards with the root last, reverse the sequence.

    A batch of equal lengths holds a view of ``sequences``.

    Args:
        sequences: symbols ``[B, T]`` (integers), features ``[B, T, F]`` (floats), or a list of
            ``[T]`` or ``[T, F]`` tensors or of strings, whose lengths may differ.
        y: one target per sequence ``[B]`` or per symbol ``[N]``.
        direction: "forward" (earlier to later), "backward", or "both": each edge followed by
            its reverse.
        self_loops: an edge from every node to itself, after the other edges of its graph.
        alphabet: a character's symbol is its position here; its Unicode code point if ``None``.

    Returns:
        A batch with ``x`` ``[N]`` (int64) or ``[N, F]``, ``edge_index`` ``[2, E]``, ``y``,
        ``batch`` and ``ptr``; all as ``Batch.from_data_list`` makes it of the graphs one by one.

    Raises:
        TypeError: if the sequences are of another type, or of several.
        ValueError: if a sequence is empty, negative, not finite or unlike the others, or if ``y``,
            ``direction`` or ``alphabet`` do not fit.
    """
    x, lengths = flatten(sequences, alphabet)

    def build(lengths: IntArray, first: IntArray) -> Edges:
        edges = orient(hops_apart(lengths, first, (1,)), direction)
        return concatenate(edges, loops(lengths, first)) if self_loops else edges

    kind = ("path", str(direction), bool(self_loops))
    return assemble(x, lengths, connect(build, lengths, lengths, kind), {"y": y})


def path_graph(
    sequence: Tensor | str,
    *,
    y: Tensor | None = None,
    direction: Direction = "forward",
    self_loops: bool = False,
    alphabet: str | None = None,
) -> Data:
    """A sequence as a path graph; :func:`path_batch` for one sequence, with the same arguments.

    Args:
        sequence: symbols ``[T]`` (integers), features ``[T, F]`` (floats) or a string.
        y: a target ``[]`` or ``[1]``, or one per symbol ``[T]``.
        direction: "forward", "backward" or "both".
        self_loops: an edge from every node to itself, after the other edges.
        alphabet: a character's symbol is its position here; its Unicode code point if ``None``.

    Returns:
        A graph with ``x`` ``[T]`` or ``[T, F]``, ``edge_index`` ``[2, E]`` and ``y``.
    """
    batch = path_batch(
        cast(Sequences, [sequence]),
        y=y.reshape(1) if isinstance(y, Tensor) and y.dim() == 0 else y,
        direction=direction,
        self_loops=self_loops,
        alphabet=alphabet,
    )
    return cast(Data, batch.get_example(0))
