"""Pairs of trees as a task: both as trees, or both as words in a row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.data.sequences import IntArray
from gnnseq.data.streams import Split, check_split
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.binary import bracketed
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.data.trees.pairs import TreePairs
from gnnseq.data.trees.tree import Tree
from gnnseq.experiments.tasks.base import Collate, Level, find_view
from gnnseq.experiments.tasks.kinds import Classification, WithData
from gnnseq.graphs import pair_batch, parse_batch, path_batch
from gnnseq.models.pairs import expected_score, score_loss
from gnnseq.studies.parts import hash_values, require_parts, tree_arrays
from gnnseq.training import Epochs, squared_error

OPERATORS = frozenset(("and", "or", "not"))
_UNKNOWN = "<unknown>"


class PairData:
    """Pairs of trees as integers: the words of the training part are the vocabulary.

    Args:
        parts: pairs by part; "train", "dev" and "test" at least.
        relations: the labels that a pair may have.
        brackets: whether words in a row have brackets between them, as formulas need them.

    Raises:
        ValueError: if a part is missing or has no pairs, or not as many left as right trees, labels or scores.
    """

    def __init__(self, parts: Mapping[str, TreePairs], relations: Sequence[str], brackets: bool = False) -> None:
        require_parts(parts, "train", "dev", "test")
        for name, pairs in parts.items():
            counts = {len(pairs.left), len(pairs.right), len(pairs.labels), len(pairs.scores) or len(pairs.left)}
            if len(counts) > 1 or 0 in counts:
                found = [len(values) for values in pairs]
                raise ValueError(
                    f"{name} has {found} left and right trees, labels and scores, expected as many of each"
                )
        self.relations, self.parts = Vocabulary(relations, separator=" "), dict(parts)
        row: Callable[[Tree], list[str]] = bracketed if brackets else Tree.sentence
        sides = {name: (pairs.left, pairs.right) for name, pairs in parts.items()}
        sentences = [row(tree) for trees in sides["train"] for tree in trees]
        self.words = Vocabulary.from_words(sentences, unknown=_UNKNOWN)
        self.trees = {name: [self._corpus(trees) for trees in both] for name, both in sides.items()}
        self.rows = {
            name: [[self.words.encode(row(tree)) for tree in trees] for trees in both] for name, both in sides.items()
        }
        self.labels = {name: self.relations.encode(pairs.labels) for name, pairs in parts.items()}
        self.scores = {name: torch.tensor(pairs.scores, dtype=torch.float32) for name, pairs in parts.items()}

    @cached_property
    def digest(self) -> str:
        """A hash of all that models read, and learn: words, trees, rows of words, relations and scores."""
        values: list[str | IntArray | Tensor] = [repr((self.words.symbols, self.relations.symbols))]
        for name in sorted(self.parts):
            values += [name, self.labels[name], self.scores[name]]
            for corpus, rows in zip(self.trees[name], self.rows[name], strict=True):
                values += [*tree_arrays(corpus), np.array([len(row) for row in rows]), torch.cat(rows)]
        return hash_values(values)

    def batch(self, view: str, part: str, rows: IntArray, y: Tensor) -> Batch:
        """Some pairs as a batch, with their targets."""
        if view == "tree":
            left, right = (parse_batch(cast(TreeCorpus, corpus[rows])) for corpus in self.trees[part])
        else:
            left, right = (path_batch([side[row] for row in rows.tolist()]) for side in self.rows[part])
        return pair_batch(left, right, y[torch.from_numpy(rows)])

    def lengths(self, part: str) -> list[int]:
        """The number of operators of each pair's formula that has more of them."""
        pairs = self.parts[part]
        return [max(map(_operators, both)) for both in zip(pairs.left, pairs.right, strict=True)]

    def _corpus(self, trees: list[Tree]) -> TreeCorpus:
        return TreeCorpus.from_trees(trees, self.words)


def _operators(tree: Tree) -> int:
    return sum(word in OPERATORS for word in tree.words)


