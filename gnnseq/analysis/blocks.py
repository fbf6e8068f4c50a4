"""Derivatives as blocks: one for each pair of a row and a seed that can move it, and nothing for the other pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which seeds can move which rows.

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
        """Every row that is written times a factor of its own."""
        own = factor.index_select(0, self.target)
        return self._replace(weight=own if self.weight is None else self.weight * own)


class Blocks(NamedTuple):
    """The derivatives of a tensor's rows with respect to the K features of each seed.

    Attributes:
        pairs: of rows and seeds.
        value: ``[P, K, F]``, the transposed block of each pair, for rows of F channels.
    """

    pairs: Pairs
    value: Tensor

    def times(self, matrix: Tensor) -> "Blocks":
        """After the rows are multiplied by a matrix ``[F, H]``."""
        return self._replace(value=self.value @ matrix)

    def scaled(self, slope: Tensor) -> "Blocks":
        """After each number of the rows is multiplied by its own factor ``[R, F]``."""
        return self._replace(value=self.value * slope.index_select(0, self.pairs.row).unsqueeze(1))

    def mixed(self, mix: Mix) -> "Blocks":
        """After the rows are mixed."""
        row, seed, num_seeds = self.pairs.row, self.pairs.seed, self.pairs.num_seeds
        count = torch.bincount(row, minlength=mix.num_rows)
        length = count.index_select(0, mix.source)
        ends = length.cumsum(0)
        entry = torch.repeat_interleave(length)
        shift = (count.cumsum(0) - count).index_select(0, mix.source) - (ends - length)
        source = torch.arange(len(entry), device=row.device) + shift.index_select(0, entry)
        key = mix.target.index_select(0, entry) * num_seeds + seed.index_select(0, source)
        key, order = key.sort()
        first = _first_of_each(key)
        weight = None if mix.weight is None else mix.weight.index_select(0, entry.index_select(0, order))
        return self._gathered(Pairs(key.index_select(0, first), num_seeds), source[order], first, weight)

    def _gathered(self, pairs: Pairs, source: Tensor, first: Tensor, weight: Tensor | None) -> "Blocks":
        """Sums of blocks; the blocks of pair p begin at ``first[p]`` in ``source``."""
        if len(first) == len(source) and weight is None:
            return Blocks(pairs, self.value.index_select(0, source))
        flat = self.value.flatten(1)
        if not len(source):
            return Blocks(pairs, self.value[:0])
        weight = None if weight is None else weight.to(flat.dtype)
        sums = embedding_bag(source, flat, first, mode="sum", per_sample_weights=weight)
        return Blocks(pairs, sums.view(-1, *self.value.shape[1:]))


def combined(parts: Sequence[Blocks]) -> Blocks:
    """The sum of blocks of the same shape; a pair that only one of them has keeps its block."""
    pairs = parts[0].pairs
    if all(_same(part.pairs, pairs) for part in parts[1:]):
        value = parts[0].value
        for part in parts[1:]:
            value = value + part.value
        return Blocks(pairs, value)
    key, order = torch.cat([part.pairs.key for part in parts]).sort()
    value = torch.cat([part.value for part in parts])
    first = _first_of_each(key)
    joined = key.index_select(0, first)
    known = next((p.pairs for p in parts if len(p.pairs.key) == len(joined)), Pairs(joined, pairs.num_seeds))
    return Blocks(known, value)._gathered(known, order, first, None)


def _same(one: Pairs, other: Pairs) -> bool:
    return one is other or torch.equal(one.key, other.key)


def _first_of_each(key: Tensor) -> Tensor:
    """Where each run of equal keys begins, of ascending keys."""
    begins = torch.ones(len(key), dtype=torch.bool, device=key.device)
    torch.ne(key[1:], key[:-1], out=begins[1:])
    return begins.nonzero().view(-1)
