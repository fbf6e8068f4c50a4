"""One recurrence over the levels of any batch of directed acyclic graphs."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from gnnseq.ops.schedule import Schedule, TensorLevel

States = tuple[Tensor, ...]


class Children(NamedTuple):
    """The states that flow into one level.

    Attributes:
        states: for each kind of state (h; or h and c), the state at the source of each edge ``[E_l, H]``.
        parent: position in the level of each edge's target ``[E_l]``.
        size: number of nodes of the level.
    """

    states: States
    parent: Tensor
    size: int

    def sum(self, values: Tensor) -> Tensor:
        """Adds one row per edge ``[E_l, H]`` into one row per node ``[n, H]``."""
        return values.new_zeros(self.size, values.size(-1)).index_add(0, self.parent, values)


Step = Callable[[Tensor, Children | None, int], States]


def scan(schedule: Schedule, step: Step, x: Tensor, initial: States | None = None) -> States:
    """Runs ``step`` level by level, each node after all nodes with an edge into it.

    Only states that a later level reads are carried, so the work is linear in the nodes and in the levels that
    edges span. There is no loop over nodes and no preallocated buffer (writing into one makes the backward
    quadratic).

    Args:
        schedule: the order.
        step: ``step(x_l, children, l)`` gives the states of level l from its inputs ``[n, ...]`` and what flows in;
            ``children`` is None where nothing does.
        x: inputs of all nodes ``[N, ...]``.
        initial: states ``[G, H]`` of each graph, read by its leaves as if each had one more child.

    Returns:
        States of all nodes, each ``[N, H]``, in the order of the nodes.
    """
    inputs = x.index_select(0, schedule.order).split([level.size for level in schedule.levels])
    carry: States = ()
    done: list[States] = []
    for index, (x_l, level) in enumerate(zip(inputs, schedule.levels, strict=True)):
        states = step(x_l, _children(level, carry, initial), index)
        done.append(states)
        if level.keep is None:
            carry = states
        else:
            older = tuple(old.index_select(0, level.keep) for old in carry)
            carry = tuple(torch.cat(pair) for pair in zip(states, older, strict=True))
    inverse = schedule.inverse_order
    return tuple(torch.cat(kind).index_select(0, inverse) for kind in zip(*done, strict=True))


def _children(level: TensorLevel, carry: States, initial: States | None) -> Children | None:
    reads_initial = initial is not None and level.leaf.numel() > 0
    if level.child.numel() == 0 and not reads_initial:
        return None
    states = tuple(state.index_select(0, level.child) for state in carry)
    parent = level.parent
    if initial is not None and reads_initial:
        first = tuple(state.index_select(0, level.leaf_graph) for state in initial)
        states = tuple(torch.cat(pair) for pair in zip(states, first, strict=True)) if carry else first
        parent = torch.cat([parent, level.leaf])
    return Children(states, parent, level.size)
