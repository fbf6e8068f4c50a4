"""Random words, and at each symbol the state of a finite automaton after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import permutations

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from gnnseq.data.counters import Words, below, derive
from gnnseq.data.indexing import Index, check_integer, is_single
from gnnseq.data.sequences import IntArray
from gnnseq.data.streams import Seeded, Split, draw

_LENGTH, _WORD, _PERIOD = range(3)  # what random words are for
_BEFORE, _PERIODS = 8, 4  # symbols before a word's period at most, and symbols of a period
_FORBIDDEN = -1


@dataclass(frozen=True)
class Automaton:
    """A finite automaton with initial state 0.

    Attributes:
        name: for messages and tables.
        transitions: for each state, the state after each symbol; -1 where the symbol is not allowed. In each state one
            symbol at least is allowed.
    """

    name: str
    transitions: tuple[tuple[int, ...], ...]

    @property
    def num_states(self) -> int:
        """Number of states Q."""
        return len(self.transitions)

    @property
    def num_symbols(self) -> int:
        """Number of symbols S."""
        return len(self.transitions[0])

    @cached_property
    def table(self) -> IntArray:
        """Transitions ``[Q, S]``."""
        return np.array(self.transitions)

    @property
    def is_group(self) -> bool:
        """Whether each symbol permutes the states, so that nothing is ever forgotten."""
        return all(sorted(column) == list(range(self.num_states)) for column in self.table.T.tolist())

    def read(self, words: Words) -> tuple[IntArray, IntArray]:
        """Symbols and the states after them, each ``[B, T]``, from random words ``[B, T]``.

        All symbols that are allowed in a state have the same probability.
        """
        allowed = np.argsort(self.table == _FORBIDDEN, axis=1, kind="stable")
        count = (self.table != _FORBIDDEN).sum(axis=1)
        symbols, states = np.empty(words.shape, np.int64), np.empty(words.shape, np.int64)
        state = np.zeros(len(words), np.int64)
        for step in range(words.shape[1]):
            symbols[:, step] = allowed[state, below(words[:, step], count[state])]
            state = states[:, step] = self.table[state, symbols[:, step]]
        return symbols, states


def modular(modulus: int) -> Automaton:
    """Counts ones modulo a number; with 2 it is parity."""
    modulus = check_integer("modulus", modulus, 2)
    name = "parity" if modulus == 2 else f"count modulo {modulus}"
    return Automaton(name, tuple((state, (state + 1) % modulus) for state in range(modulus)))


@cache
def group(name: str) -> Automaton:
    """The word problem of a group of permutations: S3, A4, A5, S5 and so on. Every element is a symbol and a state.

    Raises:
        ValueError: for another name than "S" or "A" and a number from 3 to 5.
    """
    if name[:1] not in ("S", "A") or name[1:] not in ("3", "4", "5"):
        raise ValueError(f'name is {name!r}, expected "S" or "A" and a number from 3 to 5, such as "S5"')
    degree = int(name[1:])
    elements = [p for p in permutations(range(degree)) if name[0] == "S" or _is_even(p)]
    place = {element: number for number, element in enumerate(elements)}
    products = tuple(tuple(place[tuple(p[i] for i in q)] for q in elements) for p in elements)
    return Automaton(f"words of {name}", products)


def _is_even(permutation: tuple[int, ...]) -> bool:
    return sum(a > b for i, a in enumerate(permutation) for b in permutation[i + 1 :]) % 2 == 0


def flip_flop() -> Automaton:
    """One bit of memory: symbol 1 clears it, symbol 2 sets it, and symbol 0 leaves it (state 1 where it is set)."""
    return Automaton("flip-flop", ((0, 0, 1), (1, 0, 1)))


def brackets(depth: int) -> Automaton:
    """Balanced brackets up to a depth (Dyck-1): symbol 0 opens, symbol 1 closes, and the state is the depth."""
    depth = check_integer("depth", depth, 1)
    up = [*range(1, depth + 1), _FORBIDDEN]
    return Automaton(f"brackets to depth {depth}", tuple(zip(up, [_FORBIDDEN, *range(depth)], strict=True)))


@dataclass(frozen=True)
class Majority:
    """Whether there were more ones than zeros so far: a count without a bound, which no finite automaton keeps."""

    name: str = "majority"
    num_states: int = 2
    num_symbols: int = 2

    def read(self, words: Words) -> tuple[IntArray, IntArray]:
        """Random bits, and after each 1 where ones lead, else 0; each ``[B, T]``."""
        symbols = below(words, 2)
        return symbols, (np.cumsum(2 * symbols - 1, axis=1) > 0).astype(np.int64)


class AutomatonDataset(Seeded, Dataset[tuple[Tensor, Tensor]]):
    """Words of random lengths, and the states of an automaton after each symbol.

    ``dataset[i]`` is a pair of tensors ``[T]``; a slice or row of indices gives a list of words and a list of states.

    Args:
        automaton: an `Automaton`, or `Majority`.
        longest: most symbols of a word.
        shortest: least symbols of a word; lengths in between are equally likely.
        num_samples: size of the dataset; ``None`` for one without end, which has no ``len``.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.
        periodic: whether each word is one of at most 8 symbols and then another of 1 to 4 again and again (where all
            symbols are allowed in all states). The theory of long words applies to these; random words erase more of
            the past.

    Raises:
        ValueError: if an argument is out of range.
        IndexError: if an index is.
    """

    def __init__(
        self,
        automaton: Automaton | Majority,
        longest: int,
        shortest: int = 1,
        num_samples: int | None = None,
        seed: int = 0,
        split: Split = "train",
        periodic: bool = False,
    ) -> None:
        self.automaton = automaton
        self.periodic = periodic
        self.longest = check_integer("longest", longest, 1)
        self.shortest = check_integer("shortest", shortest, 1, self.longest)
        super().__init__(num_samples, seed, split)

    def __getitem__(self, index: Index) -> tuple[Tensor, Tensor] | tuple[list[Tensor], list[Tensor]]:  # type: ignore[override]
        words, states = self._words(index)
        return (words[0], states[0]) if is_single(index) else (words, states)

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
        """The samples as a list of pairs (called by torch's DataLoader)."""
        return list(zip(*self._words(indices), strict=True))

    def _words(self, index: Index) -> tuple[list[Tensor], list[Tensor]]:
        keys = self._keys(index)
        drawn = draw(keys, _WORD, self.longest)
        if self.periodic:
            drawn = _repeated(drawn, draw(keys, _PERIOD, 2))
        lengths = self.shortest + below(derive(keys, np.array([_LENGTH])), self.longest - self.shortest + 1)
        keep = np.arange(self.longest) < lengths[:, None]
        both = (torch.from_numpy(rows[keep]).split(lengths.tolist()) for rows in self.automaton.read(drawn))
        words, states = (list(rows) for rows in both)
        return words, states


def _repeated(words: Words, drawn: Words) -> Words:
    """The same, but a few of them again and again after the first few; how few, two more words ``[B, 2]`` say."""
    before, period = below(drawn[:, :1], _BEFORE + 1), 1 + below(drawn[:, 1:], _PERIODS)
    place = np.arange(words.shape[1])
    taken = np.where(place < before, place, before + (place - before) % period)
    return np.take_along_axis(words, np.minimum(taken, words.shape[1] - 1), axis=1)
