"""A long text as windows: symbols, and the symbol that follows each of them."""

import operator
from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from gnnseq.data.counters import MAX_SEED, below, derive, key_of
from gnnseq.data.indexing import Index, check_integer, is_single, positions
from gnnseq.data.sequences import IntArray
from gnnseq.data.text.encode import IdArray, Ids, check_ids

Window: TypeAlias = tuple[Tensor, Tensor]


class _Windows(Dataset[Window]):
    """Windows by their starts; ``length`` symbols and the one behind them."""

    def __init__(self, ids: Ids, length: int) -> None:
        self.length = check_integer("length", length, 1)
        self.ids = check_ids(ids, self.length + 1)

    @abstractmethod
    def _starts(self, index: Index) -> IntArray: ...

    def __getitem__(self, index: Index) -> Window:
        inputs, targets = _cut(self.ids, self._starts(index), self.length)
        return (inputs[0], targets[0]) if is_single(index) else (inputs, targets)

    def __getitems__(self, indices: Sequence[int]) -> list[Window]:
        """The windows as a list of pairs, cut in one batch (called by torch's DataLoader)."""
        inputs, targets = self[indices]
        return list(zip(inputs.unbind(), targets.unbind(), strict=True))


class TextWindows(_Windows):
    """Windows of a text that start anywhere, drawn independently and with replacement.

    A sample is a window and the same window one symbol later. Window ``i`` depends on
    ``(seed, i)`` alone. ``windows[i]`` is one sample; ``windows[64:128]``, ``windows[[3, 1]]`` and
    ``windows[torch.arange(64)]`` are batches.

    Args:
        ids: of the text ``[N]``, such as ``vocabulary.encode(text)`` or a file of any size from
            :func:`gnnseq.data.encode_file`.
        length: symbols T of a window.
        num_samples: size of the dataset; ``None`` for one without end, which has no ``len``.
        seed: 0 to 2**62 - 1.

    Shapes:
        - ``windows[int]``: inputs and targets ``[T]``, int64.
        - ``windows[indices]``: inputs and targets ``[B, T]``, int64.

    Raises:
        ValueError: if an argument is out of range or the text is shorter than ``length + 1``.
        IndexError: if an index is out of range.
    """

    def __init__(self, ids: Ids, length: int, num_samples: int | None = None, seed: int = 0) -> None:
        super().__init__(ids, length)
        self.num_samples = None if num_samples is None else check_integer("num_samples", num_samples, 1)
        self.seed = check_integer("seed", seed, 0, MAX_SEED - 1)

    def __len__(self) -> int:
        if self.num_samples is None:
            raise TypeError("num_samples is None, so these windows have no length")
        return self.num_samples

    def _starts(self, index: Index) -> IntArray:
        words = derive(key_of(self.seed), positions(index, self.num_samples))
        return below(words, len(self.ids) - self.length)


class ConsecutiveWindows(_Windows):
    """Windows of a text in order, ``stride`` symbols apart; what is left at the end is dropped.

    Indices and samples are those of :class:`TextWindows`. With the default stride every symbol
    but the first, and those left at the end, is a target once.

    Args:
        ids: of the text ``[N]``.
        length: symbols T of a window.
        stride: symbols from one window to the next; ``None`` for ``length``.

    Raises:
        ValueError: if an argument is out of range or the text is shorter than ``length + 1``.
        IndexError: if an index is out of range.
    """

    def __init__(self, ids: Ids, length: int, stride: int | None = None) -> None:
        super().__init__(ids, length)
        self.stride = self.length if stride is None else check_integer("stride", stride, 1)

    def __len__(self) -> int:
        return (len(self.ids) - self.length - 1) // self.stride + 1

    def _starts(self, index: Index) -> IntArray:
        return positions(index, len(self)) * self.stride


class TextStreams(Dataset[Window]):
    """A text as parallel streams, for truncated backpropagation with a carried state.

    The text is cut into ``batch_size`` streams of equal length. Item ``k`` is a batch: step ``k`` of
    every stream. Row ``b`` of step ``k + 1`` continues where row ``b`` of step ``k`` ends, so a model
    may keep its state from one step to the next. Read the steps in order:
    ``for inputs, targets in streams``, or ``DataLoader(streams, batch_size=None)``.

    Args:
        ids: of the text ``[N]``.
        length: symbols T of a step.
        batch_size: number of streams B.

    Shapes:
        - ``streams[k]``: inputs and targets ``[B, T]``, int64.

    Raises:
        ValueError: if the text is shorter than ``batch_size * length + 1``.
        IndexError: if there is no step ``k``.
    """

    def __init__(self, ids: Ids, length: int, batch_size: int) -> None:
        self.length = check_integer("length", length, 1)
        self.batch_size = check_integer("batch_size", batch_size, 1)
        self.ids = check_ids(ids, self.batch_size * self.length + 1)
        self._span = (len(self.ids) - 1) // self.batch_size

    def __len__(self) -> int:
        return self._span // self.length

    def __getitem__(self, step: int) -> Window:
        place = positions(operator.index(step), len(self)) * self.length
        return _cut(self.ids, np.arange(self.batch_size) * self._span + place, self.length)


def _cut(ids: IdArray, starts: IntArray, length: int) -> Window:
    rows = ids[starts[:, None] + np.arange(length + 1)]  # [B, T + 1]
    inputs, targets = rows[:, :-1].astype(np.int64), rows[:, 1:].astype(np.int64)
    return torch.from_numpy(inputs), torch.from_numpy(targets)
