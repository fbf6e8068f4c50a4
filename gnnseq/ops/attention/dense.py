"""Scaled dot-product attention on padded tensors: torch's fused kernels, with derivatives of every order."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import dropout as drop
from torch.nn.functional import scaled_dot_product_attention

from gnnseq.ops.transforms import needs_plain_operations


def dense_attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, causal: bool = False, dropout: float = 0.0
) -> Tensor:
    r"""Applies :math:`\mathrm{softmax}(Q K^\top / \sqrt d) V` (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762).

    It runs `torch.nn.functional.scaled_dot_product_attention`. The fused kernels have first derivatives only. Second
    derivatives, forward mode and transforms of `torch.func` use plain operations.

    Args:
        q: queries ``[B, heads, T, d]``.
        k: keys, as ``q``.
        v: values, as ``q``.
        mask: True where a query reads a key, ``[B, 1, T or 1, T]``; every query reads at least one.
        causal: whether a query reads its own step and earlier ones only; without ``mask``.
        dropout: probability of zeroing a weight.

    Returns:
        ``[B, heads, T, d]``
    """
    if needs_plain_operations():
        return _plain(q, k, v, mask, causal, dropout)
    if dropout > 0 or not torch.is_grad_enabled() or not (q.requires_grad or k.requires_grad or v.requires_grad):
        return scaled_dot_product_attention(q, k, v, mask, dropout, causal)
    out: Tensor = _Fused.apply(q, k, v, mask, causal)  # type: ignore[no-untyped-call]
    return out


def _plain(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool, dropout: float = 0.0) -> Tensor:
    scores = (q * q.size(-1) ** -0.5) @ k.transpose(-2, -1)
    if causal:
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return drop(scores.softmax(-1), dropout) @ v


class _Fused(torch.autograd.Function):
    """torch's kernel, whose backward pass runs plain operations where it is itself to be differentiated."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
        ctx.save_for_backward(q, k, v)
        ctx.mask, ctx.causal = mask, causal
        with torch.enable_grad():
            own = [part.detach().requires_grad_() for part in (q, k, v)]
            out = scaled_dot_product_attention(own[0], own[1], own[2], mask, 0.0, causal)
        ctx.inner, ctx.out = own, out
        return out.detach()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():  # create_graph=True
            q, k, v = ctx.saved_tensors
            out = _plain(q, k, v, ctx.mask, ctx.causal)
            found = torch.autograd.grad(out, (q, k, v), grads, create_graph=True)
        else:
            found = torch.autograd.grad(ctx.out, ctx.inner, grads, retain_graph=True)
        return *found, None, None
