"""Parses as batches, children to parents: constituency and dependency trees, nested lists, enhanced dependencies."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from torch_geometric.data.batch import Batch

from gnnseq.data.sequences import UNLABELLED, IntArray
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.corpus import TreeCorpus, require_corpus
from gnnseq.data.trees.enhanced import DependencyGraph
from gnnseq.graphs.batch import assemble
from gnnseq.graphs.edges import Edges

_TAKEN = {"x", "y", "edge_index", "edge_slot", "position", "batch", "ptr"}


def parse_batch(
    corpus: TreeCorpus,
    *,
    every_node: bool = True,
    y: str = "label",
    nodes: Mapping[str, str] | None = None,
    edges: Mapping[str, str] | None = None,
) -> Batch:
    """The trees of a corpus as a batch; a collate function too.

    In a constituency tree the leaves hold the words. In a dependency tree every node holds one, and
    has edges from its dependents. In both, children come before their parent and the root last. The
    batch is that of :func:`gnnseq.graphs.tree_batch`, without a check of every tree.

    Args:
        corpus: the trees, such as ``corpus[64:128]`` of a larger one.
        every_node: the target of every node as ``y`` ``[N]``, -100 for none; if not, that of every
            root ``[B]``.
        y: the column that is the target, such as "upos".
        nodes: further attributes of the nodes ``[N]`` (int64) and the columns that they hold, such as
            ``{"tag": "upos"}``; the ids of the column's vocabulary, and its length for none.
        edges: attributes of the edges ``[E]`` (int64) and the columns that they hold, of the child's node,
            such as ``{"edge_type": "deprel"}``.

    Returns:
        A batch with ``x`` ``[N]`` (int64), where a node without a word has the symbol
        ``corpus.empty``; ``edge_index``; ``edge_slot`` ``[E]`` (int64), which counts the children
        of a node from left to right; ``y``, ``batch`` and ``ptr``; and ``position`` ``[N]``
        (int64), the place of a node's word in the sentence, -1 for none, by which
        :func:`gnnseq.graphs.to_texts` reads the sentences back.

    Raises:
        TypeError: if ``corpus`` is no :class:`gnnseq.data.TreeCorpus`.
        ValueError: if the corpus is empty or has no column of that name, or an attribute's name is taken or has
            "index" in it, which PyG treats as node numbers.
    """
    require_corpus(corpus)
    nodes, edges = nodes or {}, edges or {}
    _check_names(nodes, edges)
    _check_names(edges)
    sizes = np.diff(corpus.ptr)
    children = np.flatnonzero(corpus.parents >= 0)
    parents = (corpus.parents + np.repeat(corpus.ptr[:-1], sizes))[children]
    target = _target(corpus, y)
    labels = target if every_node else target[corpus.ptr[1:] - 1]
    of_nodes = {name: torch.tensor(corpus.column(column).ids) for name, column in nodes.items()}
    return assemble(
        torch.tensor(corpus.symbols),  # a copy: the corpus is the caller's
        sizes,
        Edges(np.stack([children, parents]), sizes - 1),
        {"y": torch.from_numpy(labels), "position": torch.tensor(corpus.places), **of_nodes},
        {"edge_slot": corpus.slots[children]}
        | {name: corpus.column(column).ids[children] for name, column in edges.items()},
    )


def dependency_batch(
    graphs: Sequence[DependencyGraph],
    words: Vocabulary,
    relations: Vocabulary,
    *,
    nodes: Mapping[str, Vocabulary] | None = None,
) -> Batch:
    """Enhanced dependencies as a batch, from dependents to heads; every recurrence runs on it.

    Args:
        graphs: such as :func:`gnnseq.data.read_enhanced` gives.
        words: of the nodes' forms.
        relations: of the edges.
        nodes: columns that become attributes of the nodes ``[N]`` (int64), each with its vocabulary.

    Returns:
        A batch with ``x`` ``[N]``, ``edge_index``, ``edge_type`` ``[E]``, ``position`` ``[N]``, the place of a node
        in the sentence, and those of ``nodes``; all int64. A graph's last node has no head in the graph.

    Raises:
        ValueError: if there is no graph, or a word, relation or other value is outside its vocabulary.
    """
    if len(graphs) == 0:
        raise ValueError("graphs is empty, expected at least one")
    _check_names(nodes or {}, {"edge_type"})
    sizes = np.array([len(graph) for graph in graphs])
    counts = np.array([len(graph.relations) for graph in graphs])
    first = np.repeat(np.cumsum(sizes) - sizes, counts)
    attributes = {"position": torch.from_numpy(np.concatenate([graph.places for graph in graphs]))}
    for name, vocabulary in (nodes or {}).items():
        attributes[name] = vocabulary.encode_rows(f"{name} of graphs", [graph.columns[name] for graph in graphs])
    return assemble(
        words.encode_rows("words of graphs", [graph.words for graph in graphs]),
        sizes,
        Edges(np.concatenate([graph.edges for graph in graphs], axis=1) + first, counts),
        attributes,
        {"edge_type": relations.encode_rows("relations of graphs", [graph.relations for graph in graphs]).numpy()},
    )


def _check_names(names: Collection[str], taken: Collection[str] = ()) -> None:
    """Raises for names of attributes that are taken, and for those that PyG treats as node numbers."""
    for name in names:
        if name in _TAKEN or name in taken or "index" in name:
            raise ValueError(f"an attribute is named {name!r}, expected a free name without 'index' in it")


def _target(corpus: TreeCorpus, name: str) -> IntArray:
    ids, vocabulary = corpus.column(name)
    return np.where(ids == len(vocabulary), UNLABELLED, ids)
