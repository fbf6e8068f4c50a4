"""Adding: the sum of the two marked numbers of a sequence."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.counters import Words, below, derive, uniform
from gnnseq.data.indexing import check_integer
from gnnseq.data.streams import Split, Stream


class AddingDataset(Stream):
    """The adding problem (Hochreiter and Schmidhuber 1997), in the form of Le, Jaitly and Hinton 2015.

    Every step has two features: a number, uniform in [0, 1), and a mark. One step of the first half
    and one of the second have mark 1, all others 0. The target is the sum of the two marked
    numbers (https://arxiv.org/abs/1504.00941). Its mean is 1 and its variance 1/6, so that the best
    constant errs by 1/6.

    Args:
        length: steps T >= 2.
        num_samples: size of the dataset; ``None`` for an endless one, which has no ``len``.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.

    Shapes:
        - ``ds[int]``: features ``[T, 2]`` and sum ``[]``, float32.
        - ``ds[indices]``: features ``[B, T, 2]`` and sums ``[B]``, float32.

    Raises:
        ValueError: if an argument is out of range.
        IndexError: if an index is.
    """

    constant_error: ClassVar[float] = 1 / 6
    """Mean squared error of the best constant, 1."""

    def __init__(self, length: int, num_samples: int | None = None, seed: int = 0, split: Split = "train") -> None:
        self.length = check_integer("length", length, 2)
        super().__init__(num_samples, seed, split)

    def _generate(self, keys: Words) -> tuple[Tensor, Tensor]:
        words = derive(keys[:, None], np.arange(self.length + 2))
        numbers = uniform(words[:, : self.length])
        half = self.length // 2
        marked = below(words[:, self.length :], np.array([half, self.length - half])) + np.array([0, half])
        features = np.zeros((len(keys), self.length, 2), np.float32)
        features[:, :, 0] = numbers
        np.put_along_axis(features[:, :, 1], marked, 1.0, axis=1)
        sums = np.take_along_axis(numbers, marked, axis=1).sum(axis=1)
        return torch.from_numpy(features), torch.from_numpy(sums.astype(np.float32))
