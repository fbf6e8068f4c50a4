"""Which operations of autograd are steps on rows, and which step each is.

Only names that are listed are taken for what they say; what an operation multiplies by is asked from its own backward
pass wherever that is possible.
"""

import math
import re
from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnnseq.analysis.blocks import Blocks, Mix, Term, combined
from gnnseq.analysis.recorded import Operands, Plan, Rule, UnknownOperation, Value

Ints = NDArray[np.int64]
_OF_TORCH = re.compile(r"Backward\d+$")

_ELEMENTWISE = """Abs Add Addcmul Celu Clamp ClampMax ClampMin Cos Div Elu Erf Exp Expm1 Gelu Hardsigmoid Hardswish
Hardtanh LeakyRelu Log Log1p LogSigmoid Maximum Minimum Mish Mul Neg Pow Relu Rsqrt Rsub Sigmoid Silu Sin Softplus Sqrt
Square Sub Tanh Threshold Where NativeBatchNorm""".split()
_MOVING = """Alias Cat Clone ConstantPadNd Flip IndexCopy Narrow Permute ReshapeAlias Roll Select Slice Split
SplitWithSizes Squeeze Stack Transpose Unbind UnsafeSplit UnsafeView Unsqueeze View""".split()
_SAME_ORDER = {"Alias", "Clone", "ReshapeAlias", "Squeeze", "UnsafeView", "Unsqueeze", "View"}


def rule_of(node: Any) -> Rule:
    """The rule of a recorded operation.

    Raises:
        UnknownOperation: if there is none.
    """
    name = _name(node)
    rule = _RULES.get(name)
    if rule is None or (name == "NativeBatchNorm" and node._saved_training):
        raise UnknownOperation(node.name())
    return rule


def _name(node: Any) -> str:
    """``Mul`` of torch's ``MulBackward0``; ``gnnseq._Add`` of ours; nothing of functions that others wrote."""
    return _name_of_kind(type(node))


@cache
def _name_of_kind(kind: Any) -> str:
    function = getattr(kind, "_forward_cls", None)
    if function is None:
        return _OF_TORCH.sub("", kind.__name__) if _OF_TORCH.search(kind.__name__) else ""
    return f"gnnseq.{function.__name__}" if function.__module__.startswith("gnnseq.") else ""


@cache
def _saved_names(kind: type) -> list[str]:
    """What an operation of one kind keeps for its backward pass."""
    return [name for name in dir(kind) if name.startswith("_saved")]


def _shapes(node: Any) -> list[tuple[int, ...]]:
    """Of the outputs of an operation."""
    return [tuple(meta.shape) for meta in node._input_metadata]


def _rows(shape: Sequence[int]) -> int:
    return math.prod(shape[:-1])


def _asked(node: Any, gradients: list[Tensor]) -> tuple[Tensor | None, ...]:
    """What the backward pass of an operation makes of gradients, for each operand."""
    found = node(*gradients)
    return found if isinstance(found, tuple) else (found,)


