"""Which operations of autograd are steps on rows, and which step each is.

Only names that are listed are taken for what they say; what an operation multiplies by is asked from its own backward
pass wherever that is possible.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnnseq.analysis.blocks import Blocks, Mix, combined
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
    function = getattr(type(node), "_forward_cls", None)
    if function is None:
        return _OF_TORCH.sub("", node.name()) if _OF_TORCH.search(node.name()) else ""
    return f"gnnseq.{function.__name__}" if function.__module__.startswith("gnnseq.") else ""


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
    shape, meta = _shapes(node)[0], node._input_metadata[0]
    live = [(number, value) for number, value in enumerate(operands) if value is not None]
    if any(value.shape != shape for _, value in live) or len(shape) < 2:
        raise UnknownOperation(f"{node.name()} that spreads an operand to {shape}")
    found = _asked(node, [torch.ones(shape, dtype=meta.dtype, device=meta.device)])
    slopes: list[Tensor | None] = []
    for number, _ in live:
        slope = found[number]
        assert slope is not None
        slopes.append(None if bool((slope == 1).all()) else slope.reshape(-1, shape[-1]))
    values = [value for _, value in live]
    if len(values) == 1 and slopes[0] is None:
        return [values[0]]
    if len(values) == 1 and values[0].mix is not None:
        slope = slopes[0]
        assert slope is not None
        if bool((slope == slope[:, :1]).all()):
            return [values[0]._replace(mix=values[0].mix.scaled(slope[:, 0]))]
    return [plan.add(lambda blocks: combined(_bent(blocks, slopes)), values, shape)]


def _bent(blocks: list[Blocks], slopes: list[Tensor | None]) -> list[Blocks]:
    return [part if slope is None else part.scaled(slope) for part, slope in zip(blocks, slopes, strict=True)]


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
    return [plan.add(lambda blocks: combined([blocks[0].times(by), blocks[1]]), [rows, added], shape)]


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
    return [Value(value.place, _shapes(node)[0], mix)]


def _add_rows(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """Zeros to which rows are added by their number."""
    (value,) = (operand for operand in operands if operand is not None)
    if node.dim != 0 or len(value.shape) < 2:
        raise UnknownOperation(f"{node.name()} along dimension {node.dim}")
    target = _spread(node.index, value.shape)
    rows = torch.arange(len(target), device=target.device)
    mix = value.mix or Mix(rows, rows, None, len(rows))
    return [Value(value.place, _shapes(node)[0], mix._replace(target=target.index_select(0, mix.target)))]


def _operator(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """The product with a `SparseOperator`."""
    value = operands[0]
    assert value is not None
    value = plan.ready(value)
    source, target, weight = node.matrix.entries()
    return [Value(value.place, _shapes(node)[0], Mix(source, target, weight, _rows(value.shape)))]


class _Move(NamedTuple):
    """Where the rows of an operand go in one result.

    Attributes:
        mix: which rows go where; None if all stay.
        channels: first channel that is read, first that is written, and how many.
    """

    mix: Mix | None
    channels: tuple[int, int, int]


def _moving(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """Numbers move, and a row stays together: its backward pass says where each number of an operand went."""
    name, shapes = _name(node), _shapes(node)
    given = [None if operand is None else operand.shape for operand in operands]
    (only, *others) = [operand for operand in operands if operand is not None]
    if name in _SAME_ORDER and not others and shapes[0][-1:] == only.shape[-1:] and len(shapes[0]) > 1:
        return [only._replace(shape=shapes[0])]
    saved = [(a, getattr(node, a)) for a in dir(node) if a.startswith("_saved")]
    key = None if any(isinstance(s, Tensor) for _, s in saved) else repr((name, shapes, given, saved))
    moves = plan.cache.get(key) if key is not None else None
    if moves is None:
        moves = _moves(node, shapes, given)
    if key is not None:
        plan.cache[key] = moves
    return [_moved(plan, of_one, operands, shape) for of_one, shape in zip(moves, shapes, strict=True)]


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
        if len(shape) < 2 or went is None:
            raise UnknownOperation(f"{node.name()} of a tensor without rows")
        places = went.reshape(-1, shape[-1]).cpu().numpy().astype(np.int64) - 1
        for result, out_shape in enumerate(shapes):
            move = _move(places, sizes[result], out_shape, node)
            if move is not None:
                moves[result].append((operand, move))
    return moves


def _move(places: Ints, first: int, shape: tuple[int, ...], node: Any) -> _Move | None:
    """From the place of each number ``[R, F]`` in one result, beginning at ``first``; None if none is there."""
    here = (places >= first) & (places < first + math.prod(shape))
    rows, channels = here.any(1), here.any(0)
    if not rows.any():
        return None
    if len(shape) < 2 or not here[np.ix_(rows, channels)].all():
        raise UnknownOperation(f"{node.name()} that takes rows apart")
    source, start, width = np.flatnonzero(rows), int(channels.argmax()), int(channels.sum())
    place = places[np.ix_(rows, channels)] - first
    target, begin = place[:, 0] // shape[-1], int(place[0, 0]) % shape[-1]
    expected = target[:, None] * shape[-1] + begin + np.arange(width)
    if not channels[start : start + width].all() or not np.array_equal(place, expected):
        raise UnknownOperation(f"{node.name()} that takes rows apart")
    stays = len(source) == len(places) and np.array_equal(source, target)
    mix = None if stays else Mix(torch.from_numpy(source), torch.from_numpy(target), None, len(places))
    return _Move(mix, (start, begin, width))


def _moved(plan: Plan, moves: list[tuple[int, _Move]], operands: Operands, shape: tuple[int, ...]) -> Value | None:
    values = [value for operand, _ in moves if (value := operands[operand]) is not None]
    if not values:
        return None

    def run(blocks: list[Blocks]) -> Blocks:
        return combined([_shown(part, move, shape[-1]) for part, (_, move) in zip(blocks, moves, strict=True)])

    return plan.add(run, values, shape)


def _shown(blocks: Blocks, move: _Move, width: int) -> Blocks:
    """Blocks after a move, in rows of so many channels."""
    start, begin, count = move.channels
    value = blocks.value[..., start : start + count]
    if count < width:
        wide = value.new_zeros(*value.shape[:-1], width)
        wide[..., begin : begin + count] = value
        value = wide
    blocks = blocks._replace(value=value)
    return blocks if move.mix is None else blocks.mixed(move.mix)


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
