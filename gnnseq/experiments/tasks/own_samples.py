"""What a user has in hand, checked and encoded: sequences, trees and graphs with labels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch, Data
from torch_geometric.utils import to_undirected

from gnnseq.data.sequences import UNLABELLED
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.data.trees.tree import Tree
from gnnseq.experiments.tasks.base import Collate, Level, sequence_views
from gnnseq.experiments.tasks.own_labels import Rows, encode_labels
from gnnseq.graphs import parse_batch, to_dilated_paths
from gnnseq.graphs.attributes import check_graph
from gnnseq.graphs.native import both_ways

_MANY_SYMBOLS = 64  # above which a graph of symbols, with a state for each of them, is not offered


@dataclass
class Samples:
    """Samples and their properties.

    Attributes:
        take: some samples, by their numbers, as input of the views' collate functions.
        sizes: nodes of each sample.
        labels: encoded, of all samples end to end; -100 or NaN for none.
        level: whether a label belongs to a sample or to each of its nodes.
        classes: the labels in the order of their codes; empty for a regression.
        num_symbols: number of different symbols; None for features.
        num_features: features of a node; None for symbols.
        views: the graphs that samples can become.
        content: bytes that differ where the samples or labels do.
        rooted: whether the last node of a sample is its root.
        splits: the part of each sample; None where the seed decides.
    """

    take: Callable[[Rows], Any]
    sizes: Rows
    labels: Tensor
    level: Level
    classes: tuple[Any, ...]
    num_symbols: int | None
    num_features: int | None
    views: Mapping[str, Collate]
    content: bytes
    rooted: bool = True
    splits: Any = None

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def longest(self) -> int:
        """Nodes of the largest sample."""
        return int(self.sizes.max())

    @property
    def shortest(self) -> int:
        """Nodes of the smallest sample."""
        return int(self.sizes.min())

    @property
    def num_outputs(self) -> int:
        """Classes; 1 for a regression."""
        return len(self.classes) or 1

    @property
    def chance(self) -> float:
        """Score of the best constant on all samples."""
        if self.classes:
            counts = torch.bincount(self.labels[self.labels != UNLABELLED])
            return int(counts.max()) / int(counts.sum())
        return float(self.labels[~self.labels.isnan()].double().var(correction=0))


def sequence_samples(sequences: Sequence[Any], labels: Sequence[Any] | Tensor) -> Samples:
    """Sequences of symbols or features with their labels; see `OwnTask.from_sequences`."""
    values, num_symbols = _encode_sequences(sequences)
    sizes = np.array([len(value) for value in values])
    codes, level, classes = encode_labels(labels, sizes)
    parts = codes.split(sizes.tolist()) if level == "node" else codes.unbind()
    views = sequence_views(num_symbols, level)
    if num_symbols is not None and num_symbols > _MANY_SYMBOLS:
        views.pop("symbols", None)
    hops = tuple(2**power for power in range(max(1, int(sizes.max() - 1).bit_length())))
    views["dilated"] = partial(to_dilated_paths, hops=hops)  # of the longest sequence, not of a batch's

    def take(rows: Rows) -> Any:
        return [(values[row], parts[row]) for row in rows]

    features = None if num_symbols is not None else values[0].size(1)
    return Samples(take, sizes, codes, level, classes, num_symbols, features, views, _bytes(*values, codes, sizes))


def tree_samples(trees: Sequence[Tree], labels: Sequence[Any] | Tensor | None) -> Samples:
    """Trees with their own labels or given ones; see `OwnTask.from_trees`."""
    corpus = TreeCorpus.from_trees(trees)
    sizes = np.diff(corpus.ptr)
    if labels is None:
        roots_alone = bool((np.delete(corpus.labels, corpus.ptr[1:] - 1) == UNLABELLED).all())
        found = corpus.root_labels if roots_alone else corpus.labels
        if not (found != UNLABELLED).any():
            raise ValueError("trees have no labels, expected some at their nodes, or labels, one for each tree")
        codes, classes = torch.from_numpy(found), tuple(corpus.classes.symbols)
        level: Level = "graph" if roots_alone else "node"
    else:
        codes, level, classes = encode_labels(labels, np.ones(len(corpus), np.int64))

    def tree(rows: Rows) -> Batch:
        batch = parse_batch(cast(TreeCorpus, corpus[rows]), every_node=level == "node")
        if labels is not None:
            batch.y = codes[rows]
        return batch

    views = {"tree": tree, "graph": lambda rows: both_ways(tree(rows))}
    content = _bytes(
        codes, *(torch.from_numpy(part) for part in (corpus.ptr, corpus.parents, corpus.symbols, corpus.slots))
    )
    return Samples(lambda rows: rows, sizes, codes, level, classes, corpus.empty, None, cast(Any, views), content)


def graph_samples(graphs: Sequence[Data]) -> Samples:
    """Graphs with their labels; see `OwnTask.from_graphs`."""
    if not graphs:
        raise ValueError("graphs is empty, expected at least one")
    data = [_plain(number, graph) for number, graph in enumerate(graphs)]
    _check_same(data)
    sizes = np.array([len(graph.x) for graph in data])
    labels = [graph.y.flatten() for graph in data]
    counts = np.array([len(label) for label in labels])
    if (counts == 1).all() and not (sizes == 1).all():
        codes, level, classes = encode_labels(torch.cat(labels), sizes)
    elif (counts == sizes).all():
        codes, level, classes = encode_labels([label.tolist() for label in labels], sizes)
    else:
        wrong = int(np.flatnonzero((counts != 1) & (counts != sizes))[:1].sum())
        raise ValueError(
            f"graphs[{wrong}].y has {counts[wrong]} labels for {sizes[wrong]} nodes, expected 1 or one each"
        )
    ends = np.cumsum(sizes if level == "node" else np.ones(len(sizes), np.int64))
    for graph, label in zip(data, torch.tensor_split(codes, torch.from_numpy(ends[:-1])), strict=True):
        graph.y = label
    edges = torch.cat([graph.edge_index for graph in data], 1)
    double = [Data(graph.x, to_undirected(graph.edge_index, num_nodes=len(graph.x)), y=graph.y) for graph in data]
    views = {"graph": lambda rows: Batch.from_data_list([double[row] for row in rows])}
    if edges.numel() and bool((edges[0] < edges[1]).all()):
        views["tree"] = lambda rows: Batch.from_data_list([data[row] for row in rows])
    symbols = data[0].x.dim() == 1
    top = 1 + max(int(graph.x.max()) for graph in data) if symbols else None
    content = _bytes(codes, *(part for graph in data for part in (graph.x, graph.edge_index)))
    return Samples(lambda rows: rows, sizes, codes, level, classes, top, None if symbols else data[0].x.size(1),
                   cast(Any, views), content, rooted="tree" in views)  # fmt: skip


def _plain(number: int, graph: Data) -> Data:
    """A copy of a graph with nodes, edges and labels alone."""
    name = f"graphs[{number}]"
    if getattr(graph, "y", 0) is None:
        raise ValueError(f"{name} has no y, expected one label, or one for each node")
    try:
        edges, nodes = check_graph(graph)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error
    if not nodes:
        raise ValueError(f"{name} has no nodes, expected at least one")
    if not isinstance(graph.y, Tensor):
        raise TypeError(f"{name}.y is {graph.y!r}, expected a tensor")
    x = torch.ones(nodes, 1) if graph.x is None else graph.x
    symbols = not x.is_floating_point() and x.numel() == nodes
    if len(x) != nodes or x.dim() > 2 or (x.dim() == 1 and not symbols):
        wanted = f"features [{nodes}, F] or symbols [{nodes}]"
        raise ValueError(f"{name}.x has shape {list(x.shape)} and {x.dtype}, expected {wanted}")
    x = _copied(f"{name}.x", x.flatten() if symbols else x, not symbols)
    return Data(x, edges.clone(), y=graph.y)


def _check_same(data: list[Data]) -> None:
    """Raises an error where not all graphs have symbols, or not all have features of one width."""
    first = data[0].x.shape[1:]
    for number, graph in enumerate(data):
        if graph.x.shape[1:] != first:
            found = "symbols" if graph.x.dim() == 1 else "features"
            wanted = f"features [N, {first[0]}]" if first else "symbols [N]"
            raise ValueError(f"graphs[{number}].x is {found} {list(graph.x.shape)}, expected {wanted} as graphs[0]")


def _copied(name: str, x: Tensor, features: bool) -> Tensor:
    """Features as float32 or symbols as int64 that the caller does not hold."""
    x = x.detach().to(torch.float if features else torch.long, copy=True)
    if not bool(x.isfinite().all()):
        raise ValueError(f"{name} holds NaN or infinity, expected features that are finite in float32")
    if not features and bool((x < 0).any()):
        raise ValueError(f"{name} holds {int(x.min())}, expected symbols >= 0")
    return x


def _encode_sequences(sequences: Sequence[Any]) -> tuple[list[Tensor], int | None]:
    if not len(sequences):
        raise ValueError("sequences is empty, expected at least one")
    short = next((number for number, sequence in enumerate(sequences) if not len(sequence)), None)
    if short is not None:
        raise ValueError(f"sequences[{short}] is empty, expected at least one symbol")
    first = sequences[0]
    if isinstance(first, str):
        vocabulary = Vocabulary.from_characters(sequences)
    elif isinstance(first[0], str):
        vocabulary = Vocabulary.from_words(sequences)
    else:
        values = [torch.as_tensor(sequence) for sequence in sequences]
        features = values[0].is_floating_point()
        for number, value in enumerate(values):
            if (
                value.dim() != 1 + features
                or value.is_floating_point() != features
                or value[0].shape != values[0][0].shape
            ):
                raise ValueError(f"sequences[{number}] has shape {list(value.shape)} and {value.dtype}, expected "
                                 f"{'features [T, F]' if features else 'symbols [T]'} as sequences[0]")  # fmt: skip
            values[number] = _copied(f"sequences[{number}]", value, features)
        return values, None if features else 1 + max(int(value.max()) for value in values)
    return [vocabulary.encode(sequence) for sequence in sequences], len(vocabulary)


def _bytes(*parts: Tensor | Rows) -> bytes:
    arrays = [np.asarray(part) for part in parts]
    return b"".join(str((a.shape, a.dtype.str)).encode() + np.ascontiguousarray(a).tobytes() for a in arrays)
