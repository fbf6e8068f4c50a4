"""Parses as trees, children to parents: constituency trees, dependency trees, nested lists."""

import numpy as np
import torch
from torch_geometric.data.batch import Batch

from gnnseq.data.trees.corpus import TreeCorpus, require_corpus
from gnnseq.graphs.batch import assemble
from gnnseq.graphs.edges import Edges


def parse_batch(corpus: TreeCorpus, *, every_node: bool = True) -> Batch:
    """The trees of a corpus as a batch; a collate function too.

    In a constituency tree the leaves hold the words. In a dependency tree every node holds one, and
    has edges from its dependents. In both, children come before their parent and the root last. The
    batch is that of :func:`gnnseq.graphs.tree_batch`, without a check of every tree.

    Args:
        corpus: the trees, such as ``corpus[64:128]`` of a larger one.
        every_node: the label of every node as ``y`` ``[N]``, -100 for none; if not, that of every
            root ``[B]``.

    Returns:
        A batch with ``x`` ``[N]`` (int64), where a node without a word has the symbol
        ``corpus.empty``; ``edge_index``; ``edge_slot`` ``[E]`` (int64), which counts the children
        of a node from left to right; ``y``, ``batch`` and ``ptr``; and ``position`` ``[N]``
        (int64), the place of a node's word in the sentence, -1 for none, by which
        :func:`gnnseq.graphs.to_texts` reads the sentences back.

    Raises:
        TypeError: if ``corpus`` is no :class:`gnnseq.data.TreeCorpus`.
        ValueError: if the corpus is empty.
    """
    require_corpus(corpus)
    sizes = np.diff(corpus.ptr)
    children = np.flatnonzero(corpus.parents >= 0)
    parents = (corpus.parents + np.repeat(corpus.ptr[:-1], sizes))[children]
    labels = corpus.labels if every_node else corpus.root_labels
    return assemble(
        torch.from_numpy(corpus.symbols),
        sizes,
        Edges(np.stack([children, parents]), sizes - 1),
        {"y": torch.from_numpy(labels), "position": torch.from_numpy(corpus.places)},
        {"edge_slot": corpus.slots[children]},
    )
