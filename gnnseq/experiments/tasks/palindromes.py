"""Palindromes as a task: predict the first of many digits."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.data import PalindromeDataset
from gnnseq.data.streams import Split
from gnnseq.experiments.tasks.base import Collate, find_view, sequence_hops
from gnnseq.experiments.tasks.kinds import FirstAsked


@dataclass(frozen=True)
class PalindromeTask(FirstAsked):
    """The input is a random palindrome without its last digit; the answer is the last digit, which equals the first.

    Attributes:
        length: digits of the palindrome, at least 2; the input has one fewer.
        base: digits are 0 to base - 1.
        numbers: whether a digit is one number, the course report's input, and not a symbol.
    """

    numbers: bool = False

    name: ClassVar[str] = "palindromes"

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"palindromes of length {self.length}" + (", digits as numbers" if self.numbers else "")

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
    def views(self) -> Mapping[str, Collate]:
        """All graphs over a sequence."""
        views = super().views
        return {name: partial(_numbers, collate) for name, collate in views.items()} if self.numbers else views

    def required(self, view: str) -> int:
        """Hops from the first digit to the last one of the input."""
        find_view(self, view)
        return sequence_hops(view, self.num_steps - 1)

    def dataset(self, seed: int, split: Split) -> PalindromeDataset:
        """The samples; see `Sampled`."""
        return PalindromeDataset(self.length, base=self.base, seed=seed, split=split)


def _numbers(collate: Collate, sample: tuple[Tensor, Tensor]) -> Batch:
    digits, answer = sample
    return collate((digits.unsqueeze(-1).float(), answer))