def _elementwise(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """Each number of the result depends on the same number of an operand: with the slope that a gradient of 1 gives."""
    meta, name = node._input_metadata[0], _name(node)
    shape = tuple(meta.shape)
    live = [number for number, value in enumerate(operands) if value is not None]
    values = [value for value in operands if value is not None]
    if len(shape) < 2 or [value.shape for value in values] != [shape] * len(values):
        raise UnknownOperation(f"{node.name()} that spreads an operand to {shape}")
    if name == "Add" and node._saved_alpha == 1:
        return [values[0] if len(values) == 1 else plan.combine(values, [None] * len(values), shape)]
    if name == "Mul" and len(values) == 1:
        factor = node._saved_self if live[0] else node._saved_other
        if factor.shape == (*shape[:-1], 1):
            return [_by_row(plan, values[0], factor.reshape(-1))]
    ones = plan.cache.get((shape, meta.dtype))
    if ones is None:
        ones = plan.cache[shape, meta.dtype] = torch.ones(shape, dtype=meta.dtype, device=meta.device)
    found = _asked(node, [ones])
    slopes = [slope.reshape(-1, shape[-1]) for number in live if (slope := found[number]) is not None]
    if len(values) == 1:
        return [_bent(plan, values[0], slopes[0])]
    return [plan.combine(values, slopes, shape)]


def _bent(plan: Plan, value: Value, slope: Tensor) -> Value:
    """A value times a slope, which is left for later."""
    if value.mix is None:
        return Value(tuple([term.times(slope) for term in value.terms]), value.shape)
    if bool((slope == slope[:, :1]).all()):
        return _by_row(plan, value, slope[:, 0])
    return _bent(plan, plan.ready(value), slope)


def _by_row(plan: Plan, value: Value, factor: Tensor) -> Value:
    """A value times a number for each row."""
    if value.mix is None:
        return _bent(plan, value, factor.unsqueeze(1).expand(-1, value.shape[-1]))
    return value._replace(mix=value.mix.scaled(factor))


def _product(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """Rows times a matrix that does not depend on the features, perhaps with something added."""
    added = operands[0] if len(operands) == 3 else None
    rows, matrix = operands[-2:]
    shape = _shapes(node)[0]
    alpha, beta = (node._saved_alpha, node._saved_beta) if len(operands) == 3 else (1, 1)
    if matrix is not None or beta != 1 or (added is not None and added.shape != shape):
        raise UnknownOperation(f"{node.name()} with a matrix that depends on the features")
    if rows is None:
        assert added is not None
        return [added]
    by = node._saved_mat2 if alpha == 1 else alpha * node._saved_mat2
    if added is None:
        return [plan.add(lambda blocks: blocks[0].times(by), [rows], shape)]
    return [plan.combine([plan.add(lambda blocks: blocks[0].times(by), [rows], shape), added], [None, None], shape)]


def _spread(index: Tensor, shape: Sequence[int]) -> Tensor:
    """Rows of a tensor ``[N, ..., F]`` from the entries of its first dimension."""
    inner = math.prod(shape[1:-1])
    return index if inner == 1 else (index.unsqueeze(1) * inner + torch.arange(inner, device=index.device)).flatten()


def _select(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """Rows by their number."""
    (value,) = (operand for operand in operands if operand is not None)
    index, dim = (node.index, node.dim) if hasattr(node, "index") else (node._saved_index, node._saved_dim)
    if dim != 0 or len(value.shape) < 2:
        raise UnknownOperation(f"{node.name()} along dimension {dim}")
    value = plan.ready(value)
    source = _spread(index, value.shape)
    mix = Mix(source, torch.arange(len(source), device=source.device), None, _rows(value.shape))
    return [Value(value.terms, _shapes(node)[0], mix)]


def _add_rows(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """Zeros to which rows are added by their number."""
    (value,) = (operand for operand in operands if operand is not None)
    if node.dim != 0 or len(value.shape) < 2:
        raise UnknownOperation(f"{node.name()} along dimension {node.dim}")
    target = _spread(node.index, value.shape)
    rows = torch.arange(len(target), device=target.device)
    value = value if value.mix is not None else plan.ready(value)
    mix = value.mix or Mix(rows, rows, None, len(rows))
    return [Value(value.terms, _shapes(node)[0], mix._replace(target=target.index_select(0, mix.target)))]


def _operator(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """The product with a `SparseOperator`."""
    value = operands[0]
    assert value is not None
    value = plan.ready(value)
    source, target, weight = node.matrix.entries()
    return [Value(value.terms, _shapes(node)[0], Mix(source, target, weight, _rows(value.shape)))]


class _Move(NamedTuple):
    """Where the rows of an operand go in one result.

    Attributes:
        where: the place of each row of the operand ``[R]``, -1 if it is not shown; None if all stay.
        channels: first channel that is read, first that is written, and how many.
    """

    where: Tensor | None
    channels: tuple[int, int, int]


def _moving(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """Numbers move, and a row stays together: its backward pass says where each number of an operand went."""
    name, shapes = _name(node), _shapes(node)
    given = [None if operand is None else operand.shape for operand in operands]
    (only, *others) = [operand for operand in operands if operand is not None]
    if name in _SAME_ORDER and not others and shapes[0][-1:] == only.shape[-1:] and len(shapes[0]) > 1:
        return [only._replace(shape=shapes[0])]
    operands = [None if operand is None else plan.ready(operand) for operand in operands]
    if name == "Stack" and node._saved_dim == 0 and min(map(len, shapes)) > 2 and all(operands):
        return [_stacked(plan, [operand for operand in operands if operand is not None], shapes[0])]
    saved = [(a, getattr(node, a)) for a in _saved_names(type(node))]
    key = (name, tuple(shapes), tuple(given), tuple(saved))
    if any(isinstance(s, Tensor) for _, s in saved):
        moves = _moves(node, shapes, given)
    else:
        moves = plan.cache.get(key) or _moves(node, shapes, given)
        plan.cache[key] = moves
    return [_moved(plan, of_one, operands, shape) for of_one, shape in zip(moves, shapes, strict=True)]


def _stacked(plan: Plan, values: list[Value], shape: tuple[int, ...]) -> Value:
    """Tensors one below the other."""
    rows = _rows(values[0].shape)
    moves = [_Move(torch.arange(n * rows, (n + 1) * rows), (0, 0, shape[-1])) for n in range(len(values))]
    return plan.add(partial(_shown_together, moves=moves, width=shape[-1]), values, shape, True)


def _moves(
    node: Any, shapes: list[tuple[int, ...]], given: list[tuple[int, ...] | None]
) -> list[list[tuple[int, _Move]]]:
    """For each result the operands that it shows, and how."""
    sizes = np.cumsum([0, *(math.prod(shape) for shape in shapes)])
    number = torch.arange(1, int(sizes[-1]) + 1, dtype=torch.float64, device=node._input_metadata[0].device)
    parts = number.split(np.diff(sizes).tolist())
    found = _asked(node, [part.view(shape) for part, shape in zip(parts, shapes, strict=True)])
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
    first = np.cumsum([0, *(_rows(shape) for shape in shapes)])
    result = np.where(shown, np.searchsorted(first, row, side="right") - 1, -1)
    found = []
    for number in np.unique(result[shown]).tolist():
        where = np.where(result == number, row - first[number], -1)
        stays = np.array_equal(where, np.arange(len(where)))
        found.append((number, _Move(None if stays else torch.from_numpy(where), (0, 0, width))))
    return found


def _parts_of_rows(
    places: Ints, shapes: list[tuple[int, ...]], sizes: Ints, node: Any
) -> Iterator[tuple[int, _Move]]:
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
        if not here[rows, start : start + width].all() or not np.array_equal(place[rows], expected[rows]):
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


_RULES: dict[str, Rule] = {
    **dict.fromkeys(_ELEMENTWISE, _elementwise),
    **dict.fromkeys(_MOVING, _moving),
    "Mm": _product,
    "Addmm": _product,
    "IndexSelect": _select,
    "gnnseq._Select": _select,
    "gnnseq._Add": _add_rows,
    "gnnseq._Product": _operator,
}
