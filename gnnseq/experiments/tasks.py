"""What a model is asked to do, as plain data."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.data import PalindromeDataset
from gnnseq.data.palindromes import Split

Collate = Callable[[tuple[Tensor, Tensor]], Batch]


@dataclass(frozen=True)
class PalindromeTask:
    """All digits of a random palindrome but the last are read; the last, which is the first, is the answer.

    Attributes:
        length: digits of the palindrome, at least 2; a model reads one fewer.
        base: digits are 0 to base - 1.
    """

    length: int
    base: int = 10

    def __post_init__(self) -> None:
        PalindromeDataset(self.length, base=self.base)  # raises for what does not fit

    @property
    def num_steps(self) -> int:
        """Symbols of an input, T."""
        return self.length - 1

    @property
    def num_classes(self) -> int:
        """Possible answers."""
        return self.base

    @property
    def chance(self) -> float:
        """Accuracy of a guess."""
        return 1.0 / self.base

    def batches(
        self,
        collate: Collate,
        seed: int,
        split: Split,
        batch_size: int,
        num_batches: int,
        first: int = 0,
    ) -> Iterator[Batch]:
        """Batches of a split: the same samples in the same order for the same seed, whatever the collate.

        Args:
            collate: samples to a batch of graphs.
            seed: of the samples.
            split: "train", "validation" or "test"; no two share a sample's random stream.
            batch_size: graphs in a batch.
            num_batches: number of batches.
            first: number of the first batch, to go on where training stopped.
        """
        dataset = PalindromeDataset(self.length, base=self.base, seed=seed, split=split)
        for number in range(first, first + num_batches):
            yield collate(dataset[number * batch_size : (number + 1) * batch_size])
