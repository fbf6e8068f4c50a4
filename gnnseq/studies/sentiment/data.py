"""Sentences with a sentiment at every node, as trees and as words in a row."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import cast

import numpy as np
from torch_geometric.data import Batch

from gnnseq.data.sequences import IntArray
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.corpus import UNLABELLED, TreeCorpus
from gnnseq.data.trees.phrases import Phrases
from gnnseq.data.trees.tree import Tree
from gnnseq.graphs import parse_batch, path_batch
from gnnseq.studies.sentiment.families import SentimentFamily

UNKNOWN = "<unknown>"
FIVE = Vocabulary("01234", separator=" ")
TWO = {"0": "negative", "1": "negative", "3": "positive", "4": "positive"}


class SentimentData:
    """Treebanks as integers: the words of the training part are the vocabulary.

    Args:
        parts: trees with labels 0 to 4 at all nodes, by part; "train" and "dev" at least.
        classes: 5, or 2: negative and positive, where neutral sentences are dropped and neutral phrases have no label.

    Raises:
        ValueError: for other classes, or a part without sentences that count.
    """

    def __init__(self, parts: dict[str, Sequence[Tree]], classes: int = 5) -> None:
        if classes not in (2, 5):
            raise ValueError(f"classes is {classes}, expected 2 or 5")
        self.classes = classes
        sentences = [[word for word in tree.words if word] for tree in parts["train"]]
        self.words = Vocabulary.from_words(sentences, unknown=UNKNOWN)
        self.parts = {name: self._corpus(name, trees) for name, trees in parts.items()}
        self.phrases = {name: Phrases.from_corpus(corpus) for name, corpus in self.parts.items()}

    @cached_property
    def digest(self) -> str:
        """A hash of all trees and labels."""
        found = hashlib.sha256()
        for corpus in self.parts.values():
            for row in (corpus.ptr, corpus.parents, corpus.symbols, corpus.labels):
                found.update(row.astype("<i8").tobytes())
        return found.hexdigest()[:16]

    def batch(self, family: SentimentFamily, part: str, rows: IntArray, nodes: IntArray) -> Batch:
        """Sentences ``rows`` as trees, or the phrases ``nodes`` as words in a row, as the family reads them."""
        if family.reads_trees:
            return parse_batch(cast(TreeCorpus, self.parts[part][rows]))
        sequences, labels = self.phrases[part].take(nodes)
        return path_batch(sequences, y=labels)

    def _corpus(self, name: str, trees: Sequence[Tree]) -> TreeCorpus:
        corpus = TreeCorpus.from_trees(trees, self.words, FIVE)
        if self.classes == 2:
            corpus = corpus.relabel(TWO)
        kept = np.flatnonzero(corpus.root_labels != UNLABELLED)
        if not len(kept):
            raise ValueError(f"{name} has no sentence whose label counts, expected at least one")
        return cast(TreeCorpus, corpus[kept])
