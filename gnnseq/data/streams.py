"""Base of datasets of random samples: a size, a seed, a split, and whole batches at once."""

from abc import abstractmethod
from collections.abc import Sequence
from inspect import signature
from typing import Literal, TypeAlias, cast, get_args

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from gnnseq.data.counters import MAX_SEED, Words, derive, key_of
from gnnseq.data.indexing import Index, check_integer, is_single, positions

Split: TypeAlias = Literal["train", "validation", "test"]
Values: TypeAlias = tuple[Tensor, ...]


class Seeded:
    """Random samples, where sample ``i`` depends only on ``(seed, split, i)`` and the task's settings.

    Args:
        num_samples: size of the dataset; ``None`` for an endless one, which has no ``len``.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.

    Raises:
        ValueError: if an argument is out of range.
        IndexError: if an index is.
    """

    def __init__(self, num_samples: int | None, seed: int, split: Split) -> None:
        self.split: Split = check_split(split)
        self.num_samples = None if num_samples is None else check_integer("num_samples", num_samples, 1)
        self.seed = check_integer("seed", seed, 0, MAX_SEED - 1)
        self._key = stream_key(self.seed, split)

    def __len__(self) -> int:
        if self.num_samples is None:
            raise TypeError(
                "num_samples is None, so this dataset has no length; give num_samples, pass "
                "DataLoader a sampler such as itertools.count(), or index it by slices with a stop"
            )
        return self.num_samples

    def __repr__(self) -> str:
        settings = [f"{name}={getattr(self, name)!r}" for name in signature(type(self)).parameters]
        return f"{type(self).__name__}({', '.join(settings)})"

    def _keys(self, index: Index) -> Words:
        """The keys ``[B]`` of the samples that an index names."""
        return derive(self._key, positions(index, self.num_samples))


class Stream(Seeded, Dataset[Values]):
    """Random samples as tuples of tensors.

    ``stream[i]`` is one sample; ``stream[64:128]``, ``stream[[3, 1]]`` and ``stream[torch.arange(64)]`` are batches of
    them, made in one go. A subclass makes samples from their keys, random words.
    """

    def __getitem__(self, index: Index) -> Values:
        values = self._generate(self._keys(index))
        return tuple(value[0] for value in values) if is_single(index) else values

    def __getitems__(self, indices: Sequence[int]) -> list[Values]:
        """The samples as a list of tuples, made in one batch (called by torch's DataLoader)."""
        return list(zip(*(value.unbind() for value in self[indices]), strict=True))

    @abstractmethod
    def _generate(self, keys: Words) -> Values:
        """Samples ``[B, ...]`` from their keys ``[B]``."""


def check_split(split: str) -> Split:
    """The split, if it is one.

    Raises:
        ValueError: if it is not.
    """
    if split not in get_args(Split):
        raise ValueError(f"split is {split!r}, expected one of {', '.join(get_args(Split))}")
    return cast(Split, split)


def stream_key(seed: int, split: Split) -> Words:
    """The key ``[1]`` of a seed's split."""
    splits = get_args(Split)
    return key_of(seed, splits.index(split), len(splits))


def draw(keys: Words, purpose: int, count: int) -> Words:
    """Random words ``[B, count]`` of each sample for one of several purposes, which do not disturb each other."""
    return derive(derive(keys, np.array([purpose]))[:, None], np.arange(count))
