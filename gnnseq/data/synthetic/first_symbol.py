"""Repeat the first of some random symbols: the smallest task that needs reach."""

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.counters import Words, below, derive
from gnnseq.data.indexing import check_integer
from gnnseq.data.streams import Split, Stream


class FirstSymbolDataset(Stream):
    """Independent uniform symbols, and the first of them as the target.

    Unlike a palindrome, a sequence holds no second copy of its answer and no parity that gives it away: a model that
    does not see the first symbol scores chance.

    Args:
        length: symbols of a sequence, T >= 2; the answer is T - 1 symbols before the last.
        base: number of different symbols, at least 2.
        num_samples: size of the dataset; ``None`` for one without end, which has no ``len``.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.

    Shapes:
        - ``ds[int]``: symbols ``[T]`` and target ``[]``, both int64.
        - ``ds[indices]``: symbols ``[B, T]`` and targets ``[B]``, both int64.

    Raises:
        ValueError: if an argument is out of range.
        IndexError: if an index is.
    """

    def __init__(
        self, length: int, base: int = 10, num_samples: int | None = None, seed: int = 0, split: Split = "train"
    ) -> None:
        self.length = check_integer("length", length, 2)
        self.base = check_integer("base", base, 2)
        super().__init__(num_samples, seed, split)

    def _generate(self, keys: Words) -> tuple[Tensor, Tensor]:
        symbols = torch.from_numpy(below(derive(keys[:, None], np.arange(self.length)), self.base))
        return symbols, symbols[:, 0].clone()
