"""Paths laid out so that a linear recurrence takes few steps, each on many rows.

A path is cut into segments of at most L nodes. Row t of all segments lies together, so one step advances all of them.
"""

import math
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gnnseq.ops.carry import Ints

# microseconds on one thread at 64 channels, fitted to measured graphs: of a scan, of each of its steps, of a step with
# fewer rows than the one before, of each row with a gate, and of each row that a cut path computes once more
_SCAN, _STEP, _FEWER, _ROW, _AGAIN = 12.0, 1.9, 3.4, 0.1, 0.03
_SHORTEST = 8  # nodes of a segment


class PackedPaths(NamedTuple):
    """A layout of paths.

    Attributes:
        sizes: rows of each step; segments stand in the order of their lengths, the longest first.
        after: row in the first step of each segment with a predecessor ``[S]``.
        before: row in ``ends`` of that predecessor ``[S]``.
        order: place in each step of the segments with a successor, in the order of ``ends`` ``[S]``.
        ends: layout of the segments with a successor, each as one node; None where no path is cut.
    """

    sizes: list[int]
    after: Tensor
    before: Tensor
    order: Tensor
    ends: "PackedPaths | None"

    def solve_(self, b: Tensor, a: Tensor) -> None:
        """Turns rows b ``[n, H]`` in place into h = b + a * (h of the node before).

        The gate of the first node of a path is never read.
        """
        steps, gates = b.split(self.sizes), a.split(self.sizes)
        if self.ends is not None:
            ends = self._ends(steps, gates, self.ends)
            b.index_add_(0, self.after, a.index_select(0, self.after).mul_(ends.index_select(0, self.before)))
        for (size, after), (before, now), gate in zip(pairwise(self.sizes), pairwise(steps), gates[1:], strict=True):
            now.addcmul_(gate, before if size == after else before.narrow(0, 0, after))

    def _ends(self, steps: tuple[Tensor, ...], gates: tuple[Tensor, ...], packed: "PackedPaths") -> Tensor:
        """State at the last node of each segment with a successor; these segments have full length."""
        size = len(self.order)
        b, a = steps[0][:size].clone(), gates[0][:size].clone()
        for step, gate in zip(steps[1:], gates[1:], strict=True):
            gate = gate.narrow(0, 0, size)
            torch.addcmul(step.narrow(0, 0, size), gate, b, out=b)
            a *= gate
        b, a = b.index_select(0, self.order), a.index_select(0, self.order)
        packed.solve_(b, a)
        return b


def pack(length: Ints, device: torch.device | str = "cpu") -> tuple[Ints, PackedPaths]:
    """The row of each node, path after path, and the layout.

    Args:
        length: nodes of each path, at least 1.
        device: of the layout.
    """
    steps = _segment_length(length)
    count = -(-length // steps)
    path = np.repeat(np.arange(len(length)), count)
    number = _counted(count)
    size = np.minimum(length[path] - number * steps, steps)
    followed = number < count[path] - 1
    rank = _inverse(np.lexsort((-size, ~followed)))
    sizes = np.bincount(size, minlength=steps + 1)[::-1].cumsum()[::-1][1:]
    position = _counted(length)
    segment = np.repeat(np.cumsum(count) - count, length) + position // steps
    row = (np.cumsum(sizes) - sizes)[position % steps] + rank[segment]
    end, ends = pack(count[count > 1] - 1, device) if followed.any() else (rank[:0], None)
    after, before, order = (
        torch.from_numpy(rows).to(device) for rows in (rank[number > 0], end, rank[followed][_inverse(end)])
    )
    return row, PackedPaths(sizes.tolist(), after, before, order, ends)


def cost(length: Ints) -> float:
    """Microseconds that `PackedPaths.solve_` takes, about."""
    return _cost(length, _segment_length(length))


def _segment_length(length: Ints) -> int:
    longest = int(length.max())
    powers = accumulate(range(longest.bit_length()), lambda size, _: 2 * size, initial=_SHORTEST)
    candidates = [longest, *(size for size in powers if size < longest)]
    return min(candidates, key=lambda size: _cost(length, size))


def _cost(length: Ints, steps: int) -> float:
    longest, rows = int(length.max()), int(length.sum())
    if longest == 1:
        return 0.0
    sizes = int(np.count_nonzero(np.bincount((length - 1) % steps)))
    once: float = _SCAN + _STEP * steps + _FEWER * (sizes - 1) + _ROW * (rows - len(length))
    if steps >= longest:
        return once
    followed, segments = int(((length - 1) // steps).sum()), -(-longest // steps)
    above = min(segments, 6 * math.sqrt(segments) + 10)
    return once + 2 * _SCAN + _STEP * (2 * steps + above) + _AGAIN * followed * (2 * steps + 6)


def _counted(count: Ints) -> Ints:
    """0, 1, .. count - 1 for each count."""
    counted: Ints = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return counted


def _inverse(order: Ints) -> Ints:
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order))
    return inverse
