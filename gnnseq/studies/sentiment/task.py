"""The sentiment of sentences as a task: trees with a label at every node, or the same phrases as words in a row."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from typing import Any, ClassVar, cast

import numpy as np
from torch_geometric.data import Batch

from gnnseq.data.sequences import UNLABELLED, IntArray
from gnnseq.data.streams import Split, check_split
from gnnseq.data.text.vectors import WordVectors
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.data.trees.phrases import Phrases
from gnnseq.data.trees.tree import Tree
from gnnseq.experiments.tasks.base import Collate, Level, find_view
from gnnseq.experiments.tasks.kinds import Classification, WithData
from gnnseq.graphs import parse_batch, path_batch
from gnnseq.studies.parts import hash_values, require_parts, tree_arrays
from gnnseq.training import Epochs

_UNKNOWN = "<unknown>"
_FIVE = Vocabulary("01234", separator=" ")
_TWO = {"0": "negative", "1": "negative", "3": "positive", "4": "positive"}
_POOL = 20  # training batches among which sentences are sorted by size, so that a batch has few levels


class SentimentData:
    """Treebanks as integers: the words of the training part are the vocabulary.

    Args:
        parts: trees with labels 0 to 4 at all nodes, by part; "train" and "dev" at least.
        classes: 5, or 2: negative and positive, where neutral sentences are dropped and neutral phrases have no label.

    Raises:
        ValueError: for other classes, or a part that is missing or without sentences that count.
    """

    def __init__(self, parts: Mapping[str, Sequence[Tree]], classes: int = 5) -> None:
        if classes not in (2, 5):
            raise ValueError(f"classes is {classes}, expected 2 or 5")
        require_parts(parts, "train", "dev")
        self.classes = classes
        sentences = [[word for word in tree.words if word] for tree in parts["train"]]
        self.words = Vocabulary.from_words(sentences, unknown=_UNKNOWN)
        self.parts = {name: self._corpus(name, trees) for name, trees in parts.items()}
        self.phrases = {name: Phrases.from_corpus(corpus) for name, corpus in self.parts.items()}

    @cached_property
    def digest(self) -> str:
        """A hash of all that models read, and learn: words, trees and labels."""
        values: list[str | IntArray] = [repr(self.words.symbols)]
        for name, corpus in sorted(self.parts.items()):
            values += [name, *tree_arrays(corpus), corpus.labels]
        return hash_values(values)

    @property
    def judged(self) -> str:
        """The part that a model is judged on in the end: "test", or "dev" where there is none."""
        return "test" if "test" in self.parts else "dev"

    def guess(self, part: str) -> dict[str, float]:
        """Shares, of a part's sentences and phrases with a label, of the class that is commonest in training."""
        found = {}
        for name in ("sentences", "phrases"):
            train, own = (self.labels(one, name) for one in ("train", part))
            found[name] = float((own == np.bincount(train).argmax()).mean())
        return found

    def labels(self, part: str, kind: str) -> IntArray:
        """The existing labels of a part's "sentences" or "phrases"."""
        labels = self.parts[part].root_labels if kind == "sentences" else self.phrases[part].labels
        return cast(IntArray, labels[labels != UNLABELLED])

    def batch(self, view: str, part: str, rows: IntArray, nodes: IntArray) -> Batch:
        """Sentences ``rows`` as trees, or the phrases ``nodes`` as words in a row."""
        if view == "tree":
            return parse_batch(cast(TreeCorpus, self.parts[part][rows]))
        sequences, labels = self.phrases[part].take(nodes)
        return path_batch(sequences, y=labels)

    def sentences(self, view: str, part: str, rows: IntArray) -> Batch:
        """Sentences with their own labels alone."""
        roots = self.phrases[part].roots
        batch = self.batch(view, part, rows, roots[rows])
        if view == "tree":
            last = batch.ptr[1:] - 1
            batch.y = batch.y.new_full(batch.y.shape, UNLABELLED).index_copy(0, last, batch.y[last])
        return batch

    def _corpus(self, name: str, trees: Sequence[Tree]) -> TreeCorpus:
        corpus = TreeCorpus.from_trees(trees, self.words, _FIVE)
        if self.classes == 2:
            corpus = corpus.relabel(_TWO)
        kept = np.flatnonzero(corpus.root_labels != UNLABELLED)
        if not len(kept):
            raise ValueError(f"{name} has no sentence whose label counts, expected at least one")
        return cast(TreeCorpus, corpus[kept])


