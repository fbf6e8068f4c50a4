"""What a user has in hand, checked and encoded: sequences, trees and graphs with labels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch, Data
from torch_geometric.utils import is_undirected

from gnnseq.data.sequences import UNLABELLED
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.data.trees.tree import Tree
from gnnseq.experiments.tasks.base import Collate, Level, sequence_views
from gnnseq.graphs import parse_batch, to_dilated_paths
from gnnseq.graphs.native import both_ways
from gnnseq.ops.edges import check_edges

_MANY_SYMBOLS = 64  # above which a graph of symbols, with a state for each of them, is not offered
Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


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
    codes, level, classes = _encode_labels(labels, sizes)
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
        codes, level, classes = _encode_labels(labels, np.ones(len(corpus), np.int64))

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
    sizes = np.array([int(graph.num_nodes or 0) for graph in data])
    labels = [graph.y.flatten() for graph in data]
    counts = np.array([len(label) for label in labels])
    if (counts == 1).all() and not (sizes == 1).all():
        codes, level, classes = _encode_labels(torch.cat(labels), sizes)
    elif (counts == sizes).all():
        codes, level, classes = _encode_labels([label.tolist() for label in labels], sizes)
    else:
        wrong = int(np.flatnonzero((counts != 1) & (counts != sizes))[:1].sum())
        raise ValueError(
            f"graphs[{wrong}].y has {counts[wrong]} labels for {sizes[wrong]} nodes, expected 1 or one each"
        )
    ends = np.cumsum(sizes if level == "node" else np.ones(len(sizes), np.int64))
    for graph, label in zip(data, torch.tensor_split(codes, torch.from_numpy(ends[:-1])), strict=True):
        graph.y = label
    forward = all(bool((graph.edge_index[0] < graph.edge_index[1]).all()) for graph in data)
    views: dict[str, Callable[[Rows], Batch]] = {
        "graph": lambda rows: Batch.from_data_list([data[row] for row in rows])
    }
    undirected = [is_undirected(graph.edge_index, num_nodes=graph.num_nodes) for graph in data]
    if not all(undirected):
        as_given = views["graph"]
        double = [graph if twice else both_ways(graph) for graph, twice in zip(data, undirected, strict=True)]
        views = {"graph": lambda rows: Batch.from_data_list([double[row] for row in rows])}
        views |= {"tree": as_given} if forward else {}
    symbols = data[0].x.dim() == 1
    top = 1 + max(int(graph.x.max()) for graph in data) if symbols else None
    content = _bytes(codes, *(part for graph in data for part in (graph.x, graph.edge_index)))
    return Samples(lambda rows: rows, sizes, codes, level, classes, top, None if symbols else data[0].x.size(1),
                   cast(Any, views), content, rooted="tree" in views)  # fmt: skip


def _plain(number: int, graph: Data) -> Data:
    if graph.edge_index is None or graph.y is None:
        raise ValueError(f"graphs[{number}] has no {'edge_index' if graph.edge_index is None else 'y'}, expected both")
    x = torch.ones(int(graph.num_nodes or 0), 1) if graph.x is None else graph.x
    if not x.is_floating_point():
        x = x.long().flatten() if x.numel() == len(x) else x.float()
    _check_values(f"graphs[{number}].x", x)
    try:
        check_edges(graph.edge_index, len(x))
    except ValueError as error:
        raise ValueError(f"graphs[{number}]: {error}") from error
    return Data(x, graph.edge_index, y=graph.y)


def _check_values(name: str, x: Tensor) -> None:
    if not bool(x.isfinite().all()):
        raise ValueError(f"{name} holds NaN or infinity, expected finite features")
    if not x.is_floating_point() and bool((x < 0).any()):
        raise ValueError(f"{name} holds {int(x.min())}, expected symbols >= 0")


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
            _check_values(f"sequences[{number}]", value)
        if features:
            return [value.float() for value in values], None
        return [value.long() for value in values], 1 + max(int(value.max()) for value in values)
    return [vocabulary.encode(sequence) for sequence in sequences], len(vocabulary)


def _encode_labels(labels: Sequence[Any] | Tensor, sizes: Rows) -> tuple[Tensor, Level, tuple[Any, ...]]:
    """Labels as codes, end to end, with their level and classes."""
    given = labels.tolist() if isinstance(labels, Tensor) else [_listed(label) for label in labels]
    if len(given) != len(sizes):
        raise ValueError(f"labels has {len(given)} entries, expected {len(sizes)}, one for each sample")
    level: Level = "node" if isinstance(given[0], list) else "graph"
    for number, label in enumerate(given):
        if isinstance(label, list) != (level == "node") or (level == "node" and len(label) != sizes[number]):
            wanted = "one label" if level == "graph" else f"{sizes[number]} labels, one for each node"
            raise ValueError(f"labels[{number}] is {label!r}, expected {wanted}")
    values = [one for label in given for one in label] if level == "node" else given
    if any(isinstance(value, float) for value in values):
        return torch.tensor(values, dtype=torch.float), level, ()
    classes = tuple(sorted({value for value in values if value != UNLABELLED}))
    if not classes:
        raise ValueError("labels holds no label, expected at least one class")
    codes = {value: code for code, value in enumerate(classes)} | {UNLABELLED: UNLABELLED}
    return torch.tensor([codes[value] for value in values]), level, classes


def _listed(label: Any) -> Any:
    if isinstance(label, Tensor):
        return label.tolist()
    if isinstance(label, np.ndarray | np.generic):
        return label.tolist()
    return list(label) if isinstance(label, tuple) else label


def _bytes(*parts: Tensor | Rows) -> bytes:
    arrays = [np.asarray(part) for part in parts]
    return b"".join(str((a.shape, a.dtype.str)).encode() + np.ascontiguousarray(a).tobytes() for a in arrays)
