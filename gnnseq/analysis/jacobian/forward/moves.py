"""Operations that move numbers without changing them: views, transposes, splits, stacks."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnnseq.analysis.jacobian.forward.blocks import Blocks, Term, combined
from gnnseq.analysis.jacobian.forward.plan import Operands, Plan, UnknownOperation, Value
from gnnseq.analysis.jacobian.operation import asked, name_of, rows_of, saved_by, shapes_of

Ints = NDArray[np.int64]

MOVING = frozenset(
    {
        "Alias",
        "Cat",
        "Clone",
        "ConstantPadNd",
        "Flip",
        "IndexCopy",
        "Narrow",
        "Permute",
        "ReshapeAlias",
        "Roll",
        "Select",
        "Slice",
        "Split",
        "SplitWithSizes",
        "Squeeze",
        "Stack",
        "Transpose",
        "Unbind",
        "UnsafeSplit",
        "UnsafeView",
        "Unsqueeze",
        "View",
    }
)
_SAME_ORDER = {"Alias", "Clone", "ReshapeAlias", "Squeeze", "UnsafeView", "Unsqueeze", "View"}


class _Move(NamedTuple):
    """Where the rows of an operand go in one result.

    Attributes:
        where: the place of each row of the operand ``[R]``, -1 if it is not shown; None if all stay.
        channels: first channel that is read, first that is written, and how many.
    """

    where: Tensor | None
    channels: tuple[int, int, int]


def moving(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """A move of whole rows; the operation's backward pass shows where each number of an operand went."""
    name, shapes = name_of(node), shapes_of(node)
    given = [None if operand is None else operand.shape for operand in operands]
    (only, *others) = [operand for operand in operands if operand is not None]
    if name in _SAME_ORDER and not others and shapes[0][-1:] == only.shape[-1:] and len(shapes[0]) > 1:
        return [only._replace(shape=shapes[0])]
    operands = [None if operand is None else plan.ready(operand) for operand in operands]
    if name == "Stack" and node._saved_dim == 0 and min(map(len, shapes)) > 2 and all(operands):
        return [_stacked(plan, [operand for operand in operands if operand is not None], shapes[0])]
    saved = saved_by(node)
    key = (name, tuple(shapes), tuple(given), tuple(saved))
    if any(isinstance(s, Tensor) for _, s in saved):
        moves = _moves(node, shapes, given)
    else:
        moves = plan.cache.get(key) or _moves(node, shapes, given)
        plan.cache[key] = moves
    return [_moved(plan, of_one, operands, shape) for of_one, shape in zip(moves, shapes, strict=True)]


def _stacked(plan: Plan, values: list[Value], shape: tuple[int, ...]) -> Value:
    """Tensors one below the other."""
    rows = rows_of(values[0].shape)
    moves = [_Move(torch.arange(n * rows, (n + 1) * rows), (0, 0, shape[-1])) for n in range(len(values))]
    return plan.add(partial(_shown_together, moves=moves, width=shape[-1]), values, shape, True)


def _moves(
    node: Any, shapes: list[tuple[int, ...]], given: list[tuple[int, ...] | None]
) -> list[list[tuple[int, _Move]]]:
    """For each result the operands that it shows, and how."""
    sizes = np.cumsum([0, *(math.prod(shape) for shape in shapes)])
    number = torch.arange(1, int(sizes[-1]) + 1, dtype=torch.float64, device=node._input_metadata[0].device)
    parts = number.split(np.diff(sizes).tolist())
    found = asked(node, [part.view(shape) for part, shape in zip(parts, shapes, strict=True)])
    moves: list[list[tuple[int, _Move]]] = [[] for _ in shapes]
    for operand, (shape, went) in enumerate(zip(given, found, strict=True)):
        if shape is None:
            continue
        if min(len(shape), *(len(other) for other in shapes)) < 2 or went is None:
            raise UnknownOperation(f"{node.name()} of a tensor without rows")
        places = went.reshape(-1, shape[-1]).cpu().numpy().astype(np.int64) - 1
        for result, move in _whole_rows(places, shapes) or _parts_of_rows(places, shapes, sizes, node):
            moves[result].append((operand, move))
    return moves


def _whole_rows(places: Ints, shapes: list[tuple[int, ...]]) -> list[tuple[int, _Move]]:
    """From the place of each number ``[R, F]`` among all results; nothing unless rows move as a whole."""
    width = places.shape[1]
    shown = places[:, 0] >= 0
    row = places[:, 0] // width
    together = np.where(shown[:, None], row[:, None] * width + np.arange(width), -1)
    if any(shape[-1] != width for shape in shapes) or not np.array_equal(places, together):
        return []
    first = np.cumsum([0, *(rows_of(shape) for shape in shapes)])
    result = np.where(shown, np.searchsorted(first, row, side="right") - 1, -1)
    found = []
    for number in np.unique(result[shown]).tolist():
        where = np.where(result == number, row - first[number], -1)
        stays = np.array_equal(where, np.arange(len(where)))
        found.append((number, _Move(None if stays else torch.from_numpy(where), (0, 0, width))))
    return found


def _parts_of_rows(places: Ints, shapes: list[tuple[int, ...]], sizes: Ints, node: Any) -> Iterator[tuple[int, _Move]]:
    """The same where each result shows some neighbouring channels of rows, or shows rows among wider ones."""
    for number, shape in enumerate(shapes):
        here = (places >= sizes[number]) & (places < sizes[number + 1])
        rows, channels = here.any(1), here.any(0)
        if not rows.any():
            continue
        start, width = int(channels.argmax()), int(channels.sum())
        place = np.where(here, places - sizes[number], 0)[:, start : start + width]
        target, begin = place[:, 0] // shape[-1], int(place[rows.argmax(), 0]) % shape[-1]
        expected = target[:, None] * shape[-1] + begin + np.arange(width)
        together = here[rows, start : start + width].all() and begin + width <= shape[-1]
        if not together or not np.array_equal(place[rows], expected[rows]):
            raise UnknownOperation(f"{node.name()} that takes rows apart")
        where = np.where(rows, target, -1)
        stays = np.array_equal(where, np.arange(len(where)))
        yield number, _Move(None if stays else torch.from_numpy(where), (start, begin, width))


def _moved(plan: Plan, moves: list[tuple[int, _Move]], operands: Operands, shape: tuple[int, ...]) -> Value | None:
    values = [value for operand, _ in moves if (value := operands[operand]) is not None]
    if not values:
        return None
    start, begin, width = moves[0][1].channels
    if len(moves) == 1 and moves[0][1].where is None and (begin, width) == (0, shape[-1]):
        return Value((Term(values[0].place, (start, start + width)),), shape)
    return plan.add(partial(_shown_together, moves=[move for _, move in moves], width=shape[-1]), values, shape, True)


def _shown_together(blocks: list[Blocks], moves: list[_Move], width: int) -> Blocks:
    parts = [_shown(part, move, width) for part, move in zip(blocks, moves, strict=True)]
    return combined(parts, [Term(number) for number in range(len(parts))])


def _shown(blocks: Blocks, move: _Move, width: int) -> Blocks:
    """Blocks after a move, in rows of so many channels."""
    start, begin, count = move.channels
    value = blocks.value[..., start : start + count]
    if count < width:
        wide = value.new_zeros(*value.shape[:-1], width)
        wide[..., begin : begin + count] = value
        value = wide
    blocks = blocks._replace(value=value)
    return blocks if move.where is None else blocks.moved(move.where.to(value.device))
