"""Modes of torch that hand-written kernels and integer arithmetic do not support, such as tracing and transforms."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import Any, Self, TypeVar, overload

import torch
from torch import Tensor
from torch._functorch.pyfunctorch import (
    retrieve_all_functorch_interpreters,
    temporarily_clear_interpreter_stack,
)

Result = TypeVar("Result")
# torch 2.10 says in all code that torch.compile reads that it is exported
_SAYS_EXPORTED = tuple(map(int, torch.__version__.split(".")[:2])) < (2, 11)


def is_recorded() -> bool:
    """Whether `torch.jit.trace` or `torch.export` records this code: a value that Python reads would be frozen."""
    if _SAYS_EXPORTED and torch.compiler.is_dynamo_compiling():
        return False
    return torch.compiler.is_exporting() or bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def is_captured() -> bool:
    """Whether `torch.compile`, `torch.export` or `torch.jit.trace` reads this code, so that Python reads no values."""
    return torch.compiler.is_compiling() or is_recorded()


def is_traced() -> bool:
    """Whether code is captured, or `torch.func` wraps its tensors."""
    return is_captured() or torch._C._functorch.peek_interpreter_stack() is not None


def has_tangent(x: Tensor) -> bool:
    """Whether forward-mode differentiation follows a tensor."""
    if torch.autograd.forward_ad._current_level < 0:
        return False
    return torch.autograd.forward_ad.unpack_dual(x).tangent is not None


def autocast_dtype(x: Tensor) -> torch.dtype:
    """The dtype of a layer's results on features: autocast's where it is on, but float64 stays what it is."""
    return torch.get_autocast_dtype(x.device.type) if autocasts(x.device) and x.dtype != torch.float64 else x.dtype


def is_mapped() -> bool:
    """Whether a `torch.func` transform other than reverse-mode differentiation is at work: vmap or jvp."""
    if torch.compiler.is_compiling() or torch._C._functorch.peek_interpreter_stack() is None:
        return False
    grad = torch._C._functorch.TransformType.Grad
    return any(level.key() != grad for level in retrieve_all_functorch_interpreters())


def needs_plain_operations() -> bool:
    """Whether every operation must be one that torch can trace, map or differentiate in any mode.

    This holds inside `torch.compile`, `torch.func` and forward-mode differentiation. It also holds where oneDNN is
    switched off, as in code that differentiates every operation that autograd records.
    """
    return is_traced() or torch.autograd.forward_ad._current_level >= 0 or not torch._C._get_mkldnn_enabled()


@contextmanager
def outside_transforms() -> Iterator[None]:
    """Suspends `torch.inference_mode` and all transforms of `torch.func`, for tensors that outlive them, of indices."""
    if torch.compiler.is_compiling():
        yield
        return
    inferring = torch.is_inference_mode_enabled()
    mapped = torch._C._functorch.peek_interpreter_stack() is not None
    with (
        torch.inference_mode(False) if inferring else nullcontext(),
        temporarily_clear_interpreter_stack() if mapped else nullcontext(),
    ):
        yield


class constant(cached_property[Result]):  # noqa: N801, as cached_property
    """A cached property that is computed `outside_transforms`, since it is used again after them."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Result: ...
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Self | Result:
        """The value."""
        with outside_transforms():
            return super().__get__(instance, owner)


def autocasts(device: torch.device) -> bool:
    """Whether `torch.autocast` is on for a device; for "meta" there is none."""
    return device.type != "meta" and torch.is_autocast_enabled(device.type)  # a check that torch 2.10 can compile


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Operations on a device in the dtype of their inputs, inside `torch.autocast` too."""
    return torch.autocast(device.type, enabled=False) if autocasts(device) else nullcontext()


def in_float32(x: Tensor) -> Tensor:
    """A tensor in float32 at least, for sums that half precision cannot hold."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def require(holds: Tensor, message: str) -> None:
    """A check of values where Python must not read one, in `torch.compile` and `torch.export`.

    Args:
        holds: the condition, one boolean.
        message: of the RuntimeError that the program raises where it is false.
    """
    torch._assert_async(holds, message)


def graph_break(reason: str) -> Callable[..., Any]:
    """A function that runs a call outside `torch.compile`: to order or check a graph depends on the data.

    Args:
        reason: what torch's error says under ``fullgraph=True``.
    """

    def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    disabled: Callable[..., Any] = torch.compiler.disable(call, reason=reason)
    return disabled


uncompiled = graph_break(
    "gnnseq reads graphs outside of torch.compile, expected fullgraph=False, or in place of edges a ready operator or "
    "a Schedule on which `prepare()` was called (and on its `reversed()` for two directions)"
)
