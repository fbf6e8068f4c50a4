"""Base classes of tasks: the loss, the metric, and how samples become batches."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Protocol, Self, cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from gnnseq.data.streams import Split
from gnnseq.experiments.tasks.base import Collate, Level, Task, elements, find_view, sequence_views
from gnnseq.training import correct, squared_error


class Classification:
    """Classes as targets, -100 where there is none."""

    metric_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    solved: ClassVar[float] = 0.95

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy in nats, the mean over the targets."""
        return cross_entropy(outputs, y)

    def metric(self, outputs: Tensor, y: Tensor) -> tuple[float, int]:
        """Right answers, and of how many."""
        return correct(outputs, y)


class Regression:
    """Numbers as targets, NaN where there is none."""

    metric_name: ClassVar[str] = "mean squared error"
    higher_is_better: ClassVar[bool] = False
    num_outputs: ClassVar[int] = 1

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Mean squared error over the targets.

        Raises:
            ValueError: where there are not as many outputs as targets.
        """
        if outputs.numel() != y.numel():
            raise ValueError(f"outputs has shape {list(outputs.shape)}, expected one for each of {y.numel()} targets")
        counted = ~y.isnan()
        error = outputs.reshape(y.shape)[counted] - y[counted]
        return torch.mean(error * error)

    def metric(self, outputs: Tensor, y: Tensor) -> tuple[float, int]:
        """Sum of squared errors, and of how many."""
        return squared_error(outputs, y)


class WithData:
    """A dataclass with data that are not part of a trial's key; one of its fields is their hash."""

    @property
    def plain(self) -> dict[str, Any]:
        """The task's part of a trial's key: the fields by which tasks are compared."""
        return {f.name: getattr(self, f.name) for f in fields(cast(Any, self)) if f.compare}


class _Sliced(Protocol):
    """A dataset that gives a whole batch for a slice."""

    def __getitem__(self, index: slice, /) -> Any: ...


class Sampled(ABC):
    """Batches cut from a dataset that gives any slice of its samples; settings that fit no dataset are errors."""

    def __post_init__(self) -> None:
        self.dataset(0, "train")

    @abstractmethod
    def dataset(self, seed: int, split: Split) -> _Sliced:
        """The samples of a seed and split.

        Raises:
            ValueError: for settings that do not fit each other.
        """

    def required(self, view: str) -> int | None:
        """Hops from the answer to the output; None unless a subclass defines it."""
        find_view(cast(Task, self), view)
        return None

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches; see `Task`."""
        collate = find_view(cast(Task, self), view)
        return batches_of(self.dataset(seed, split), collate, batch_size, num_batches, first)


@dataclass(frozen=True)
class SequenceTask(Sampled):
    """Sequences of one length, as graphs over their symbols or features.

    Attributes:
        length: of a sequence.
    """

    length: int

    @property
    def size(self) -> int:
        """The length."""
        return self.length

    def at(self, length: int) -> Self:
        """The same task on sequences of another length."""
        return replace(self, length=length)

    @property
    def views(self) -> Mapping[str, Collate]:
        """All graphs over a sequence; with a target at every symbol, those whose nodes are the symbols."""
        task = cast(Task, self)
        return sequence_views(task.num_symbols, task.level)


@dataclass(frozen=True)
class FirstAsked(SequenceTask, Classification):
    """The first of some symbols is the answer.

    Attributes:
        length: of a sequence.
        base: number of different symbols.
    """

    base: int = 10

    level: ClassVar[Level] = "graph"

    @property
    def num_symbols(self) -> int | None:
        """The base."""
        return self.base

    @property
    def num_features(self) -> int | None:
        """None, as there are symbols."""
        return None

    @property
    def num_outputs(self) -> int:
        """Possible answers."""
        return self.base

    @property
    def chance(self) -> float:
        """Accuracy of a guess."""
        return 1.0 / self.base

    def answers(self, view: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """The first symbol of every graph, and the graph's row."""
        return elements(batch, 0), torch.arange(int(batch.num_graphs))


def batches_of(
    dataset: _Sliced, collate: Callable[[Any], Batch], batch_size: int, num_batches: int, first: int = 0
) -> Iterator[Batch]:
    """Batches of a dataset without end, one after the other; ``first`` is the number of the first."""
    for number in range(first, first + num_batches):
        yield collate(dataset[number * batch_size : (number + 1) * batch_size])
