"""Windows of signals on a graph, and the values that follow them."""

import torch
from torch import Tensor

from gnnseq.data.counters import Words, below
from gnnseq.data.indexing import check_integer
from gnnseq.data.signals.series import Signals, windows
from gnnseq.data.streams import Split, Stream


class ForecastDataset(Stream):
    """Windows of signals that start anywhere in a split's part of the time, and the next value of every node.

    The parts are those of :class:`gnnseq.data.signals.series.Signals`: the last 20 % of the steps are the test, the
    10 % before them validation. A window and what follows it lie in one part.

    Args:
        signals: the series.
        length: steps L of a window.
        num_samples: size of the dataset; ``None`` for one without end, which has no ``len``.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a stream of its own.

    Shapes:
        - ``ds[int]``: series ``[N, L]`` and next values ``[N]``.
        - ``ds[indices]``: series ``[B, N, L]`` and next values ``[B, N]``.

    Raises:
        ValueError: if an argument is out of range, or the part is shorter than ``length + 1``.
        IndexError: if an index is.
    """

    def __init__(
        self, signals: Signals, length: int, num_samples: int | None = None, seed: int = 0, split: Split = "train"
    ) -> None:
        super().__init__(num_samples, seed, split)
        self.signals = signals
        self.length = check_integer("length", length, 1)
        bounds = {"train": (0, signals.validation), "validation": (signals.validation, signals.test)}
        self._first, end = bounds.get(split, (signals.test, len(signals.values)))
        self._count = end - self._first - self.length
        if self._count < 1:
            raise ValueError(
                f"length is {length}, expected less than the {end - self._first} steps of the {split} part"
            )

    @property
    def mean_error(self) -> float:
        """Mean squared error of the forecast 0, the mean of the past, over the part's targets."""
        start = self._first + self.length
        targets = self.signals.values[start : start + self._count]
        return float(targets.double().pow(2).mean())

    def __repr__(self) -> str:
        steps, nodes = self.signals.values.shape
        return f"ForecastDataset({nodes} nodes, {steps} steps, length={self.length}, split={self.split!r})"

    def _generate(self, keys: Words) -> tuple[Tensor, Tensor]:
        starts = torch.from_numpy(self._first + below(keys, self._count))
        series, following = windows(self.signals.values, starts, self.length)
        return series.squeeze(-1), following[..., -1]
