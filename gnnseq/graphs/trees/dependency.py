"""Enhanced dependencies as a batch: words that may have several heads."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch_geometric.data.batch import Batch

from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.enhanced import DependencyGraph
from gnnseq.graphs.batch import assemble
from gnnseq.graphs.edges import Edges
from gnnseq.graphs.trees.parse import check_names


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
    check_names(nodes or {}, {"edge_type"})
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
