"""Tasks over sequences of symbols or features: copy memory, adding, associative recall."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.data.sequences import UNLABELLED
from gnnseq.data.streams import Split
from gnnseq.data.synthetic.adding import AddingDataset
from gnnseq.data.synthetic.copy_memory import CopyMemoryDataset, SelectiveCopyDataset
from gnnseq.data.synthetic.recall import RecallDataset
from gnnseq.experiments.tasks.base import Collate, Level, elements, find_view, sequence_hops, sequence_views
from gnnseq.experiments.tasks.kinds import Classification, Regression, Sampled, SequenceTask
from gnnseq.training import correct


@dataclass(frozen=True)
class CopyMemoryTask(Sampled, Classification):
    """The targets are the first symbols, after a number of blanks: :class:`gnnseq.data.CopyMemoryDataset`.

    The loss counts every step, blanks included, so that it can be compared with
    ``memoryless_cross_entropy``. The accuracy counts only the symbols to be remembered: with the blanks, predicting
    only blanks would score high.

    Attributes:
        blanks: between the last symbol and the first answer, T.
        symbols: to remember, m.
        base: number of different symbols.
    """

    blanks: int
    symbols: int = 3
    base: int = 8

    name: ClassVar[str] = "copy memory"
    level: ClassVar[Level] = "node"
    num_features: ClassVar[None] = None

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"copies of {self.symbols} symbols after {self.blanks} blanks"

    @property
    def size(self) -> int:
        """The blanks."""
        return self.blanks

    @property
    def num_symbols(self) -> int:
        """Blank, symbols and marker."""
        return self.base + 2

    @property
    def num_outputs(self) -> int:
        """The blank and the symbols."""
        return self.base + 1

    @property
    def chance(self) -> float:
        """Accuracy of a guess among the symbols."""
        return 1.0 / self.base

    @property
    def memoryless_cross_entropy(self) -> float:
        """Loss of the best model without memory."""
        return self.dataset(0, "train").memoryless_cross_entropy

    @property
    def views(self) -> Mapping[str, Collate]:
        """The graphs whose nodes are the steps."""
        return sequence_views(self.num_symbols, self.level)

    def metric(self, outputs: Tensor, y: Tensor) -> tuple[float, int]:
        """Symbols that are right, and of how many; blanks do not count."""
        return correct(outputs, y.where(y > 0, UNLABELLED))

    def required(self, view: str) -> int:
        """Hops from a symbol to the step of its target; the same for all."""
        find_view(self, view)
        return sequence_hops(view, self.symbols + self.blanks)

    def answers(self, view: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """The first symbol of every graph, and the step of its target."""
        return elements(batch, 0), elements(batch, self.symbols + self.blanks)

    def at(self, length: int) -> Self:
        """The same task with so many blanks."""
        return replace(self, blanks=length)

    def dataset(self, seed: int, split: Split) -> CopyMemoryDataset:
        """The samples; see `Sampled`."""
        return CopyMemoryDataset(self.symbols, self.blanks, self.base, seed=seed, split=split)


@dataclass(frozen=True)
class SelectiveCopyTask(CopyMemoryTask):
    """The same with the symbols anywhere among the blanks: :class:`gnnseq.data.SelectiveCopyDataset`.

    Attributes are those of `CopyMemoryTask`.
    """

    name: ClassVar[str] = "selective copy"

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"selective copies of {self.symbols} symbols among {self.blanks} blanks"

    def required(self, view: str) -> int:
        """Hops from the farthest place of a symbol to the step where it must be said."""
        farthest = super().required(view)
        if view == "dilated":  # a symbol stands up to T - 1 places later, and its answer does not
            return max(d.bit_count() for d in range(self.symbols + 1, self.symbols + self.blanks + 1))
        return farthest

    def answers(self, view: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """The first symbol of every graph, and the step of its target."""
        length = 2 * self.symbols + self.blanks
        first = (batch.x.view(-1, length) > 0).int().argmax(1)
        return batch.ptr[:-1] + first, elements(batch, self.symbols + self.blanks)

    def dataset(self, seed: int, split: Split) -> SelectiveCopyDataset:
        """The samples; see `Sampled`."""
        return SelectiveCopyDataset(self.symbols, self.blanks, self.base, seed=seed, split=split)


@dataclass(frozen=True)
class AddingTask(SequenceTask, Regression):
    """The sum of the two marked numbers of a sequence: :class:`gnnseq.data.synthetic.adding.AddingDataset`.

    Attributes:
        length: steps of a sequence.
    """

    name: ClassVar[str] = "adding"
    level: ClassVar[Level] = "graph"
    num_symbols: ClassVar[None] = None
    num_features: ClassVar[int] = 2
    chance: ClassVar[float] = AddingDataset.constant_error
    solved: ClassVar[float] = 0.01

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"sums over length {self.length}"

    def required(self, view: str) -> int:
        """Hops from the farthest number that can be marked."""
        find_view(self, view)
        if view == "dilated":
            return max(distance.bit_count() for distance in range(self.length))
        return sequence_hops(view, self.length - 1)

    def answers(self, view: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """The first marked number of every graph, and the graph's row."""
        marks = [batch.x[start : start + self.length, 1] for start in batch.ptr[:-1].tolist()]
        first: Tensor = batch.ptr[:-1] + torch.stack(marks).argmax(1)
        return first, torch.arange(int(batch.num_graphs))

    def dataset(self, seed: int, split: Split) -> AddingDataset:
        """The samples; see `Sampled`."""
        return AddingDataset(self.length, seed=seed, split=split)


