"""Reductions over consecutive rows; the one place where torch-scatter is used, through PyG."""

import torch
from torch import Tensor
from torch_geometric.typing import WITH_TORCH_SCATTER
from torch_geometric.utils import segment as _segment

from gnnseq.ops.transforms import in_float32, is_captured, is_recorded, is_traced, require


def segment(x: Tensor, ptr: Tensor, reduce: str) -> Tensor:
    """Reduces the rows ``ptr[i] .. ptr[i + 1] - 1`` of ``x`` to one row each.

    With torch-scatter installed PyG runs its ``segment_csr`` kernels, deterministic on a GPU; without it, and inside
    `torch.compile` and `torch.func`, torch's scatter. Sums and means on the CPU go through ``index_add``, which is the
    faster one there.

    Args:
        x: rows ``[N, ...]``, float.
        ptr: bounds ``[B + 1]``, ascending, from 0 to N.
        reduce: "sum", "mean", "max" or "min"; an empty segment gives zeros.

    Returns:
        ``[B, ...]``

    Raises:
        ValueError: for another ``reduce``, or bounds that do not cover ``x``.
    """
    if reduce not in ("sum", "mean", "max", "min"):
        raise ValueError(f'reduce is {reduce!r}, expected "sum", "mean", "max" or "min"')
    check_bounds(ptr, x)
    size = ptr.diff()
    with_scatter = WITH_TORCH_SCATTER and not is_traced() and not x.is_meta
    if reduce in ("sum", "mean") and (x.device.type == "cpu" or not with_scatter):
        owner, dtype = _owner(ptr, x.size(0)), x.dtype
        x = in_float32(x) if reduce == "mean" else x
        total = x.new_zeros(size.size(0), *x.shape[1:]).index_add(0, owner, x)
        return total if reduce == "sum" else (total / size.clamp(min=1).view(-1, *[1] * (x.dim() - 1))).to(dtype)
    if not with_scatter:
        return _scattered(x, ptr, reduce)
    out: Tensor = _segment(x, ptr, reduce)
    empty = (size == 0).view(-1, *[1] * (x.dim() - 1))
    return out.masked_fill(empty, 0.0) if is_recorded() or bool(empty.any()) else out


def check_bounds(ptr: Tensor, x: Tensor, empty: bool = True) -> None:
    """Raises a ``ValueError`` unless ``ptr`` ``[B + 1]`` bounds consecutive rows of ``x``.

    Tensors on "meta" and code under `torch.jit.trace` are not checked; `torch.compile` checks when the program runs.

    Args:
        ptr: the bounds.
        x: the rows ``[N, ...]``.
        empty: whether a graph may have no rows.
    """
    if torch.compiler.is_compiling():
        ascending = (ptr.diff() >= (0 if empty else 1)).all()
        message = "ptr is given, expected ascending bounds of consecutive rows, from 0 to the rows of x"
        require((ptr[0] == 0) & (ptr[-1] == x.size(0)) & ascending, message)
    if is_captured() or ptr.is_meta:
        return
    if ptr.dim() != 1 or ptr.numel() == 0:
        raise ValueError(f"ptr has shape {list(ptr.shape)}, expected [B + 1], bounds of B graphs")
    if int(ptr[0]) != 0 or int(ptr[-1]) != x.size(0):
        raise ValueError(f"ptr runs from {int(ptr[0])} to {int(ptr[-1])}, expected from 0 to {x.size(0)} rows of x")
    size = ptr.diff()
    if bool((size < 0).any()):
        raise ValueError("ptr is not ascending, expected bounds of consecutive rows")
    if not empty and bool((size < 1).any()):
        graph = int((size < 1).nonzero()[0])
        raise ValueError(f"ptr says that graph {graph} has no nodes, expected at least one to read out")


def _owner(ptr: Tensor, num_rows: int) -> Tensor:
    """The segment of each row ``[N]``; where code is recorded, by operations that ONNX has."""
    if not is_recorded():
        return torch.repeat_interleave(ptr.diff(), output_size=num_rows)
    ends = ptr[1:]
    return ptr.new_zeros(num_rows + 1).index_add(0, ends, torch.ones_like(ends)).cumsum(0)[:num_rows]


def _scattered(x: Tensor, ptr: Tensor, reduce: str) -> Tensor:
    """Max and min by torch's scatter, which has derivatives of all kinds; its ``segment_reduce`` has not."""
    owner = _owner(ptr, x.size(0)).view(-1, *[1] * (x.dim() - 1)).expand_as(x)
    zeros = torch.zeros(ptr.size(0) - 1, *x.shape[1:], dtype=x.dtype, device=x.device)
    return zeros.scatter_reduce(0, owner, x, f"a{reduce}", include_self=False)