@dataclass(frozen=True)
class PairTask(WithData, Classification):
    """The relation of pairs of trees. Every pair of validation and test parts is used once.

    Attributes:
        digest: hash of the pairs.
        title: in tables.
        data: the pairs; the key contains their hash instead.
    """

    digest: str
    title: str
    data: PairData = field(repr=False, compare=False)

    name: ClassVar[str] = "relation of pairs"
    level: ClassVar[Level] = "graph"
    num_features: ClassVar[None] = None
    views: ClassVar[Mapping[str, Collate]] = {
        "tree": cast(Callable[..., Batch], parse_batch),
        "path": cast(Callable[..., Batch], path_batch),
    }

    @classmethod
    def of(cls, data: PairData, title: str) -> "PairTask":
        """The task of some pairs."""
        return cls(data.digest, title, data)

    @property
    def size(self) -> int:
        """The number of outputs."""
        return self.num_outputs

    @property
    def num_outputs(self) -> int:
        """The number of relations."""
        return len(self.data.relations)

    @property
    def num_symbols(self) -> int:
        """The number of words."""
        return len(self.data.words)

    @property
    def chance(self) -> float:
        """Share of the test pairs that have training's commonest relation."""
        common = self.data.labels["train"].bincount().argmax()
        return float((self.data.labels["test"] == common).double().mean())

    def targets(self, part: str) -> Tensor:
        """The target of each pair of a part."""
        return self.data.labels[part]

    def required(self, view: str) -> None:
        """No word alone holds the answer, so there is no number of hops."""
        find_view(cast(Any, self), view)

    def epoch_size(self, batch_size: int) -> int:
        """Batches of an epoch."""
        return -(-len(self.targets("train")) // batch_size)

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches; see `Task`. Training goes on in epochs; of the other parts there are as many as they have."""
        find_view(cast(Any, self), view)
        if check_split(split) == "train":
            size = self.epoch_size(batch_size)
            epochs = Epochs(partial(self._epoch, view, seed, batch_size), -(-(first + num_batches) // size), size)
            yield from islice(epochs(first), num_batches)
            return
        part = "dev" if split == "validation" else "test"
        yield from islice(self.all_pairs(view, part, batch_size, first * batch_size), num_batches)

    def all_pairs(self, view: str, part: str, batch_size: int, first: int = 0) -> Iterator[Batch]:
        """All pairs of a part, from a number on, in batches."""
        targets = self.targets(part)
        for start in range(first, len(targets), batch_size):
            rows = np.arange(start, min(start + batch_size, len(targets)))
            yield self.data.batch(view, part, rows, targets)

    def _epoch(self, view: str, seed: int, batch_size: int, epoch: int) -> Iterator[Batch]:
        targets = self.targets("train")
        order = np.random.default_rng([seed, epoch]).permutation(len(targets))
        for start in range(0, len(order), batch_size):
            yield self.data.batch(view, "train", order[start : start + batch_size], targets)


@dataclass(frozen=True)
class RelatednessTask(PairTask):
    """How related pairs of trees are, from 1 to 5: a distribution over five scores (Tai et al. 2015, section 4.2).

    Raises:
        ValueError: if a part has no scores.
    """

    name: ClassVar[str] = "relatedness of pairs"
    metric_name: ClassVar[str] = "mean squared error"
    higher_is_better: ClassVar[bool] = False
    solved: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        for part in ("train", "dev", "test"):
            if not len(self.targets(part)):
                raise ValueError(f"{part} has no scores, expected one for each pair")

    @property
    def num_outputs(self) -> int:
        """Scores."""
        return 5

    @property
    def chance(self) -> float:
        """Mean squared error of the training part's mean."""
        guess = self.targets("train").mean()
        return float((self.targets("test") - guess).square().mean())

    def targets(self, part: str) -> Tensor:
        """The score of each pair of a part."""
        return self.data.scores[part]

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Kullback-Leibler divergence in nats; see `gnnseq.models.score_loss`."""
        return score_loss(outputs, y)

    def metric(self, outputs: Tensor, y: Tensor) -> tuple[float, int]:
        """Sum of squared errors of the expected scores, and their number."""
        return squared_error(expected_score(outputs), y)
