"""Derivatives as blocks: one for each pair of a row and a seed that can influence it, none for the other pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which seeds can influence which rows.

    Attributes:
        key: ``row * num_seeds + seed`` of each pair, ascending ``[P]``.
        num_seeds: number of seeds S.
    """

    key: Tensor
    num_seeds: int

    @cached_property
    def row(self) -> Tensor:
        """Row of each pair ``[P]``."""
        return self.key.div(self.num_seeds, rounding_mode="floor")

    @cached_property
    def seed(self) -> Tensor:
        """Seed of each pair ``[P]``."""
        return self.key - self.row * self.num_seeds


class Mix(NamedTuple):
    """A linear map between rows: ``out[target[m]] += weight[m] * in[source[m]]``.

    Attributes:
        source: rows that are read ``[M]``, of ``num_rows``.
        target: rows that read them ``[M]``.
        weight: a factor for each ``[M]``; None for ones.
        num_rows: number of rows that can be read.
    """

    source: Tensor
    target: Tensor
    weight: Tensor | None
    num_rows: int

    def scaled(self, factor: Tensor) -> "Mix":
        """The same map, with each written row multiplied by its own factor."""
        own = factor.index_select(0, self.target)
        return self._replace(weight=own if self.weight is None else self.weight * own)


class Term(NamedTuple):
    """One term of a sum: some channels of blocks, times a slope.

    Attributes:
        blocks: which blocks.
        channels: the first channel and the one after the last; None for all.
        slope: a factor for each number of the rows ``[R, F]``; None for ones.
    """

    blocks: int
    channels: tuple[int, int] | None = None
    slope: Tensor | None = None

    def times(self, slope: Tensor) -> "Term":
        """This term, multiplied by a further slope."""
        return Term(self.blocks, self.channels, slope if self.slope is None else self.slope * slope)

    def read(self, blocks: "Blocks") -> Tensor:
        """The channels of the blocks ``[P, K, F]``."""
        return blocks.value if self.channels is None else blocks.value[..., slice(*self.channels)]

    def factor(self, pairs: Pairs) -> Tensor | None:
        """The slope at each pair ``[P or 1, 1, F]``."""
        if self.slope is None:
            return None
        own = self.slope if self.slope.size(0) == 1 else self.slope.index_select(0, pairs.row)
        return own.unsqueeze(1)


class Blocks(NamedTuple):
    """The derivatives of a tensor's rows with respect to the K features of each seed.

    Attributes:
        pairs: of rows and seeds.
        value: ``[P, K, F]``, the transposed block of each pair, for rows of F channels.
    """

    pairs: Pairs
    value: Tensor

    def times(self, matrix: Tensor) -> "Blocks":
        """The blocks after the rows are multiplied by a matrix ``[F, H]``."""
        return Blocks(self.pairs, self.value @ matrix)

    def mixed(self, mix: Mix) -> "Blocks":
        """The blocks after the rows are mixed."""
        row, seed, num_seeds = self.pairs.row, self.pairs.seed, self.pairs.num_seeds
        count = torch.bincount(row, minlength=mix.num_rows)
        length = count.index_select(0, mix.source)
        ends = length.cumsum(0)
        entry = torch.repeat_interleave(length)
        shift = (count.cumsum(0) - count).index_select(0, mix.source) - (ends - length)
        source = torch.arange(entry.size(0), device=row.device) + shift.index_select(0, entry)
        key = mix.target.index_select(0, entry) * num_seeds + seed.index_select(0, source)
        key, order = _sorted(key)
        first = _first_of_each(key)
        weight = None if mix.weight is None else mix.weight.index_select(0, entry.index_select(0, order))
        pairs = Pairs(key.index_select(0, first), num_seeds)
        return Blocks(pairs, _sums(self.value, source.index_select(0, order), first, weight))

    def moved(self, where: Tensor) -> "Blocks":
        """The blocks after each row moves to another place ``[R]``, or is left out (-1)."""
        pairs, value = self.pairs, self.value
        row, seed = where.index_select(0, pairs.row), pairs.seed
        kept = (row >= 0).nonzero().view(-1)
        if kept.size(0) < row.size(0):
            row, seed, value = (part.index_select(0, kept) for part in (row, seed, value))
        key = row * pairs.num_seeds + seed
        if not bool((key[1:] > key[:-1]).all()):
            key, order = _sorted(key)
            value = value.index_select(0, order)
        return Blocks(Pairs(key, pairs.num_seeds), value)


