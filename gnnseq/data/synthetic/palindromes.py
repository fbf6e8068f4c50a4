"""Random palindromes: all digits but the last, and the last."""

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.counters import Words, derive
from gnnseq.data.indexing import check_integer
from gnnseq.data.streams import Split, Stream


class PalindromeDataset(Stream):
    """Random palindromes; the task is to name the last digit, which equals the first.

    A sample is the pair of the first ``length - 1`` digits and the last digit. The digits of the
    first half are uniform and independent, and the second half mirrors them. A model that
    answers from the last symbol must remember the first over ``length - 2`` steps.

    Sample ``i`` depends only on ``(seed, split, i)``: every digit is a hash (SplitMix64,
    https://doi.org/10.1145/2660193.2660195) of these three and its position. So batches of any
    size, in any order and from any worker hold the same samples, and one call makes a whole batch:
    ``ds[i]`` is one sample, ``ds[100:228]``, ``ds[[3, 1, 2]]`` and ``ds[torch.arange(128)]`` are
    batches.

    Args:
        length: digits of a palindrome, at least 2; even or odd.
        num_samples: size of the dataset; ``None`` for an endless one, which has no ``len``.
        base: digits run from 0 to ``base - 1``; 2 to 10.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.

    Shapes:
        - ``ds[int]``: digits ``[length - 1]`` and target ``[]``, both int64.
        - ``ds[indices]``: digits ``[B, length - 1]`` and targets ``[B]``, both int64.

    Raises:
        ValueError: if an argument is out of range.
        IndexError: if an index is.
    """

    def __init__(
        self,
        length: int,
        num_samples: int | None = None,
        base: int = 10,
        seed: int = 0,
        split: Split = "train",
    ) -> None:
        self.length = check_integer("length", length, 2)
        self.base = check_integer("base", base, 2, 10)
        super().__init__(num_samples, seed, split)

    def _generate(self, keys: Words) -> tuple[Tensor, Tensor]:
        free, inputs = (self.length + 1) // 2, self.length - 1
        words = derive(keys[:, None], np.arange(free))  # [B, free]
        # Multiply and shift: uniform to base / 2**32, and faster than a remainder.
        words >>= np.uint64(32)
        words *= np.uint64(self.base)
        words >>= np.uint64(32)
        half = words.view(np.int64)
        digits = np.empty((len(keys), inputs), np.int64)
        digits[:, :free] = half
        digits[:, free:] = half[:, 1 : self.length // 2][:, ::-1]
        return torch.from_numpy(digits), torch.from_numpy(half[:, 0].copy())
