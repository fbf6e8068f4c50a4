"""Which characters or words occur close to each other: one graph per text, or one for all."""

from copy import copy
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data.batch import Batch
from torch_geometric.data.data import Data
from torch_geometric.utils import select

from gnnseq.data.padded import Samples, split_samples
from gnnseq.data.sequences import IntArray, flatten
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.graphs.attributes import Levels, check_graph, levels_of
from gnnseq.graphs.batch import assemble
from gnnseq.graphs.edges import Edges, hops_apart, orient
from gnnseq.graphs.text import Texts, encode_texts


def cooccurrence_batch(texts: Texts, vocabulary: Vocabulary, *, window: int = 3, y: Tensor | None = None) -> Batch:
    """Texts as graphs of their distinct symbols, with edges between those that occur close by.

    Nodes stand in the order of first occurrence. Two symbols are joined, in both directions, if
    they occur less than ``window`` places apart; the weight says how often. The order of the text
    is lost, but for what the windows keep of it.

    Args:
        texts: strings, or lists of symbols.
        vocabulary: of characters or words.
        window: symbols that see each other, at least 2.
        y: one target per text ``[B]``.

    Returns:
        A batch with ``x`` ``[N]`` (int64), ``count`` ``[N]`` (int64), how often a symbol occurs in
        its text, ``edge_index``, ``edge_weight`` ``[E]``, ``y``, ``batch`` and ``ptr``.

    Raises:
        ValueError: if a text is empty or has symbols that are not in the vocabulary, or if
            ``window`` is less than 2.
    """
    ids, lengths = flatten(encode_texts(texts, vocabulary))
    text = np.repeat(np.arange(len(lengths)), lengths)
    _, first, inverse, count = np.unique(
        text * len(vocabulary) + ids.numpy(), return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    pairs = _count_pairs(rank[inverse], lengths, window)
    owner = text[first[order]]
    edges = Edges(pairs.nodes, np.bincount(owner[pairs.nodes[0]], minlength=len(lengths)))
    return assemble(
        ids[torch.from_numpy(first[order])],
        np.bincount(owner, minlength=len(lengths)),
        orient(edges, "both"),
        {"y": y, "count": torch.from_numpy(count[order])},
        {"edge_weight": cast(Any, pairs.counts.repeat(2).astype(np.float32))},
    )


def word_graph(texts: Texts, vocabulary: Vocabulary, *, window: int = 10) -> Data:
    """One graph for a whole collection of texts: its nodes are the vocabulary.

    Two symbols are joined, in both directions, if they occur less than ``window`` places apart in a
    text; the weight says how often. :func:`mutual_information` turns such counts into associations.

    Args:
        texts: strings, or lists of symbols.
        vocabulary: V characters or words.
        window: symbols that see each other, at least 2.

    Returns:
        A graph with ``x`` ``[V]`` (int64), 0 to V - 1, ``edge_index`` and ``edge_weight`` ``[E]``.

    Raises:
        ValueError: if a text is empty or has symbols that are not in the vocabulary, or if
            ``window`` is less than 2.
    """
    ids, lengths = flatten(encode_texts(texts, vocabulary))
    pairs = _count_pairs(ids.numpy(), lengths, window)
    edges = orient(Edges(pairs.nodes, np.array([len(pairs.counts)])), "both")
    return Data(
        x=torch.arange(len(vocabulary)),
        edge_index=torch.from_numpy(edges.nodes),
        edge_weight=torch.from_numpy(pairs.counts.repeat(2).astype(np.float32)),
        num_nodes=len(vocabulary),
    )


def mutual_information(graph: Data, *, levels: Levels | None = None) -> Data:
    r"""The same nodes with positive pointwise mutual information as weights.

    .. math::
        w_{uv} = \log \frac{n_{uv} \, n}{n_u \, n_v}, \qquad
        n_u = \sum_v n_{uv}, \qquad n = \sum_u n_u

    where :math:`n_{uv}` are the weights of ``graph``. Edges without a positive :math:`w_{uv}` go, and with them their
    other attributes.

    Args:
        graph: undirected, with counts as ``edge_weight``, such as :func:`word_graph`.
        levels: "node", "edge" or "graph" for attributes whose name says nothing and that fit several.

    Raises:
        TypeError: if ``graph`` is no ``Data``.
        ValueError: if it is a batch or has no ``edge_weight``, or the level of an attribute is open.
    """
    (source, target), _ = check_graph(graph)
    if isinstance(graph, Batch) or graph.get("edge_weight") is None:
        what = "a batch" if isinstance(graph, Batch) else "without edge_weight"
        raise ValueError(f"graph is {what}, expected one graph with counts as edge_weight [E]")
    pairs = cast(Tensor, graph.edge_weight).double()
    counts = pairs.new_zeros(cast(int, graph.num_nodes)).index_add(0, source, pairs)
    weight = (pairs * pairs.sum() / (counts[source] * counts[target])).log().float()
    kept = weight > 0
    result = copy(graph)
    for name in (name for name, level in levels_of(graph, levels).items() if level == "edge"):
        result[name] = select(graph[name], kept, graph.__cat_dim__(name, graph[name]))
    result.edge_index, result.edge_weight = torch.stack([source, target])[:, kept], weight[kept]
    return result


def to_cooccurrence(samples: Samples, *, vocabulary: Vocabulary, window: int = 3) -> Batch:
    """Collates ``(text, target)`` pairs: :func:`cooccurrence_batch`.

    Args:
        samples: texts with a target each.
        vocabulary: of characters or words.
        window: symbols that see each other.
    """
    texts, y = split_samples(samples)
    return cooccurrence_batch(cast(Texts, texts), vocabulary, window=window, y=y)


class _Pairs(NamedTuple):
    """Pairs of nodes ``[2, P]``, the smaller first, in rising order, and how often each occurs."""

    nodes: IntArray
    counts: IntArray


def _count_pairs(nodes: IntArray, lengths: IntArray, window: int) -> _Pairs:
    """Pairs of different nodes less than ``window`` places apart.

    Args:
        nodes: the node of every symbol, text after text.
        lengths: symbols of every text.
        window: at least 2.
    """
    if not isinstance(window, int | np.integer) or window < 2:
        raise ValueError(f"window is {window}, expected at least 2 symbols")
    size, first = int(nodes.max()) + 1, np.cumsum(lengths) - lengths
    codes, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for hop in range(1, min(window, int(lengths.max()))):
        pairs = np.sort(nodes[hops_apart(lengths, first, (hop,)).nodes], axis=0)
        pairs = pairs[:, pairs[0] < pairs[1]]
        found, times = np.unique(pairs[0] * size + pairs[1], return_counts=True)
        codes, place = np.unique(np.concatenate([codes, found]), return_inverse=True)
        counts = np.bincount(place, np.concatenate([counts, times])).astype(np.int64)
    return _Pairs(np.stack(np.divmod(codes, size)), counts)
