"""Tracking the state of a finite automaton: what some models cannot compute at any weights."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar, Self

import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.data.streams import Split
from gnnseq.data.synthetic.automata import Automaton, AutomatonDataset, Majority, brackets, flip_flop, group, modular
from gnnseq.experiments.tasks.base import Collate, Level, find_view, sequence_hops, sequence_views
from gnnseq.experiments.tasks.kinds import Classification, Sampled

_COUNTED = 2_000  # words by which the commonest state is found

LANGUAGES: dict[str, Automaton | Majority] = {
    "parity": modular(2),
    "modulo-3": modular(3),
    "modulo-5": modular(5),
    "flip-flop": flip_flop(),
    "brackets": brackets(4),
    "majority": Majority(),
    **{name.lower(): group(name) for name in ("S3", "A4", "A5", "S5")},
}


@dataclass(frozen=True)
class AutomatonTask(Sampled, Classification):
    """The state of an automaton after every symbol, or at the end: `gnnseq.data.synthetic.automata.AutomatonDataset`.

    A model that has learned the automaton is right at any length: `at` gives the same task at one length, to be tested
    at lengths that were never trained on.

    Attributes:
        language: a name in `LANGUAGES`.
        longest: most symbols of a word.
        shortest: least symbols of a word.
        every_symbol: whether the state after every symbol is a target, or only the last one.
    """

    language: str
    longest: int = 40
    shortest: int = 3
    every_symbol: bool = True

    num_features: ClassVar[None] = None

    @property
    def name(self) -> str:
        """The language."""
        return self.language

    @property
    def automaton(self) -> Automaton | Majority:
        """The automaton of the words.

        Raises:
            ValueError: for an unknown language.
        """
        if self.language not in LANGUAGES:
            raise ValueError(f"language is {self.language!r}, expected one of {', '.join(LANGUAGES)}")
        return LANGUAGES[self.language]

    @property
    def title(self) -> str:
        """Name in tables."""
        asked = "" if self.every_symbol else ", asked at the end"
        return f"{self.automaton.name}, {self.shortest} to {self.longest} symbols{asked}"

    @property
    def size(self) -> int:
        """The longest word."""
        return self.longest

    @property
    def level(self) -> Level:
        """Where targets belong."""
        return "node" if self.every_symbol else "graph"

    @property
    def num_symbols(self) -> int:
        """Symbols of the words."""
        return self.automaton.num_symbols

    @property
    def num_outputs(self) -> int:
        """States."""
        return self.automaton.num_states

    @property
    def chance(self) -> float:
        """Share of the commonest state among 2,000 training words of seed 0."""
        return _commonest(self)

    @property
    def views(self) -> Mapping[str, Collate]:
        """The graphs over a word; with a target at every symbol, those whose nodes are the symbols."""
        return sequence_views(self.num_symbols, self.level)

    def required(self, view: str) -> int:
        """Hops from the first symbol of the longest word to its last."""
        find_view(self, view)
        if view == "dilated":
            return max(distance.bit_count() for distance in range(self.longest))
        return sequence_hops(view, self.longest - 1)

    def answers(self, view: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """The first symbol of every word, and the node of its last state."""
        ends: Tensor = batch.ptr[1:] - 1
        return batch.ptr[:-1], ends if self.every_symbol else torch.arange(int(batch.num_graphs))

    def at(self, length: int) -> Self:
        """The same task on words of one length."""
        return replace(self, longest=length, shortest=length)

    def dataset(self, seed: int, split: Split) -> "_Words":
        """The samples; see `Sampled`."""
        return self._words(seed, split)

    def hard(self, seed: int) -> "_Words":
        """Test samples that repeat a few symbols: the samples of the theory."""
        return self._words(seed, "test", periodic=True)

    def _words(self, seed: int, split: Split, periodic: bool = False) -> "_Words":
        settings = (self.automaton, self.longest, self.shortest, None, seed, split)
        return _Words(AutomatonDataset(*settings, periodic=periodic), self.level)


class _Words:
    """Words with the target states of a task."""

    def __init__(self, words: AutomatonDataset, level: Level) -> None:
        self._words, self._level = words, level

    def __getitem__(self, index: slice) -> list[tuple[Tensor, Tensor]]:
        pairs = zip(*self._words[index], strict=True)
        return [(word, states if self._level == "node" else states[-1]) for word, states in pairs]


@cache
def _commonest(task: AutomatonTask) -> float:
    states = torch.cat([states.view(-1) for _, states in task.dataset(0, "train")[:_COUNTED]])
    return float(torch.bincount(states).max() / len(states))
