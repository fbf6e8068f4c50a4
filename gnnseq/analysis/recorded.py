"""What autograd recorded of a model, as linear steps on rows that blocks of derivatives can follow forward.

Between its features and its output a model mostly multiplies rows by matrices, bends each number by itself, mixes rows
along edges, and moves rows about. Each of these keeps the derivatives of rows that a seed cannot reach away, so that
nothing is computed for them. `Program.of` reads the operations one by one and refuses a model that does anything else.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor

from gnnseq.analysis.blocks import Blocks, Mix


class UnknownOperation(Exception):  # noqa: N818
    """A model does something between features and output that is not known to be a step on rows."""


class TooLarge(Exception):  # noqa: N818
    """Blocks take more memory than they may."""


class Used(NamedTuple):
    """Bytes of blocks: of all that were made, and of those that were held at a time."""

    made: int
    peak: int


class Value(NamedTuple):
    """A tensor of the model that depends on its features.

    Attributes:
        place: number of the blocks that hold its derivatives.
        shape: its shape; the last dimension holds the channels of a row.
        mix: how the rows of those blocks still have to be mixed.
    """

    place: int
    shape: tuple[int, ...]
    mix: Mix | None = None


class Step(NamedTuple):
    """Makes new blocks out of others.

    Attributes:
        run: the step.
        reads: their places.
        writes: place of the result.
        drops: places that no later step reads.
    """

    run: Callable[[list[Blocks]], Blocks]
    reads: tuple[int, ...]
    writes: int
    drops: tuple[int, ...] = ()


Operands = Sequence[Value | None]
Rule = Callable[["Plan", Any, Operands], list[Value | None]]


@dataclass
class Plan:
    """Steps while they are collected."""

    steps: list[Step] = field(default_factory=list)
    places: int = 1
    widest: int = 0
    cache: dict[Any, Any] = field(default_factory=dict)

    def add(self, run: Callable[[list[Blocks]], Blocks], values: Sequence[Value], shape: tuple[int, ...]) -> Value:
        """A step that reads values and gives one of a certain shape."""
        reads = tuple(self.ready(value).place for value in values)
        self.places += 1
        self.widest = max(self.widest, math.prod(shape))
        self.steps.append(Step(run, reads, self.places - 1))
        return Value(self.places - 1, shape)

    def ready(self, value: Value) -> Value:
        """The same with its rows mixed."""
        if value.mix is None:
            return value
        known = self.cache.get((value.place, id(value.mix)))
        if known is None:
            mix = value.mix
            done = self.add(lambda blocks: blocks[0].mixed(mix), [value._replace(mix=None)], value.shape)
            known = self.cache[value.place, id(mix)] = (done, mix)
        ready: Value = known[0]
        return ready._replace(shape=value.shape)


@dataclass(frozen=True)
class Program:
    """The steps from the features to the output of a model.

    Attributes:
        steps: in order; they begin with the features at place 0.
        result: place of the output.
        widest: numbers of the largest tensor.
    """

    steps: list[Step]
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
        plan = Plan()
        values: dict[Any, list[Value | None]] = {}
        for node in _recorded(out):
            if getattr(node, "variable", None) is x:
                values[node] = [Value(0, tuple(x.shape))]
                continue
            operands = [values[n][nr] if n in values else None for n, nr in node.next_functions]
            if any(operand is not None for operand in operands):
                values[node] = rules(node)(plan, node, operands)
        last = Value(0, tuple(x.shape)) if out is x else values.get(out.grad_fn, [None])[out.output_nr]
        if last is None:
            raise UnknownOperation("an output that does not depend on the features")
        result = plan.ready(last).place
        return cls(_dropping(plan.steps, result), result, plan.widest)

    def run(self, features: Blocks, limit: int) -> tuple[Blocks, Used]:
        """The blocks of the output from those of the features.

        Raises:
            TooLarge: if more than ``limit`` bytes would be held at a time.
        """
        held = {0: features}
        made, now = 0, _bytes(features)
        peak = now
        for step in self.steps:
            blocks = step.run([held[place] for place in step.reads])
            held[step.writes] = blocks
            made, now = made + _bytes(blocks), now + _bytes(blocks)
            peak = max(peak, now)
            if now > limit:
                raise TooLarge
            now -= sum(_bytes(held.pop(place)) for place in step.drops)
        return held[self.result], Used(made, peak)


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


def _dropping(steps: list[Step], result: int) -> list[Step]:
    """Each step drops what it reads last."""
    kept = {result}
    dropping = []
    for step in reversed(steps):
        drops = tuple(place for place in dict.fromkeys(step.reads) if place not in kept)
        kept.update(step.reads)
        dropping.append(step._replace(drops=drops))
    return dropping[::-1]
