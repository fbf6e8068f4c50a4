"""Backward passes that show which derivatives exist, independent of their size and of saturated units."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor

from gnnseq.analysis.jacobian.operation import ACTIVATIONS, name_of, recorded


@contextmanager
def existence(out: Tensor, opened: bool = False) -> Iterator[None]:
    """A context in which derivatives of ``out`` are zero only if an operation multiplies by zero or no path exists.

    A derivative near underflow or overflow is multiplied by a power of two on its way back, so a product of a thousand
    small slopes is not zero.

    Args:
        out: output that autograd recorded; inside the context only the zeros of its derivatives have a meaning.
        opened: whether an inactive or saturated activation, whose slope at this batch is zero, passes its gradient on.
    """
    with ExitStack() as stack:
        for node in recorded(out):
            stack.enter_context(node.register_prehook(lambda grads: tuple(map(_within_range, grads))))
            if opened and name_of(node) in ACTIVATIONS:
                stack.enter_context(node.register_hook(_opened))
        yield


def _within_range(grad: Tensor | None) -> Tensor | None:
    """Numbers whose size is below the root of the smallest, or above its inverse, by a factor nearer to 1."""
    if grad is None:
        return None
    small, size = torch.finfo(grad.dtype).tiny ** 0.5, grad.abs()
    return torch.where(size < small, grad / small, torch.where(size > 1 / small, grad * small, grad))


def _opened(inputs: Any, outputs: Any) -> Any:
    (back,), (grad,) = inputs, outputs
    return None if back is None else (torch.where(back == 0, grad, back),)
