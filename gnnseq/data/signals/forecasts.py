"""Windows of signals on a graph, and the values that follow them."""

import torch
from torch import Tensor

from gnnseq.data.counters import Words, below
from gnnseq.data.indexing import Index, check_integer, is_single, positions
from gnnseq.data.signals.series import Signals
from gnnseq.data.streams import Split, Stream, Values


class ForecastDataset(Stream):
    """Windows of signals that start anywhere in a split's part of the time, and the next H values of every node.

    The parts are those of :class:`gnnseq.data.signals.series.Signals`. A window and what follows it lie in one part.
    Nothing is copied until a batch is drawn, so the memory is that of the series: ``4 T N`` bytes, where all windows
    in full take ``4 T N (L + H)``.

    Args:
        signals: the series.
        length: steps L of a window, its history.
        num_samples: size of the dataset; ``None`` for one without end, which has no ``len``.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.
        horizon: number of steps ahead H to forecast.

    Shapes:
        - ``ds[int]``: windows ``[N, L, 1 + C]``, the input of a GCRN, and next values ``[N, H]``. Behind the value
          come the C ``features`` of the signals. Gaps are NaN in both.
        - ``ds[indices]``: windows ``[B, N, L, 1 + C]`` and next values ``[B, N, H]``.

    Raises:
        ValueError: if an argument is out of range, or the part is shorter than ``length + horizon``.
        IndexError: if an index is.
    """

    def __init__(
        self,
        signals: Signals,
        length: int,
        num_samples: int | None = None,
        seed: int = 0,
        split: Split = "train",
        horizon: int = 1,
    ) -> None:
        super().__init__(num_samples, seed, split)
        self.signals = signals
        self.length = check_integer("length", length, 1)
        self.horizon = check_integer("horizon", horizon, 1)
        bounds = {"train": (0, signals.validation), "validation": (signals.validation, signals.test)}
        self._part = bounds.get(split, (signals.test, len(signals.values)))
        self._first = self._earliest()
        self._count = self._part[1] - self._first - self.length - self.horizon + 1
        if self._count < 1:
            raise ValueError(
                f"length + horizon is {self.length} + {self.horizon}, expected at most the "
                f"{self._part[1] - self._first} steps of the {split} part"
            )

    @property
    def mean_error(self) -> float:
        """Mean squared error of the forecast 0, the mean of the past, over the part's targets."""
        targets = self.signals.values[self._first + self.length : self._part[1]]
        return float(targets.double().pow(2).nanmean())

    def __repr__(self) -> str:
        steps, nodes = self.signals.values.shape
        return (
            f"{type(self).__name__}({nodes} nodes, {steps} steps, length={self.length}, horizon={self.horizon}, "
            f"split={self.split!r})"
        )

    def _earliest(self) -> int:
        return self._part[0]

    def _generate(self, keys: Words) -> Values:
        return self._cut(torch.from_numpy(self._first + below(keys, self._count)))

    def _cut(self, starts: Tensor) -> Values:
        steps = starts.unsqueeze(1) + torch.arange(self.length + self.horizon)
        found = self.signals.values[steps].transpose(1, 2)  # [B, N, L + H]
        x, y = found[..., : self.length].unsqueeze(-1), found[..., self.length :]
        if self.signals.features is not None:
            known = self.signals.features[steps[:, : self.length]].to(x.dtype)  # [B, L, C]
            x = torch.cat([x, known.unsqueeze(1).expand(-1, x.size(1), -1, -1)], dim=-1)
        return x, y


class ConsecutiveForecasts(ForecastDataset):
    """All windows of a split in the order of time, for testing.

    Targets lie in the split's part. The history may begin before the part; so datasets
    of several lengths ask the same values.

    Args:
        signals: the series.
        length: steps L of a window.
        horizon: number of steps ahead H to forecast.
        stride: steps from one window to the next.
        split: "train", "validation" or "test".

    Shapes:
        As those of `ForecastDataset`.

    Raises:
        ValueError: if an argument is out of range, or the part has no window.
    """

    def __init__(self, signals: Signals, length: int, horizon: int = 1, stride: int = 1, split: Split = "test") -> None:
        super().__init__(signals, length, split=split, horizon=horizon)
        self.stride = check_integer("stride", stride, 1)
        self.num_samples = (self._count - 1) // self.stride + 1

    def __getitem__(self, index: Index) -> Values:
        rows = torch.from_numpy(positions(index, self.num_samples))
        values = self._cut(self._first + rows * self.stride)
        return tuple(value[0] for value in values) if is_single(index) else values

    def _earliest(self) -> int:
        return max(self._part[0] - self.length, 0)
