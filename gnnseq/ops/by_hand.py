"""Helpers of backward passes written by hand: whether they can run, and gradients by autograd in all other cases."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from gnnseq.ops.transforms import autocasts, needs_plain_operations

Given = Sequence[Tensor | None]
_MAPPED = "Batched"  # dispatch key of tensors under ``is_grads_batched``


def may_run(*tensors: Tensor | None) -> bool:
    """Whether a hand-written pass can run: on float32 or float64, not on "meta", outside autocast and transforms."""
    dtypes = {tensor.dtype for tensor in tensors if tensor is not None}
    device = next(tensor.device for tensor in tensors if tensor is not None)
    if needs_plain_operations() or device.type == "meta" or autocasts(device):
        return False
    return dtypes in ({torch.float32}, {torch.float64})


def wants_plain(*grads: Tensor | None) -> bool:
    """Whether a backward pass is to be differentiated itself, or is mapped over many gradients."""
    return is_mapped_gradient(*grads) or torch.is_grad_enabled() or needs_plain_operations()


def is_mapped_gradient(*grads: Tensor | None) -> bool:
    """Whether a backward pass runs for many gradients at once, under ``is_grads_batched``."""
    return any(g is not None and torch._C._dispatch_keys(g).has(_MAPPED) for g in grads)


def plain_gradients(
    function: Callable[..., Any], given: Given, grads: Given, needed: Sequence[bool]
) -> list[Tensor | None]:
    """Gradients of ``function(*given)`` by autograd; they are differentiable themselves where autograd records now."""
    recording = torch.is_grad_enabled()
    with torch.enable_grad():
        if not recording:
            given = [
                t.detach().requires_grad_() if t is not None and need else t
                for t, need in zip(given, needed, strict=True)
            ]
        wanted = [t for t, need in zip(given, needed, strict=True) if t is not None and need]
        pairs = [(out, grad) for out, grad in zip(function(*given), grads, strict=True) if grad is not None]
        outs, grads = [out for out, _ in pairs], [grad for _, grad in pairs]
        found = iter(torch.autograd.grad(outs, wanted, grads, create_graph=recording, allow_unused=True))
    return [next(found) if need else None for need in needed]
