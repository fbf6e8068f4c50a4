"""How much work a run does: FLOPs of its matrix products, bytes that its operations read and write."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class _Counter(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.flops = 0.0
        self.bytes = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if func.is_view:
            return out
        packet = _out_of_place(func._overloadpacket)
        if packet in flop_registry and not _any_sparse(args):
            self.flops += flop_registry[packet](*args, **(kwargs or {}), out_val=out)
        self.bytes += _bytes(args) + _bytes(out)
        return out


def count(run: Callable[[], object]) -> tuple[float, float]:
    """FLOPs of all dense matrix products, and bytes of the operands and results of all operations that are not views.

    Fused recurrent kernels count as one operation, without FLOPs.
    """
    with _Counter() as counter:
        run()
    return counter.flops, counter.bytes


def _out_of_place(packet: Any) -> Any:
    """aten.addmm for aten.addmm_, since only the former has a formula."""
    name = str(packet).removeprefix("aten.")
    return getattr(torch.ops.aten, name[:-1]) if name in ("addmm_", "baddbmm_") else packet


def _tensors(values: Any) -> list[Tensor]:
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, tuple | list):
        return [tensor for value in values for tensor in _tensors(value)]
    return []


def _any_sparse(values: Any) -> bool:
    return any(tensor.layout != torch.strided for tensor in _tensors(values))


def _bytes(values: Any) -> int:
    return sum(t.numel() * t.element_size() for t in _tensors(values) if t.layout == torch.strided)
