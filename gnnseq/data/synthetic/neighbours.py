"""Tree-NeighborsMatch: the target is the value of the leaf that has the root's key."""

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.counters import Words, below, derive, distinct
from gnnseq.data.indexing import check_integer
from gnnseq.data.streams import Split, Stream


class NeighborsMatchDataset(Stream):
    """The leaves and the root of Tree-NeighborsMatch (Alon and Yahav 2021, https://arxiv.org/abs/2006.05205).

    A complete binary tree of depth r has K = 2**r leaves. In the paper's story each leaf has a
    letter and a number of neighbours, all different; the root has a number too and must answer with
    the letter of the leaf that has the same. As in the authors' code leaf i has key i and a value,
    the values are a random permutation of the K classes, the root has a random key, and inner nodes
    have nothing. So the root must receive all K pairs through two edges.

    A node's features are its key, one-hot, and then its value, one-hot; the root has no value. Any
    constant answer is right for 1 in K.

    The authors train and test on parts of one finite set, of 32,000 trees at most, and report
    *training* accuracy. Here every tree is a new random draw. At depth 2 there are only 96 different trees,
    so that test trees also occur in training; from depth 4 on there are more than 10**14.

    Args:
        depth: r, 1 to 10; the paper has 2 to 8.
        num_samples: size of the dataset; ``None`` for one without end, which has no ``len``.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.

    Shapes:
        - ``ds[int]``: features of the leaves from left to right, and last of the root ``[K + 1, 2K]``
          (float32); answer ``[]`` (int64).
        - ``ds[indices]``: features ``[B, K + 1, 2K]`` and answers ``[B]``.

    Raises:
        ValueError: if an argument is out of range.
        IndexError: if an index is.
    """

    def __init__(self, depth: int, num_samples: int | None = None, seed: int = 0, split: Split = "train") -> None:
        self.depth = check_integer("depth", depth, 1, 10)
        super().__init__(num_samples, seed, split)

    @property
    def num_leaves(self) -> int:
        """Leaves K, keys and classes."""
        return 1 << self.depth

    @property
    def chance(self) -> float:
        """Accuracy of any constant answer."""
        return 1.0 / self.num_leaves

    def _generate(self, keys: Words) -> tuple[Tensor, Tensor]:
        leaves = self.num_leaves
        words = derive(keys[:, None], np.arange(leaves + 1))
        values = distinct(words[:, :leaves], leaves)
        asked = below(words[:, leaves], leaves)
        rows = np.arange(len(keys))
        features = np.zeros((len(keys), leaves + 1, 2 * leaves), np.float32)
        features[:, np.arange(leaves), np.arange(leaves)] = 1.0
        features[rows[:, None], np.arange(leaves), leaves + values] = 1.0
        features[rows, leaves, asked] = 1.0
        return torch.from_numpy(features), torch.from_numpy(values[rows, asked])
