"""Gathering and adding rows under `torch.func.vmap`, at the speed they have without it.

A graph layer gathers a row per edge and adds the rows up per node. Under ``vmap`` torch takes one index per number
instead of one per row, which is many times slower. What is recorded inside `fast_rows` keeps one index per row.
"""

from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class _Select(torch.autograd.Function):
    """``x.index_select(dim, index)``."""

    @staticmethod
    def forward(x: Tensor, index: Tensor, dim: int) -> Tensor:
        return x.index_select(dim, index)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, int], output: Tensor) -> None:
        x, ctx.index, ctx.dim = inputs
        ctx.size = x.size(ctx.dim)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return _Add.apply(grad, ctx.index, ctx.dim, ctx.size), None, None  # type: ignore[no-untyped-call]

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int, None, None], x: Tensor, index: Tensor, dim: int) -> tuple[Tensor, int]:
        return _Select.apply(x.movedim(in_dims[0], 0), index, dim + 1), 0  # type: ignore[no-untyped-call]


class _Add(torch.autograd.Function):
    """Zeros with ``size`` rows, to which the rows of ``x`` are added."""

    @staticmethod
    def forward(x: Tensor, index: Tensor, dim: int, size: int) -> Tensor:
        shape = list(x.shape)
        shape[dim] = size
        return x.new_zeros(shape).index_add_(dim, index, x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, int, int], output: Tensor) -> None:
        _, ctx.index, ctx.dim, _ = inputs

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        return _Select.apply(grad, ctx.index, ctx.dim), None, None, None  # type: ignore[no-untyped-call]

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int, None, None, None], x: Tensor, index: Tensor, dim: int, size: int
    ) -> tuple[Tensor, int]:
        return _Add.apply(x.movedim(in_dims[0], 0), index, dim + 1, size), 0  # type: ignore[no-untyped-call]


# torch asks for them at every call, which otherwise takes longer than a few rows
_Select.forward.__signature__ = signature(_Select.forward)  # type: ignore[attr-defined]
_Add.forward.__signature__ = signature(_Add.forward)  # type: ignore[attr-defined]


def _is_recorded(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad and x.dim() > 0


def _select(x: Tensor, dim: int, index: Any) -> Tensor | None:
    if not _is_recorded(x) or not (isinstance(index, Tensor) and index.dtype == torch.long and index.dim() == 1):
        return None
    out: Tensor = _Select.apply(x, index, dim % x.dim())  # type: ignore[no-untyped-call]
    return out


def _getitem(x: Tensor, index: Any) -> Tensor | None:
    return _select(x, 0, index)


def _index_add(x: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor | None:
    if not _is_recorded(source) or x.dim() != source.dim():
        return None
    out: Tensor = _Add.apply(source, index, dim % x.dim(), x.size(dim))  # type: ignore[no-untyped-call]
    return out


def _scatter_add(x: Tensor, dim: int, index: Tensor, src: Any) -> Tensor | None:
    """Only where the index was expanded from one per row."""
    if not _is_recorded(src) or index.shape != src.shape or index.numel() == 0:
        return None
    dim = dim % x.dim()
    others = [d for d in range(x.dim()) if d != dim]
    if any(x.size(d) != src.size(d) or (index.stride(d) and index.size(d) > 1) for d in others):
        return None
    return _index_add(x, dim, index[tuple(slice(None) if d == dim else 0 for d in range(x.dim()))], src)


def _new(add: Callable[..., Tensor | None]) -> Callable[..., Tensor | None]:
    def call(x: Tensor, *args: Any, **kwargs: Any) -> Tensor | None:
        added = add(x, *args, **kwargs)
        return None if added is None else x + added

    return call


def _in_place(add: Callable[..., Tensor | None]) -> Callable[..., Tensor | None]:
    def call(x: Tensor, *args: Any, **kwargs: Any) -> Tensor | None:
        added = add(x, *args, **kwargs)
        return None if added is None else x.add_(added)

    return call


_BY_ROW: Mapping[Any, Callable[..., Tensor | None]] = {
    torch.index_select: _select,
    torch.Tensor.index_select: _select,
    torch.Tensor.__getitem__: _getitem,
    torch.scatter_add: _new(_scatter_add),
    torch.Tensor.scatter_add: _new(_scatter_add),
    torch.Tensor.scatter_add_: _in_place(_scatter_add),
    torch.index_add: _new(_index_add),
    torch.Tensor.index_add: _new(_index_add),
    torch.Tensor.index_add_: _in_place(_index_add),
}
_KNOWN_WORDS = {"dim", "index", "src", "source"}


class fast_rows(TorchFunctionMode):  # noqa: N801
    """A context: what autograd records inside it gathers and adds rows with one index per row."""

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Takes the calls whose arguments fit, and passes on all others."""
        words = kwargs or {}
        by_row = _BY_ROW.get(func)
        if by_row is not None and words.keys() <= _KNOWN_WORDS:
            out = by_row(*args, **words)
            if out is not None:
                return out
        return func(*args, **words)
