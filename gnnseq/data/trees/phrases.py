"""The phrases of parsed sentences: the words under every node, for models of sequences."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.sequences import UNLABELLED, IntArray
from gnnseq.data.trees.corpus import TreeCorpus, require_corpus


@dataclass(frozen=True)
class Phrases:
    """Every node of a corpus as the sequence of words from the first to the last one under it.

    Node n of the corpus is phrase n, with the same label, so a model of sequences can learn from the same
    labels as a model of trees. The root is the sentence.

    Args:
        words: ids of the words, sentence after sentence ``[W]``.
        first: place in ``words`` of every node's first word ``[N]``.
        stop: place behind its last word ``[N]``.
        labels: id of every node's label, -100 for none ``[N]``.
        ptr: where each sentence's nodes begin, and where the last end ``[B + 1]``.
    """

    words: IntArray
    first: IntArray
    stop: IntArray
    labels: IntArray
    ptr: IntArray

    @classmethod
    def from_corpus(cls, corpus: TreeCorpus) -> "Phrases":
        """The phrases of all nodes.

        Raises:
            TypeError: if ``corpus`` is no :class:`gnnseq.data.TreeCorpus`.
            ValueError: if it is empty, or a tree has no words.
        """
        require_corpus(corpus)
        sizes = np.diff(corpus.ptr)
        tree = np.repeat(np.arange(len(corpus)), sizes)
        held = np.flatnonzero(corpus.places >= 0)
        counts = np.bincount(tree[held], minlength=len(corpus))
        if not counts.all():
            raise ValueError(f"corpus has {int((counts == 0).sum())} trees without words, expected words in each")
        held = held[np.lexsort((corpus.places[held], tree[held]))]
        words = corpus.symbols[held]
        first, last = np.full(len(tree), len(words)), np.full(len(tree), -1)
        first[held] = last[held] = np.arange(len(words))
        parents = np.where(corpus.parents < 0, -1, corpus.parents + np.repeat(corpus.ptr[:-1], sizes))
        _spread_upwards(parents, first, last)
        return cls(words, first, last + 1, corpus.labels, corpus.ptr)

    @property
    def roots(self) -> IntArray:
        """The sentences' own phrases ``[B]``."""
        return self.ptr[1:] - 1

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, nodes: IntArray) -> tuple[list[Tensor], Tensor]:
        """Words ``[T]`` of some phrases, and their labels ``[M]``."""
        lengths = self.stop[nodes] - self.first[nodes]
        offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        words = torch.from_numpy(self.words[np.repeat(self.first[nodes], lengths) + offsets])
        return list(torch.split(words, lengths.tolist())), torch.from_numpy(self.labels[nodes])

    def sample(self, rows: IntArray, count: int, generator: np.random.Generator) -> IntArray:
        """The labelled sentences among some, and ``count`` nodes drawn below each, where one has so many.

        Only nodes with a label and at least two words are drawn, each at most once.

        Args:
            rows: of the sentences.
            count: phrases of each sentence, besides the sentence itself.
            generator: of random numbers.
        """
        sizes = np.diff(self.ptr)[rows]
        owner = np.repeat(np.arange(len(rows)), sizes)
        nodes = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes) + self.ptr[rows][owner]
        labelled = self.labels[nodes] != UNLABELLED
        is_root = nodes == self.roots[rows][owner]
        inner = np.flatnonzero(labelled & ~is_root & (self.stop[nodes] - self.first[nodes] > 1))
        inner = inner[np.lexsort((generator.random(len(inner)), owner[inner]))]
        per_tree = np.bincount(owner[inner], minlength=len(rows))
        rank = np.arange(len(inner)) - np.repeat(np.cumsum(per_tree) - per_tree, per_tree)
        return np.concatenate([nodes[is_root & labelled], nodes[inner[rank < count]]])


def _spread_upwards(parents: IntArray, first: IntArray, last: IntArray) -> None:
    """Gives every node the least ``first`` and the greatest ``last`` of the nodes under it.

    After k rounds a node knows those less than 2**k edges below, and ``ancestor`` is 2**k edges above; so there are as
    many rounds as the depth has binary digits.
    """
    nodes, ancestor = np.flatnonzero(parents >= 0), parents[parents >= 0]
    while len(nodes):
        lowest, highest = first[nodes], last[nodes]
        np.minimum.at(first, ancestor, lowest)
        np.maximum.at(last, ancestor, highest)
        above = np.full(len(parents), -1)
        above[nodes] = ancestor
        nodes, ancestor = nodes[above[ancestor] >= 0], above[ancestor][above[ancestor] >= 0]
