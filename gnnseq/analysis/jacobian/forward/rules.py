"""Which operations of autograd are steps on rows, and which step each is.

Only listed names are supported. The factor of an operation comes from its own backward pass wherever that is possible.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gnnseq.analysis.jacobian.forward.blocks import Mix
from gnnseq.analysis.jacobian.forward.moves import MOVING, moving
from gnnseq.analysis.jacobian.forward.plan import Operands, Plan, Rule, UnknownOperation, Value
from gnnseq.analysis.jacobian.operation import ACTIVATIONS, asked, name_of, rows_of, shapes_of

_ELEMENTWISE = ACTIVATIONS | {
    "Abs",
    "Add",
    "Addcmul",
    "Clamp",
    "ClampMax",
    "ClampMin",
    "Cos",
    "Div",
    "Exp",
    "Expm1",
    "Log",
    "Log1p",
    "Maximum",
    "Minimum",
    "Mul",
    "NativeBatchNorm",
    "Neg",
    "Pow",
    "Rsqrt",
    "Rsub",
    "Sin",
    "Sqrt",
    "Square",
    "Sub",
    "Where",
}


def rule_of(node: Any) -> Rule:
    """The rule of a recorded operation.

    Raises:
        UnknownOperation: if there is none.
    """
    name = name_of(node)
    rule = _RULES.get(name)
    if rule is None or (name == "NativeBatchNorm" and node._saved_training):
        raise UnknownOperation(node.name())
    return rule


def _elementwise(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """Each number of the result depends on the same number of an operand: with the slope that a gradient of 1 gives."""
    meta, name = node._input_metadata[0], name_of(node)
    shape = tuple(meta.shape)
    values = [value for value in operands if value is not None]
    if len(shape) < 2 or any(value.shape != shape for value in values):
        raise UnknownOperation(f"{node.name()} that spreads an operand to {shape}")
    if name == "Add" and node._saved_alpha == 1:
        return [values[0] if len(values) == 1 else plan.combine(values, [None] * len(values), shape)]
    if name == "Mul" and len(values) == 1:
        factor = node._saved_other if operands[0] is not None else node._saved_self
        if factor.shape == (*shape[:-1], 1):
            return [_by_row(plan, values[0], factor.reshape(-1))]
    ones = plan.cache.get((shape, meta.dtype))
    if ones is None:
        ones = plan.cache[shape, meta.dtype] = torch.ones(shape, dtype=meta.dtype, device=meta.device)
    found = asked(node, [ones])
    pairs = zip(found, operands, strict=True)
    slopes = [s.reshape(-1, shape[-1]) for s, value in pairs if value is not None and s is not None]
    if len(values) == 1:
        return [_bent(plan, values[0], slopes[0])]
    return [plan.combine(values, slopes, shape)]


def _bent(plan: Plan, value: Value, slope: Tensor) -> Value:
    """A value times a slope, which is applied later."""
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
    shape = shapes_of(node)[0]
    alpha, beta = (node._saved_alpha, node._saved_beta) if len(operands) == 3 else (1, 1)
    if matrix is not None or beta != 1 or (added is not None and added.shape != shape):
        raise UnknownOperation(f"{node.name()} with a matrix that depends on the features")
    if rows is None:
        assert added is not None
        return [added]
    by = node._saved_mat2 if alpha == 1 else alpha * node._saved_mat2
    product = plan.add(lambda blocks: blocks[0].times(by), [rows], shape)
    return [product if added is None else plan.combine([product, added], [None, None], shape)]


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
    mix = Mix(source, torch.arange(len(source), device=source.device), None, rows_of(value.shape))
    return [Value(value.terms, shapes_of(node)[0], mix)]


def _add_rows(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """Zeros to which rows are added by their number."""
    (value,) = (operand for operand in operands if operand is not None)
    if node.dim != 0 or len(value.shape) < 2:
        raise UnknownOperation(f"{node.name()} along dimension {node.dim}")
    target = _spread(node.index, value.shape)
    rows = torch.arange(len(target), device=target.device)
    value = value if value.mix is not None else plan.ready(value)
    mix = value.mix or Mix(rows, rows, None, len(rows))
    return [Value(value.terms, shapes_of(node)[0], mix._replace(target=target.index_select(0, mix.target)))]


def _operator(plan: Plan, node: Any, operands: Operands) -> list[Value | None]:
    """The product with a `SparseOperator`."""
    value = operands[0]
    assert value is not None
    value = plan.ready(value)
    source, target, weight = node.matrix.entries()
    return [Value(value.terms, shapes_of(node)[0], Mix(source, target, weight, rows_of(value.shape)))]


_RULES: dict[str, Rule] = {
    **dict.fromkeys(_ELEMENTWISE, _elementwise),
    **dict.fromkeys(MOVING, moving),
    "Mm": _product,
    "Addmm": _product,
    "IndexSelect": _select,
    "gnnseq._Select": _select,
    "gnnseq._Add": _add_rows,
    "gnnseq._Product": _operator,
}
