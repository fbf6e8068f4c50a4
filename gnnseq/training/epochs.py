"""A fresh set of batches in every epoch."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from torch_geometric.data import Batch


@dataclass(frozen=True)
class Epochs:
    """The batches of several epochs as `gnnseq.training.fit` takes them: from any batch of the training on.

    An interrupted training resumes within an epoch and makes only that epoch's batches again.

    Args:
        make: the number of an epoch, from 0, to its batches, which depend only on that number.
        count: epochs of the training.
        size: batches of an epoch.

    Raises:
        ValueError: if ``count`` or ``size`` is under 1; in use, if an epoch has another number of batches.
    """

    make: Callable[[int], Iterable[Batch]]
    count: int
    size: int

    def __post_init__(self) -> None:
        for name in ("count", "size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")

    def __len__(self) -> int:
        return self.count * self.size

    def __call__(self, first: int) -> Iterator[Batch]:
        """The batches from that number on."""
        begun, done = divmod(first, self.size)
        for epoch in range(begun, self.count):
            found = 0
            for place, batch in enumerate(self.make(epoch)):
                found = place + 1
                if epoch > begun or place >= done:
                    yield batch
            if found != self.size:
                raise ValueError(f"epoch {epoch} has {found} batches, expected size = {self.size}")
