"""What autograd recorded of a model, as linear steps on rows that blocks of derivatives can follow forward.

Between its features and its output a model mostly multiplies rows by matrices, bends each number by itself, mixes rows
along edges, and moves rows about. Each of these keeps the derivatives of rows that a seed cannot reach away, so that
nothing is computed for them. `Program.of` reads the operations one by one and refuses a model that does anything else.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Self

from torch import Tensor

from gnnseq.analysis.blocks import Blocks, Mix, Term, combined


class UnknownOperation(Exception):  # noqa: N818
    """A model does something between features and output that is not known to be a step on rows."""


class TooLarge(Exception):  # noqa: N818
    """Blocks take more memory than they may."""


class Used(NamedTuple):
    """Bytes of blocks: of all that were made, and of those that were held at a time."""

    made: int
    peak: int


class Value(NamedTuple):
    """A tensor of the model that depends on its features, and what still has to be done to the blocks that hold it.

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
        """Whether nothing is left to be done."""
        if self.mix is not None or len(self.terms) > 1:
            return False
        return self.terms[0].slope is None and self.terms[0].channels is None

    @property
    def place(self) -> int:
        """Of the blocks of the only term."""
        return self.terms[0].blocks


class Step(NamedTuple):
    """Makes new blocks out of others.

    Attributes:
        run: the step.
        reads: their places.
        writes: place of the result.
        terms: of which the result is the sum, if that is the step.
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
        """The sum of values, each times a slope; left to be done by what reads it."""
        terms: list[Term] = []
        for value, slope in zip(values, slopes, strict=True):
            own = self.ready(value).terms if value.mix is not None else value.terms
            terms += own if slope is None else [term.times(slope) for term in own]
        return Value(tuple(terms), shape)

    def ready(self, value: Value) -> Value:
        """The same with nothing left to be done."""
        if value.ready:
            return value
        key = id(value.mix), tuple((term.blocks, term.channels, id(term.slope)) for term in value.terms)
        if key not in self.cache:
            if value.mix is not None:
                step = Step(partial(_mixed, mix=value.mix), [value.place], self.places)
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


def _mixed(blocks: list[Blocks], mix: Mix) -> Blocks:
    return blocks[0].mixed(mix)


@dataclass(frozen=True)
class Program:
    """The steps from the features to the output of a model.

    Attributes:
        steps: in order; they begin with the features at place 0.
        drops: places that no step after each of them reads.
        result: place of the output.
        widest: numbers of the largest tensor.
    """

    steps: list[Step]
    drops: list[list[int]]
    result: int
    widest: int

    @classmethod
    def of(cls, x: Tensor, out: Tensor, rules: Callable[[Any], Rule]) -> Self:
        """Reads what was recorded between ``x`` (a leaf) and ``out``.

        Args:
            x: features.
            out: output ``[O, C]``.
            rules: the rule of an operation.

        Raises:
            UnknownOperation: if an operation has no rule, or an unexpected shape.
        """
        nodes = _recorded(out)
        plan = Plan(Counter(following for node in nodes for following in node.next_functions))
        values: dict[Any, list[Value | None]] = {}
        for node in nodes:
            if getattr(node, "variable", None) is x:
                values[node] = [Value.at(0, tuple(x.shape))]
                continue
            operands = [
                _once(plan, pair, values[pair[0]]) if pair[0] in values else None for pair in node.next_functions
            ]
            if any(operand is not None for operand in operands):
                values[node] = rules(node)(plan, node, operands)
        last = Value.at(0, tuple(x.shape)) if out is x else values.get(out.grad_fn, [None])[out.output_nr]
        if last is None:
            raise UnknownOperation("an output that does not depend on the features")
        result = plan.ready(last).place
        drops = _last_reads(plan.steps, result)
        return cls(_in_place(plan.steps, drops), drops, result, plan.widest)

    def run(self, features: Blocks, limit: int) -> tuple[Blocks, Used]:
        """The blocks of the output from those of the features.

        Raises:
            TooLarge: if more than ``limit`` bytes would be held at a time.
        """
        held = {0: features}
        made, now = 0, _bytes(features)
        peak = now
        for step, drops in zip(self.steps, self.drops, strict=True):
            blocks = step.run([held[place] for place in step.reads])
            held[step.writes] = blocks
            size = _bytes(blocks)
            made, now = made + size, now + size
            peak = max(peak, now)
            if now > limit:
                raise TooLarge
            for place in drops:
                now -= _bytes(held.pop(place))
        return held[self.result], Used(made, peak)


def _once(plan: Plan, pair: tuple[Any, int], values: list[Value | None]) -> Value | None:
    """The value of an operation's result; a sum is made once if several operations read it."""
    value = values[pair[1]]
    if value is not None and len(value.terms) > 1 and plan.readers[pair] > 1:
        value = values[pair[1]] = plan.ready(value)
    return value


def _bytes(blocks: Blocks) -> int:
    return blocks.value.nbytes


def _recorded(out: Tensor) -> list[Any]:
    """The operations that lead to a tensor, in the order in which they ran, leaves first."""
    seen: set[Any] = set()
    waiting: list[Any] = [out.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions]
    return sorted(seen, key=lambda node: -1 if hasattr(node, "variable") else node._sequence_nr())


def _last_reads(steps: list[Step], result: int) -> list[list[int]]:
    """For each step the places that it reads last."""
    kept = {result}
    last = []
    for step in reversed(steps):
        last.append([place for place in dict.fromkeys(step.reads) if place not in kept])
        kept.update(step.reads)
    return last[::-1]


def _in_place(steps: list[Step], drops: list[list[int]]) -> list[Step]:
    """A single slope is multiplied in the memory of its blocks where nothing else reads them."""
    shared = {place for step in steps if step.shares for place in (step.writes, *step.reads)}
    own = {step.writes for step in steps} - shared
    changed = []
    for step, dropped in zip(steps, drops, strict=True):
        if len(step.terms) == 1 and step.terms[0].channels is None and set(dropped) == set(step.reads) <= own:
            step = step._replace(run=partial(combined, terms=step.terms, in_place=True))
        changed.append(step)
    return changed
