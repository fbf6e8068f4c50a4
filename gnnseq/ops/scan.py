"""Recurrences: over the levels of any batch of directed acyclic graphs, and over the steps of sequences."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from gnnseq.ops.levels import TensorLevel
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.transforms import in_float32

States = tuple[Tensor, ...]
Input = TypeVar("Input")


class Children(NamedTuple):
    """The states that flow into one level.

    Attributes:
        states: for each kind of state (h; or h and c), the state at the source of each edge ``[E_l, H]``.
        parent: position in the level of each edge's target ``[E_l]``.
        size: number of nodes that read them.
    """

    states: States
    parent: Tensor
    size: int

    def sum(self, values: Tensor) -> Tensor:
        """Adds one row per edge ``[E_l, H]`` into one row per node ``[n, H]``."""
        return values.new_zeros(self.size, values.size(-1)).index_add(0, self.parent, values)

    def softmax(self, scores: Tensor) -> Tensor:
        """Scores ``[E_l]`` to weights ``[E_l]`` that add up to 1 over the edges into each node.

        Their sums are in float32 at least: in bfloat16 a sum of ones ends at 256.
        """
        dtype, scores = scores.dtype, in_float32(scores)
        with torch.no_grad():
            top = scores.new_zeros(self.size).scatter_reduce(0, self.parent, scores, "amax", include_self=False)
        weights = (scores - top.index_select(0, self.parent)).exp()
        total = weights.new_zeros(self.size).index_add(0, self.parent, weights)
        return (weights / total.index_select(0, self.parent)).to(dtype)


Step = Callable[[Tensor, Children | None, int], States]
Project = Callable[[Tensor, bool], Tensor]


def scan(
    schedule: Schedule, step: Step, x: Tensor, initial: States | None = None, project: Project | None = None
) -> States:
    """Runs ``step`` level by level, each node after all nodes with an edge into it.

    All leaves are computed at once, so a level's products are of its inner nodes alone. Only states that a later level
    reads are carried or, for a level far away, parked, so the work is linear in the nodes and edges. There is no loop
    over nodes and no preallocated buffer (writing into one makes the backward quadratic).

    Args:
        schedule: the order.
        step: ``step(x_l, children, l)`` gives states from the inputs ``[n, ...]`` and what flows in: of all leaves with
            l = 0, where ``children`` is None unless there is an initial state, and of the inner nodes of each level l.
        x: inputs of all nodes ``[N, ...]``.
        initial: states ``[G, H]`` of each graph, read by its leaves as if each had one more child.
        project: applied to the inputs of all leaves, and of all inner nodes, before anything else; its second
            argument says whether they are leaves.

    Returns:
        States of all nodes, each ``[N, H]``, in the order of the nodes.
    """
    done, _ = scan_levels(schedule, step, x, initial, project)
    return tuple(torch.cat(kind).index_select(0, schedule.scan_place) for kind in zip(*done, strict=True))


def scan_levels(
    schedule: Schedule,
    step: Step,
    x: Tensor,
    initial: States | None = None,
    project: Project | None = None,
) -> tuple[list[States], States]:
    """`scan` with its results in parts, in the order of ``schedule.scan_order``, and the states of the last level."""
    levels = schedule.levels
    ordered = x.index_select(0, schedule.scan_order)
    num_leaves = sum(level.leaves for level in levels)
    leaf_x, inner_x = ordered.split([num_leaves, len(ordered) - num_leaves])
    if project is not None:
        leaf_x, inner_x = project(leaf_x, True), project(inner_x, False)
    leaf = step(leaf_x, _initial(schedule, initial, num_leaves), 0)
    parts = zip(*(state.split([level.leaves for level in levels]) for state in leaf), strict=True)
    inputs = inner_x.split([level.size - level.leaves for level in levels])
    carry: States = ()
    parked: defaultdict[int, list[States]] = defaultdict(list)
    done = [leaf]
    for index, (x_l, level, leaves) in enumerate(zip(inputs, levels, parts, strict=True)):
        states: States = leaves
        if index > 0:
            if index in parked:
                carry = tuple(torch.cat(kind) for kind in zip(carry, *parked.pop(index), strict=True))
            new = step(x_l, _children(level, carry), index)
            done.append(new)
            states = _joined(new, leaves) if level.leaves else new
        if level.park is not None:
            for goal, part in _parked(level, level.park, states):
                parked[goal].append(part)
        if level.keep is not None:
            states = _joined(states, tuple(old.index_select(0, level.keep) for old in carry))
        carry = states
    return done, carry


def _children(level: TensorLevel, carry: States) -> Children:
    states = tuple(state.index_select(0, level.child) for state in carry)
    return Children(states, level.parent, level.size - level.leaves)


def _parked(level: TensorLevel, park: Tensor, states: States) -> Iterator[tuple[int, States]]:
    """For each level that will read some of these states, its number and those states."""
    goals, sizes = zip(*level.goals, strict=True)
    parts = (state.index_select(0, park).split(sizes) for state in states)
    return zip(goals, zip(*parts, strict=True), strict=True)


def _initial(schedule: Schedule, initial: States | None, num_leaves: int) -> Children | None:
    if initial is None:
        return None
    states = tuple(state.index_select(0, schedule.leaf_graph) for state in initial)
    return Children(states, torch.arange(num_leaves, device=schedule.device), num_leaves)


def _joined(first: States, second: States) -> States:
    return tuple(torch.cat(pair) for pair in zip(first, second, strict=True))


def scan_steps(
    step: Callable[[Input, States], States],
    inputs: Iterable[Input],
    states: States,
    active: Sequence[Tensor] | None = None,
) -> tuple[list[Tensor], States]:
    """Runs ``step`` over time.

    Args:
        step: ``step(x_t, states)`` gives the new states.
        inputs: what each step reads.
        states: before the first step.
        active: for each step False where a sequence has ended: its states stop and its output is zero.

    Returns:
        The first state after each step, and all states after the last.
    """
    outs = []
    for t, x_t in enumerate(inputs):
        new = step(x_t, states)
        if active is not None:
            new = tuple(torch.where(active[t], n, old) for n, old in zip(new, states, strict=True))
        states = new
        outs.append(states[0] if active is None else torch.where(active[t], states[0], 0.0))
    return outs, states
