"""The steps from the derivatives of a model's features to those of its output, while they are collected."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Self

from torch import Tensor

from gnnseq.analysis.jacobian.forward.blocks import Blocks, Mix, Term, combined


class UnknownOperation(Exception):  # noqa: N818
    """An operation between a model's features and output has no rule as a step on rows."""


class Value(NamedTuple):
    """A tensor of the model that depends on its features, and the work on its blocks that is still due.

    Attributes:
        terms: whose sum it is, each with the place of its blocks.
        shape: its shape; the last dimension holds the channels of a row.
        mix: how the rows of the only term, all channels without a slope, still have to be mixed.
    """

    terms: tuple[Term, ...]
    shape: tuple[int, ...]
    mix: Mix | None = None

    @classmethod
    def at(cls, place: int, shape: tuple[int, ...]) -> Self:
        """The blocks at a place as they are."""
        return cls((Term(place),), shape)

    @property
    def ready(self) -> bool:
        """Whether no work is due."""
        if self.mix is not None or len(self.terms) > 1:
            return False
        return self.terms[0].slope is None and self.terms[0].channels is None

    @property
    def place(self) -> int:
        """Of the blocks of the only term."""
        return self.terms[0].blocks


class Step(NamedTuple):
    """Computes new blocks from others.

    Attributes:
        run: the step.
        reads: their places.
        writes: place of the result.
        terms: of which the result is the sum, if that is the step.
        shares: whether the result may lie in the memory of what was read.
    """

    run: Callable[[list[Blocks]], Blocks]
    reads: list[int]
    writes: int
    terms: tuple[Term, ...] = ()
    shares: bool = False


Operands = Sequence[Value | None]
Rule = Callable[["Plan", Any, Operands], list[Value | None]]


@dataclass
class Plan:
    """Steps while they are collected."""

    readers: Counter[Any]
    steps: list[Step] = field(default_factory=list)
    places: int = 1
    widest: int = 0
    cache: dict[Any, Any] = field(default_factory=dict)

    def add(
        self,
        run: Callable[[list[Blocks]], Blocks],
        values: Sequence[Value],
        shape: tuple[int, ...],
        shares: bool = False,
    ) -> Value:
        """A step that reads values and gives one of a certain shape, perhaps in the same memory."""
        reads = [self.ready(value).place for value in values]
        return Value.at(self._write(Step(run, reads, self.places, shares=shares), shape), shape)

    def combine(self, values: Sequence[Value], slopes: Sequence[Tensor | None], shape: tuple[int, ...]) -> Value:
        """The sum of values, each times a slope; computed when it is read."""
        terms: list[Term] = []
        for value, slope in zip(values, slopes, strict=True):
            own = self.ready(value).terms if value.mix is not None else value.terms
            terms += own if slope is None else [term.times(slope) for term in own]
        return Value(tuple(terms), shape)

    def ready(self, value: Value) -> Value:
        """The same value with no work due."""
        if value.ready:
            return value
        key = id(value.mix), tuple((term.blocks, term.channels, id(term.slope)) for term in value.terms)
        if key not in self.cache:
            if (mix := value.mix) is not None:
                step = Step(lambda blocks: blocks[0].mixed(mix), [value.place], self.places)
            else:
                shares = len(value.terms) == 1 and value.terms[0].slope is None
                run = partial(combined, terms=value.terms)
                step = Step(run, [term.blocks for term in value.terms], self.places, value.terms, shares)
            self.cache[key] = (self._write(step, value.shape), value)
        return Value.at(self.cache[key][0], value.shape)

    def _write(self, step: Step, shape: tuple[int, ...]) -> int:
        self.places += 1
        self.widest = max(self.widest, math.prod(shape))
        self.steps.append(step)
        return step.writes
