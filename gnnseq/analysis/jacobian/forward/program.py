"""The operations that autograd recorded, as linear steps on rows through which blocks of derivatives pass forward.

Most models multiply rows by matrices, apply elementwise functions, mix rows along edges, and move rows. In all of these
the derivatives of rows that a seed cannot reach stay zero, so they are not computed. `Program.of` reads the operations
one by one and refuses a model with any other operation.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Self

from torch import Tensor

from gnnseq.analysis.jacobian.forward.blocks import Blocks, combined
from gnnseq.analysis.jacobian.forward.plan import Plan, Rule, Step, UnknownOperation, Value
from gnnseq.analysis.jacobian.operation import recorded


class TooLarge(Exception):  # noqa: N818
    """Blocks exceed the memory limit."""


class _Used(NamedTuple):
    """Bytes of blocks: of all that were made, and of those that were held at a time."""

    made: int
    peak: int


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
        """Reads the operations between ``x`` (a leaf) and ``out``.

        Args:
            x: features.
            out: output ``[O, C]``.
            rules: the rule of an operation.

        Raises:
            UnknownOperation: if an operation has no rule, or an unexpected shape.
        """
        nodes = recorded(out)
        plan = Plan(Counter(following for node in nodes for following in node.next_functions))
        values: dict[Any, list[Value | None]] = {}
        for node in nodes:
            following = node.next_functions
            if not following:
                if getattr(node, "variable", None) is x:
                    values[node] = [Value.at(0, tuple(x.shape))]
                continue
            operands = [_once(plan, pair, values[pair[0]]) if pair[0] in values else None for pair in following]
            if operands.count(None) < len(operands):
                values[node] = _applied(rules(node), plan, node, operands)
        last = Value.at(0, tuple(x.shape)) if out is x else values.get(out.grad_fn, [None])[out.output_nr]
        if last is None:
            raise UnknownOperation("an output that does not depend on the features")
        result = plan.ready(last).place
        drops = _last_reads(plan.steps, result)
        return cls(_in_place(plan.steps, drops), drops, result, plan.widest)

    def run(self, features: Blocks, limit: int) -> tuple[Blocks, _Used]:
        """The blocks of the output from those of the features.

        Raises:
            TooLarge: if more than ``limit`` bytes would be held at a time.
        """
        held = {0: features}
        made, now = 0, features.value.nbytes
        peak = now
        for step, drops in zip(self.steps, self.drops, strict=True):
            blocks = step.run([held[place] for place in step.reads])
            held[step.writes] = blocks
            size = blocks.value.nbytes
            made, now = made + size, now + size
            peak = max(peak, now)
            if now > limit:
                raise TooLarge
            for place in drops:
                now -= held.pop(place).value.nbytes
        return held[self.result], _Used(made, peak)


def _applied(rule: Rule, plan: Plan, node: Any, operands: list[Value | None]) -> list[Value | None]:
    """What a rule gives; a torch that keeps other things than the rule expects makes the operation unknown."""
    try:
        return rule(plan, node, operands)
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise UnknownOperation(f"{node.name()}: {error}") from error


def _once(plan: Plan, pair: tuple[Any, int], values: list[Value | None]) -> Value | None:
    """The value of an operation's result; a sum is made once if several operations read it."""
    value = values[pair[1]]
    if value is not None and len(value.terms) > 1 and plan.readers[pair] > 1:
        value = values[pair[1]] = plan.ready(value)
    return value


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
