"""Associative recall: pairs of keys and values, then keys that ask for their values."""

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.counters import Words, distinct, uniform
from gnnseq.data.indexing import check_integer
from gnnseq.data.sequences import UNLABELLED, IntArray
from gnnseq.data.streams import Split, Stream, draw

_POWER = 0.01  # of the law of gaps, as in Zoology's experiments
_KEYS, _VALUES, _GAPS = range(3)  # what random words are for


class RecallDataset(Stream):
    r"""Multi-query associative recall (MQAR; Arora et al. 2024, Zoology, https://arxiv.org/abs/2312.04927).

    The first 2D symbols are D pairs of a key and its value. Then every key occurs once more: it is
    somewhere in the rest, and the label of that place is its value. All other labels are -100::

        inputs    2   8   4   7   0   0   4   0   0   0   0   0   2   0   0   0
        labels    .   .   .   .   .   .   7   .   .   .   .   .   8   .   .   .

    With a vocabulary of V, 0 is blank, keys run from 1 to V // 2 - 1 and values from V // 2 to V - 1;
    neither occurs twice. The queries are at places 2D + 2g for different gaps g, which are drawn
    one after the other with probability proportional to :math:`(g + 1)^{0.01 - 1}`: near ones are
    likelier than far ones, as in text. (Zoology's code can also put random symbols in place of the
    blanks; its published experiments do not, and this does not.)

    Args:
        length: symbols of an input, an even number, at least ``4 * pairs``.
        pairs: D >= 1. Zoology's (length, pairs) are (64, 4), (128, 8), (256, 16) and (512, 64).
        vocabulary: V, large enough for D different keys; 8192 in Zoology.
        num_samples: size of the dataset; ``None`` for one without end, which has no ``len``.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.

    Shapes:
        - ``ds[int]``: inputs and labels ``[length]``, int64.
        - ``ds[indices]``: inputs and labels ``[B, length]``, int64.

    Raises:
        ValueError: if an argument is out of range.
        IndexError: if an index is.
    """

    def __init__(
        self,
        length: int = 64,
        pairs: int = 4,
        vocabulary: int = 8192,
        num_samples: int | None = None,
        seed: int = 0,
        split: Split = "train",
    ) -> None:
        self.pairs = check_integer("pairs", pairs, 1)
        self.length = check_integer("length", length, 4 * self.pairs)
        if self.length % 2:
            raise ValueError(f"length is {length}, expected an even number")
        self.vocabulary = check_integer("vocabulary", vocabulary, 2 * (self.pairs + 1))
        super().__init__(num_samples, seed, split)

    @property
    def chance(self) -> float:
        """Accuracy of a guess among all values, without looking."""
        return 1.0 / (self.vocabulary - self.vocabulary // 2)

    @property
    def chance_of_values(self) -> float:
        """Accuracy of a guess among the values that were given, without knowing which key has which."""
        return 1.0 / self.pairs

    def _generate(self, keys: Words) -> tuple[Tensor, Tensor]:
        half = self.vocabulary // 2
        asked = 1 + self._draw(keys, _KEYS, half - 1)
        answers = half + self._draw(keys, _VALUES, self.vocabulary - half)
        inputs = np.zeros((len(keys), self.length), np.int64)
        inputs[:, 0 : 2 * self.pairs : 2] = asked
        inputs[:, 1 : 2 * self.pairs : 2] = answers
        places = 2 * (self.pairs + self._gaps(keys))
        np.put_along_axis(inputs, places, asked, axis=1)
        labels = np.full_like(inputs, UNLABELLED)
        np.put_along_axis(labels, places, answers, axis=1)
        return torch.from_numpy(inputs), torch.from_numpy(labels)

    def _draw(self, keys: Words, purpose: int, bound: int) -> IntArray:
        return distinct(draw(keys, purpose, bound), self.pairs)

    def _gaps(self, keys: Words) -> IntArray:
        """Different gaps, as one after the other would be drawn: an exponential race at the rates of the law."""
        space = self.length // 2 - self.pairs
        weight = np.arange(1, space + 1) ** (_POWER - 1.0)
        arrival = -np.log1p(-uniform(draw(keys, _GAPS, space))) / weight
        return np.argsort(arrival, axis=1)[:, : self.pairs]
