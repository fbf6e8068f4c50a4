"""Your own sequences, trees or graphs with labels, as a task."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from gnnseq.data.indexing import check_integer
from gnnseq.data.streams import Split, check_split
from gnnseq.data.trees.tree import Tree
from gnnseq.experiments.tasks.base import Collate, Level, elements, find_view, sequence_hops
from gnnseq.experiments.tasks.kinds import Classification, Regression, WithData
from gnnseq.experiments.tasks.own_samples import Samples, graph_samples, sequence_samples, tree_samples

_FRACTIONS = (0.7, 0.15, 0.15)
Metric = Literal["accuracy", "mean squared error"]


@dataclass(frozen=True)
class OwnTask(WithData):
    """A task of your own samples: made by `from_sequences`, `from_trees` or `from_graphs`.

    The seed of a trial splits the samples into training, validation and test data (70, 15 and 15 %), unless
    ``splits`` fixes them. Training samples are shuffled in each epoch; validation and
    test data are used once, in order. The hash of all samples, labels and splits is part of a trial's key, so records
    of other data are never taken for these::

        task = OwnTask.from_sequences("reviews", texts, labels)
        records = run_comparison([task], SEQUENCE_FAMILIES, store=Store("runs/reviews.jsonl"), seeds=5)
        print(markdown(collect(records)))

    Integer and string labels are classes (cross-entropy, accuracy); floating-point labels are targets of a regression
    (mean squared error). Chance is the score of the best constant on all samples: the share of the commonest class, or
    the variance.

    Attributes:
        name: of the data, in tables.
        digest: hash of the samples, labels and splits.
        level: whether a label belongs to a sample ("graph") or to each of its nodes ("node").
        num_symbols: number of different symbols; None for features.
        num_features: features of a node; None for symbols.
        num_outputs: classes; 1 for a regression.
        metric_name: "accuracy" or "mean squared error".
        size: nodes of the largest sample.
        solved: score from which on the task counts as learned: 0.95, or a twentieth of the variance.
        answer: position of the symbol that decides every sample's label, where there is one; then the hops that a
            model must cover are known. For sequences only.
        samples: the data; no part of the key, which has their hash.
    """

    name: str
    digest: str
    level: Level
    num_symbols: int | None
    num_features: int | None
    num_outputs: int
    metric_name: Metric
    size: int
    chance: float
    solved: float
    answer: int | None = None
    samples: Samples = field(repr=False, compare=False, default=cast(Samples, None))

    @classmethod
    def from_sequences(
        cls, name: str, sequences: Sequence[Any], labels: Sequence[Any] | Tensor, *, answer: int | None = None,
        splits: Sequence[Split] | None = None,
    ) -> "OwnTask":  # fmt: skip
        """Sequences with a label each, or with a label for each position.

        Args:
            name: of the data, in tables.
            sequences: a list of strings (characters are the symbols), of lists of strings (words) or of integers, or
                of tensors: integers ``[T]`` or features ``[T, F]``. Lengths may differ.
            labels: one for each sequence, or a list of one for each position of each sequence; -100 (of classes) or NaN
                (of numbers) is no label.
            answer: position of the symbol that decides the label, where that is known; 0 is the first.
            splits: "train", "validation" or "test" for each sample; None splits by the seed of each trial.

        Raises:
            ValueError: for no sequences, an empty one, labels that do not fit or are none, or features or labels that
                are not finite in float32.
        """
        samples = sequence_samples(sequences, labels)
        if answer is not None and (answer := check_integer("answer", answer, 0)) >= samples.shortest:
            raise ValueError(f"answer is {answer}, expected a position below {samples.shortest}, the shortest sequence")
        return cls._of(name, samples, splits, answer)

    @classmethod
    def from_trees(
        cls, name: str, trees: Sequence[Tree], labels: Sequence[Any] | Tensor | None = None, *,
        splits: Sequence[Split] | None = None,
    ) -> "OwnTask":  # fmt: skip
        """Trees, such as `gnnseq.data.read_conllu` and `gnnseq.data.read_brackets` give them.

        Args:
            name: of the data, in tables.
            trees: their words are the symbols.
            labels: one for each tree; None takes the trees' own: those of all nodes, or, where only roots have one,
                those.
            splits: "train", "validation" or "test" for each sample; None splits by the seed of each trial.

        Raises:
            ValueError: for no trees, or labels that do not fit.
        """
        return cls._of(name, tree_samples(trees, labels), splits)

    @classmethod
    def from_graphs(cls, name: str, graphs: Sequence[Data], *, splits: Sequence[Split] | None = None) -> "OwnTask":
        """Graphs, such as a data set of PyTorch Geometric.

        Args:
            name: of the data, in tables.
            graphs: with ``edge_index``, ``y`` (one label for the graph or one for each node) and ``x``: features
                ``[N, F]`` (floating point) or symbols ``[N]`` (int64); without ``x`` every node has one feature, 1.
                The view "graph" has each edge once in both directions.
            splits: "train", "validation" or "test" for each sample; None splits by the seed of each trial.

        Raises:
            TypeError: for something else than a graph, or labels that are no tensor.
            ValueError: for no graphs, one without nodes, or attributes that do not fit or are not finite in float32.
        """
        return cls._of(name, graph_samples(list(graphs)), splits)

    @classmethod
    def _of(cls, name: str, samples: Samples, splits: Sequence[Split] | None, answer: int | None = None) -> "OwnTask":
        samples.splits = None if splits is None else np.array([check_split(split) for split in splits])
        if splits is not None and len(splits) != len(samples):
            raise ValueError(f"splits has {len(splits)} entries, expected {len(samples)}, one for each sample")
        found = hashlib.sha256(samples.content)
        found.update("".join([] if splits is None else splits).encode())
        chance = samples.chance
        metric: Metric = "accuracy" if samples.classes else "mean squared error"
        if chance == (1 if samples.classes else 0):
            raise ValueError("labels are all the same, expected at least two different ones")
        solved = max(0.95, (1 + chance) / 2) if samples.classes else chance / 20
        task = cls(name, found.hexdigest()[:16], samples.level, samples.num_symbols, samples.num_features,
                   samples.num_outputs, metric, samples.longest, chance, solved, answer, samples)  # fmt: skip
        for split in get_args(Split):
            task._rows(0, split)
        return task

    @property
    def title(self) -> str:
        """Name in tables."""
        return self.name

    @property
    def rooted(self) -> bool:
        """Whether the last node of a sample is its root, so that a model may predict there."""
        return self.samples.rooted

    @property
    def classes(self) -> tuple[Any, ...]:
        """The labels in the order of the model's outputs; empty for a regression."""
        return self.samples.classes

    @property
    def higher_is_better(self) -> bool:
        """Of the metric."""
        return self.metric_name == "accuracy"

    @property
    def views(self) -> Mapping[str, Collate]:
        """The graphs that these samples can become."""
        return self.samples.views

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy in nats or squared error, the mean over the labels that are there."""
        return self._kind.loss(outputs, y)

    def metric(self, outputs: Tensor, y: Tensor) -> tuple[float, int]:
        """Sum of the metric, and over how many labels."""
        return self._kind.metric(outputs, y)

    @property
    def _kind(self) -> Classification | Regression:
        return Classification() if self.higher_is_better else Regression()

    def required(self, view: str) -> int | None:
        """Hops from the symbol ``answer`` of the longest sequence to its last or the root; None without ``answer``."""
        find_view(self, view)
        return None if self.answer is None else sequence_hops(view, self.size - 1 - self.answer, self.answer)

    def answers(self, view: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """Positions of the answers and of the outputs that predict them; none without ``answer``."""
        if self.answer is None:
            return torch.empty(0, dtype=torch.long), torch.empty(0, dtype=torch.long)
        last = torch.arange(int(batch.num_graphs)) if self.level == "graph" else batch.ptr[1:] - 1
        return elements(batch, self.answer), last

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches; see `Task`. Of validation and test data at most as many as there are."""
        collate = cast(Callable[[Any], Batch], find_view(self, view))
        rows = self._rows(seed, split)
        for number in range(first, first + num_batches):
            places = np.arange(number * batch_size, (number + 1) * batch_size)
            if split == "train":
                yield collate(self.samples.take(_shuffled(rows, seed, places)))
            elif places[0] < len(rows):
                yield collate(self.samples.take(rows[places[places < len(rows)]]))

    def _rows(self, seed: int, split: Split) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        check_split(split)
        count = len(self.samples)
        if self.samples.splits is not None:
            rows = np.flatnonzero(self.samples.splits == split)
        else:
            order = np.random.default_rng([seed, 0]).permutation(count)
            ends = np.rint(np.cumsum((0.0, *_FRACTIONS)) * count).astype(int)
            place = ("train", "validation", "test").index(split)
            rows = np.sort(order[ends[place] : ends[place + 1]])
        if not len(rows):
            raise ValueError(
                f"{self.name} has {count} samples and none for {split}, expected at least one in each part"
            )
        return rows


def _shuffled(rows: Any, seed: int, places: Any) -> Any:
    """The samples at some places of an endless sequence of epochs, each a new order of all samples."""
    epochs, found = places // len(rows), np.empty_like(places)
    for epoch in np.unique(epochs):
        order = np.random.default_rng([seed, 1, epoch]).permutation(rows)
        found[epochs == epoch] = order[places[epochs == epoch] % len(rows)]
    return found
