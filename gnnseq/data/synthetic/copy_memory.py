"""Copy memory: symbols that must be said again after a long silence."""

import math

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.counters import Words, below, derive
from gnnseq.data.indexing import check_integer
from gnnseq.data.sequences import IntArray
from gnnseq.data.streams import Split, Stream


class CopyMemoryDataset(Stream):
    r"""The copy memory task (Arjovsky, Shah and Bengio 2016, https://arxiv.org/abs/1511.06464).

    The input is m random symbols, T - 1 blanks, a marker, and m blanks; the target is T + m blanks
    and then the m symbols. So each symbol must be kept over ``blanks + symbols`` steps. A blank is
    0, symbols run from 1 to ``base``, and the marker is ``base + 1``.

    A predictor without memory is certain of all but the last m targets; for those its probability is 1 / ``base``:

    .. math:: \text{memoryless cross-entropy} = \frac{m \ln 8}{T + 2m}

    Args:
        symbols: to remember, m >= 1; 10 in the paper.
        blanks: between the last symbol and the first answer, the marker counted as one, T >= 1.
        base: number of different symbols; 8 in the paper.
        num_samples: size of the dataset; ``None`` for one without end, which has no ``len``.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.

    Shapes:
        - ``ds[int]``: inputs and targets ``[T + 2m]``, int64.
        - ``ds[indices]``: inputs and targets ``[B, T + 2m]``, int64.

    Raises:
        ValueError: if an argument is out of range.
        IndexError: if an index is.
    """

    def __init__(
        self,
        symbols: int,
        blanks: int,
        base: int = 8,
        num_samples: int | None = None,
        seed: int = 0,
        split: Split = "train",
    ) -> None:
        self.symbols = check_integer("symbols", symbols, 1)
        self.blanks = check_integer("blanks", blanks, 1)
        self.base = check_integer("base", base, 2)
        super().__init__(num_samples, seed, split)

    @property
    def length(self) -> int:
        """Symbols of an input, T + 2m."""
        return self.blanks + 2 * self.symbols

    @property
    def num_symbols(self) -> int:
        """Blank, symbols and marker."""
        return self.base + 2

    @property
    def memoryless_cross_entropy(self) -> float:
        """Mean over all positions for the best predictor without memory."""
        return self.symbols * math.log(self.base) / self.length

    def _generate(self, keys: Words) -> tuple[Tensor, Tensor]:
        drawn = 1 + below(derive(keys[:, None], np.arange(self.symbols)), self.base)
        inputs = np.zeros((len(keys), self.length), np.int64)
        targets = np.zeros_like(inputs)
        np.put_along_axis(inputs, self._places(keys), drawn, axis=1)
        inputs[:, self.symbols + self.blanks - 1] = self.base + 1
        targets[:, self.symbols + self.blanks :] = drawn
        return torch.from_numpy(inputs), torch.from_numpy(targets)

    def _places(self, keys: Words) -> IntArray:
        """Positions of the symbols ``[B, m]``."""
        return np.tile(np.arange(self.symbols), (len(keys), 1))


class SelectiveCopyDataset(CopyMemoryDataset):
    """Selective copying (Gu and Dao 2023, https://arxiv.org/abs/2312.00752): symbols at random places.

    The m symbols take random places among the first T + m - 1, in order; the rest is as in `CopyMemoryDataset`, whose
    arguments and shapes it has. A model must select steps by their content, so a time-invariant memory is not enough.
    """

    def _places(self, keys: Words) -> IntArray:
        order = np.argsort(derive(keys[:, None], self.symbols + np.arange(self.symbols + self.blanks - 1)), axis=1)
        return np.sort(order[:, : self.symbols], axis=1)