def combined(blocks: Sequence[Blocks], terms: Sequence[Term], in_place: bool = False) -> Blocks:
    """The sum of some terms; a term without a pair counts as zero there.

    Args:
        blocks: of each term.
        terms: what is read of them.
        in_place: whether a single term may be written where its blocks are.
    """
    parts: list[_Part] = []
    for read, term in zip(blocks, terms, strict=True):
        value, factor = term.read(read), term.factor(read.pairs)
        same = next((part for part in parts if part.pairs is read.pairs), None)
        if same is None:
            parts.append(_Part(read.pairs, _product(value, factor, in_place), factor is not None))
        else:
            same.add(value, factor)
    return Blocks(parts[0].pairs, parts[0].value) if len(parts) == 1 else _joined(parts)


def _product(value: Tensor, factor: Tensor | None, in_place: bool) -> Tensor:
    if factor is None:
        return value
    return value.mul_(factor) if in_place else value * factor


@dataclass
class _Part:
    """A sum of terms with the same pairs; ``own`` says whether it has its memory to itself."""

    pairs: Pairs
    value: Tensor
    own: bool

    def places(self, other: Pairs) -> Tensor | None:
        """Where the pairs of others are among these; None unless all are."""
        key = self.pairs.key
        if not key.size(0):
            return None
        place = torch.searchsorted(key, other.key).clamp_(max=key.size(0) - 1)
        return place if torch.equal(key.index_select(0, place), other.key) else None

    def add(self, value: Tensor, factor: Tensor | None) -> None:
        """One more term."""
        if not self.own:
            self.value, self.own = self.value.clone(), True
        self.value = self.value.add_(value) if factor is None else self.value.addcmul_(value, factor)


def _joined(parts: Sequence[_Part]) -> Blocks:
    """The sum of blocks with different pairs."""
    num_seeds = parts[0].pairs.num_seeds
    if len(parts) == 2:
        small, big = sorted(parts, key=lambda part: part.pairs.key.size(0))
        within = big.places(small.pairs)
        if within is not None:
            if not big.own:
                big.value = big.value.clone()
            return Blocks(big.pairs, big.value.index_add_(0, within, small.value))
    key, value = torch.cat([part.pairs.key for part in parts]), torch.cat([part.value for part in parts])
    if bool((key[1:] > key[:-1]).all()):
        return Blocks(Pairs(key, num_seeds), value)
    key, order = _sorted(key)
    first = _first_of_each(key)
    return Blocks(Pairs(key.index_select(0, first), num_seeds), _sums(value, order, first, None))


def _sums(value: Tensor, source: Tensor, first: Tensor, weight: Tensor | None) -> Tensor:
    """Sums of blocks, each times its weight; those of sum p begin at ``first[p]`` in ``source``."""
    if first.size(0) == source.size(0) and weight is None:
        return value.index_select(0, source)
    if not source.size(0):
        return value[:0]
    weight = None if weight is None else weight.to(value.dtype)
    sums: Tensor = embedding_bag(source, value.flatten(1), first, mode="sum", per_sample_weights=weight)
    return sums.view(-1, *value.shape[1:])


def _sorted(key: Tensor) -> tuple[Tensor, Tensor]:
    """Ascending keys and where each was; NumPy is several times faster on a CPU."""
    if key.device.type != "cpu":
        return key.sort()
    order = torch.from_numpy(np.argsort(key.numpy()))
    return key.index_select(0, order), order


def _first_of_each(key: Tensor) -> Tensor:
    """Where each run of equal keys begins, of ascending keys."""
    begins = torch.ones(key.size(0), dtype=torch.bool, device=key.device)
    torch.ne(key[1:], key[:-1], out=begins[1:])
    return begins.nonzero().view(-1)
