"""One operation as autograd recorded it: its name, its shapes, and its backward pass."""

import math
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from torch import Tensor

ACTIVATIONS = frozenset(
    {
        "Celu",
        "Elu",
        "Erf",
        "Gelu",
        "Hardsigmoid",
        "Hardswish",
        "Hardtanh",
        "LeakyRelu",
        "LogSigmoid",
        "Mish",
        "Relu",
        "Sigmoid",
        "Silu",
        "Softplus",
        "Tanh",
        "Threshold",
    }
)
_OF_TORCH = re.compile(r"Backward\d+$")


def name_of(node: Any) -> str:
    """``Mul`` of torch's ``MulBackward0``; ``gnnseq._Add`` of ours; nothing of functions that others wrote."""
    kind: Any = type(node)
    return _of_kind(kind)


@cache
def _of_kind(kind: Any) -> str:
    function = getattr(kind, "_forward_cls", None)
    if function is None:
        return _OF_TORCH.sub("", kind.__name__) if _OF_TORCH.search(kind.__name__) else ""
    return f"gnnseq.{function.__name__}" if function.__module__.startswith("gnnseq.") else ""


@cache
def _saved(kind: Any) -> list[str]:
    return [name for name in dir(kind) if name.startswith("_saved")]


def saved_by(node: Any) -> list[tuple[str, Any]]:
    """The values that an operation saves for its backward pass, by name."""
    kind: Any = type(node)
    return [(name, getattr(node, name)) for name in _saved(kind)]


def shapes_of(node: Any) -> list[tuple[int, ...]]:
    """Of the outputs of an operation."""
    return [tuple(meta.shape) for meta in node._input_metadata]


def rows_of(shape: Sequence[int]) -> int:
    """Number of rows of a shape, whose last dimension holds the channels of a row."""
    return math.prod(shape[:-1])


def asked(node: Any, gradients: list[Tensor]) -> tuple[Tensor | None, ...]:
    """The gradients of each operand, by the operation's backward pass."""
    found = node(*gradients)
    return found if isinstance(found, tuple) else (found,)


def recorded(out: Tensor) -> list[Any]:
    """The operations that lead to a tensor, in the order in which they ran, leaves first."""
    seen: set[Any] = set()
    waiting: list[Any] = [out.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions]
    return sorted(seen, key=lambda node: node._sequence_nr() if node.next_functions else -1)