@dataclass(frozen=True)
class RecallTask(SequenceTask, Classification):
    """Pairs of keys and values, then keys that ask for their values: :class:`gnnseq.data.RecallDataset`.

    Attributes:
        length: symbols of an input.
        pairs: of a key and its value.
        vocabulary: number of symbols; 8192 in Zoology, where a model has millions of weights.
    """

    length: int = 64
    pairs: int = 4
    vocabulary: int = 64

    name: ClassVar[str] = "recall"
    level: ClassVar[Level] = "node"
    num_features: ClassVar[None] = None

    @property
    def title(self) -> str:
        """Name in tables."""
        symbols = "" if self.vocabulary == RecallTask.vocabulary else f", {self.vocabulary:,} symbols"
        return f"recalls of {self.pairs} pairs over length {self.length}{symbols}"

    @property
    def num_symbols(self) -> int:
        """Blank, keys and values."""
        return self.vocabulary

    @property
    def num_outputs(self) -> int:
        """As many as symbols, although only values are targets."""
        return self.vocabulary

    @property
    def chance(self) -> float:
        """Accuracy of a guess among all values, without looking."""
        return self.dataset(0, "train").chance

    @property
    def chance_of_values(self) -> float:
        """Accuracy of a guess among the values that were given."""
        return self.dataset(0, "train").chance_of_values

    def required(self, view: str) -> int:
        """Hops from the farthest possible answer, from the first pair to the last query."""
        find_view(self, view)
        farthest = self.length - 3
        if view == "dilated":
            return max(distance.bit_count() for distance in range(1, farthest + 1, 2))
        return sequence_hops(view, farthest)

    def answers(self, view: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """The answer to the last query of every graph, and that query."""
        symbols, labels = batch.x.view(-1, self.length), batch.y.view(-1, self.length)
        asked = self.length - 1 - (labels >= 0).int().flip(1).argmax(1)
        wanted = labels.gather(1, asked.unsqueeze(1))
        given = 1 + 2 * (symbols[:, 1 : 2 * self.pairs : 2] == wanted).int().argmax(1)
        return batch.ptr[:-1] + given, batch.ptr[:-1] + asked

    def dataset(self, seed: int, split: Split) -> RecallDataset:
        """The samples; see `Sampled`."""
        return RecallDataset(self.length, self.pairs, self.vocabulary, seed=seed, split=split)
