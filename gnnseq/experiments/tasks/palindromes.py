"""Palindromes as a task: name the first of many digits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.data import PalindromeDataset
from gnnseq.data.streams import Split
from gnnseq.experiments.tasks.base import Collate, Level, elements, find_view, sequence_hops, sequence_views
from gnnseq.experiments.tasks.kinds import Classification, batches_of


@dataclass(frozen=True)
class PalindromeTask(Classification):
    """All digits of a random palindrome but the last are read; the last, which is the first, is the answer.

    Attributes:
        length: digits of the palindrome, at least 2; a model reads one fewer.
        base: digits are 0 to base - 1.
        numbers: whether a digit is read as one number, the course report's input, and not as a symbol.
    """

    length: int
    base: int = 10
    numbers: bool = False

    def __post_init__(self) -> None:
        PalindromeDataset(self.length, base=self.base)  # raises for what does not fit

    name: ClassVar[str] = "palindromes"
    level: ClassVar[Level] = "graph"

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"palindromes of length {self.length}" + (", digits as numbers" if self.numbers else "")

    @property
    def size(self) -> int:
        """The length."""
        return self.length

    @property
    def num_steps(self) -> int:
        """Symbols of an input, T."""
        return self.length - 1

    @property
    def num_symbols(self) -> int | None:
        """The base; None for numbers."""
        return None if self.numbers else self.base

    @property
    def num_features(self) -> int | None:
        """One for numbers; None for symbols."""
        return 1 if self.numbers else None

    @property
    def num_outputs(self) -> int:
        """Possible answers."""
        return self.base

    @property
    def chance(self) -> float:
        """Accuracy of a guess."""
        return 1.0 / self.base

    @property
    def views(self) -> Mapping[str, Collate]:
        """All graphs over a sequence."""
        return sequence_views(self.num_symbols)

    def required(self, view: str) -> int:
        """Hops from the first digit to the last that is read."""
        find_view(self, view)
        return sequence_hops(view, self.num_steps - 1)

    def answers(self, view: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """The first digit of every graph, asked at the graph's row."""
        return elements(batch, 0), torch.arange(int(batch.num_graphs))

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches of palindromes; see `Task`."""
        dataset = PalindromeDataset(self.length, base=self.base, seed=seed, split=split)
        collate = find_view(self, view)
        return batches_of(
            dataset, partial(_numbers, collate) if self.numbers else collate, batch_size, num_batches, first
        )


def _numbers(collate: Collate, sample: tuple[Tensor, Tensor]) -> Batch:
    digits, answer = sample
    return collate((digits.unsqueeze(-1).float(), answer))
