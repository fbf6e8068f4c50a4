"""`linear_scan` as one operator of torch, which `torch.compile` calls as it is, forward and backward.

An operator takes tensors and numbers, so a schedule comes as its ``id``.
"""

from typing import Any

import torch
from torch import Tensor

from gnnseq.ops.schedule import Schedule


@torch.library.custom_op("gnnseq::linear_scan", mutates_args=())
def linear_operator(gate: Tensor, b: Tensor, edge_index: Tensor, schedule: int, reverse: bool) -> Tensor:
    r""":math:`h_v = b_v + \sum_{u \to v} a_{uv} \odot h_u`.

    Args:
        gate: of each edge ``[E, H]``.
        b: ``[N, H]``.
        edge_index: edges of the schedule ``[2, E]``, which the derivative reads.
        schedule: ``id`` of a `Schedule` on which ``prepare()`` was called.
        reverse: whether edges are turned round.
    """
    order = Schedule.prepared[schedule]
    out: Tensor = (order.reversed() if reverse else order).linear_plan.solve(gate, b)
    return out


@linear_operator.register_fake
def _(gate: Tensor, b: Tensor, edge_index: Tensor, schedule: int, reverse: bool) -> Tensor:
    return torch.empty_like(b)


def _save(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, int, bool], output: Tensor) -> None:
    gate, _, edge_index, ctx.schedule, ctx.reverse = inputs
    ctx.save_for_backward(gate, output, edge_index)


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, None, None, None]:
    gate, h, edge_index = ctx.saved_tensors
    source, target = edge_index.flip(0) if ctx.reverse else edge_index
    d = linear_operator(gate.conj(), grad.contiguous(), edge_index, ctx.schedule, not ctx.reverse)
    if not ctx.needs_input_grad[0]:
        return None, d, None, None, None
    return d.index_select(0, target) * h.index_select(0, source).conj(), d, None, None, None


linear_operator.register_autograd(_backward, setup_context=_save)