@dataclass(frozen=True)
class SentimentTask(WithData, Classification):
    """The sentiment of a treebank's sentences; `of` makes it of trees.

    In training a tree has labels at all nodes. A model that reads words in a row (view "phrases") has the label of each
    sentence, and of some of its phrases, drawn anew in every epoch. Validation data are the sentences of the part
    "dev"; test data those of "test", or of "dev" again where there is none, which the title says.

    Attributes:
        digest: hash of the trees and labels.
        vectors: hash of given word vectors; None for random ones.
        classes: 5 or 2.
        features: of a word.
        phrases: of each sentence in each epoch, besides itself, in the view "phrases".
        dropout: before the last layer.
        word_dropout: of whole words, which become the unknown word.
        feature_dropout: of the features of words.
        learn_words: whether the word vectors are trained.
        data: the trees; the key contains their hash instead.
        given: the word vectors; the key contains their hash too.
    """

    digest: str
    vectors: str | None
    classes: int
    features: int = 100
    phrases: int = 3
    dropout: float = 0.5
    word_dropout: float = 0.02
    feature_dropout: float = 0.3
    learn_words: bool = True
    data: SentimentData = field(repr=False, compare=False, default=cast(SentimentData, None))
    given: WordVectors | None = field(repr=False, compare=False, default=None)

    name: ClassVar[str] = "sentiment"
    level: ClassVar[Level] = "node"
    levels: ClassVar[Mapping[str, Level]] = {"phrases": "graph"}
    num_features: ClassVar[None] = None
    solved: ClassVar[float] = 1.0
    views: ClassVar[Mapping[str, Collate]] = {
        "tree": cast(Callable[..., Batch], parse_batch),
        "phrases": cast(Callable[..., Batch], path_batch),
    }

    @classmethod
    def of(cls, data: SentimentData, vectors: WordVectors | None = None, **settings: Any) -> "SentimentTask":
        """The task of some trees.

        Args:
            data: the trees.
            vectors: of their words, which give ``features``; None for random ones.
            **settings: further attributes.
        """
        if vectors is None:
            return cls(data.digest, None, data.classes, data=data, **settings)
        content = b"".join(part.numpy().tobytes() for part in vectors)
        settings["features"] = vectors.values.size(1)
        digest = hashlib.sha256(content).hexdigest()[:16]
        return cls(data.digest, digest, data.classes, data=data, given=vectors, **settings)

    @property
    def title(self) -> str:
        """Name in tables: the sentences that are judged in the end."""
        return f"{self.data.judged} sentences, {self.classes} classes"

    @property
    def size(self) -> int:
        """The number of classes."""
        return self.classes

    @property
    def num_outputs(self) -> int:
        """The number of classes."""
        return self.classes

    @property
    def num_symbols(self) -> int:
        """The number of words."""
        return len(self.data.words)

    @property
    def chance(self) -> float:
        """Share of the sentences that are judged in the end which have training's commonest label."""
        return self.data.guess(self.data.judged)["sentences"]

    def required(self, view: str) -> None:
        """No word alone holds the answer, so there is no number of hops."""
        find_view(self, view)

    def epoch_size(self, batch_size: int) -> int:
        """Batches of an epoch."""
        return -(-len(self.data.parts["train"]) // batch_size)

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches; see `Task`. Training goes on in epochs; of the other parts there are as many as they have."""
        find_view(self, view)
        if check_split(split) == "train":
            size = self.epoch_size(batch_size)
            epochs = Epochs(partial(self._epoch, view, seed, batch_size), -(-(first + num_batches) // size), size)
            yield from islice(epochs(first), num_batches)
            return
        part = "dev" if split == "validation" else self.data.judged
        rows = np.arange(len(self.data.parts[part]))[first * batch_size : (first + num_batches) * batch_size]
        for start in range(0, len(rows), batch_size):
            yield self.data.sentences(view, part, rows[start : start + batch_size])

    def _epoch(self, view: str, seed: int, batch_size: int, epoch: int) -> Iterator[Batch]:
        """Sentences are shuffled, sorted by size among those of 20 batches, and the batches shuffled again."""
        generator = np.random.default_rng([seed, epoch])
        sizes, span = np.diff(self.data.parts["train"].ptr), batch_size * _POOL
        order = generator.permutation(len(sizes))
        pools = [order[start : start + span] for start in range(0, len(order), span)]
        ordered = [pool[np.argsort(sizes[pool], kind="stable")] for pool in pools]
        batches = [rows[start : start + batch_size] for rows in ordered for start in range(0, len(rows), batch_size)]
        for number in generator.permutation(len(batches)).tolist():
            rows = batches[number]
            nodes = rows if view == "tree" else self.data.phrases["train"].sample(rows, self.phrases, generator)
            yield self.data.batch(view, "train", rows, nodes)
