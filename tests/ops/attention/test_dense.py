"""Dense attention: torch's kernel, and derivatives that it does not have."""

import pytest
import torch
from gradients import gradients
from torch.nn.functional import scaled_dot_product_attention
from torch.testing import assert_close

from gnnseq.ops.attention.dense import dense_attention

MASK = torch.rand(2, 1, 5, 5, generator=torch.Generator().manual_seed(0)) > 0.4
MASK = MASK | torch.eye(5, dtype=torch.bool)
KINDS = {"all": (None, False), "causal": (None, True), "mask": (MASK, False), "keys": (MASK[:, :, :1], False)}


def tensors():
    return [torch.randn(2, 3, 5, 4, dtype=torch.float64, requires_grad=True) for _ in range(3)]


def with_loops(q, k, v, mask, causal):
    rows = []
    for t in range(5):
        seen = torch.ones(2, 1, 5, dtype=torch.bool) if mask is None else mask.expand(2, 1, 5, 5)[:, :, t]
        seen = seen & (torch.arange(5) <= t) if causal else seen
        weight = torch.stack([(q[:, :, t] * k[:, :, u]).sum(-1) for u in range(5)], dim=-1).div(2).exp() * seen
        rows.append(((weight / weight.sum(-1, keepdim=True)).unsqueeze(-1) * v).sum(2))
    return torch.stack(rows, dim=2)


@pytest.mark.parametrize(("mask", "causal"), KINDS.values(), ids=KINDS)
def test_agrees_with_the_loop_and_the_kernel(mask, causal):
    inputs = tensors()
    out = dense_attention(*inputs, mask, causal)
    for expected in (with_loops(*inputs, mask, causal), scaled_dot_product_attention(*inputs, mask, 0.0, causal)):
        assert_close(out, expected)
        assert_close(gradients([out], inputs), gradients([expected], inputs))
    with torch.no_grad():
        assert_close(dense_attention(*inputs, mask, causal), out)


@pytest.mark.parametrize(("mask", "causal"), KINDS.values(), ids=KINDS)
def test_second_derivatives(mask, causal):
    inputs = tensors()
    assert torch.autograd.gradgradcheck(lambda *given: dense_attention(*given, mask, causal), inputs, fast_mode=True)


def test_torch_s_kernel_has_no_second_derivatives():
    """The reason for a backward pass of our own; where torch has them, `dense_attention` is one line."""
    inputs = tensors()
    with pytest.raises(RuntimeError, match=r"derivative for .* is not implemented"):
        torch.autograd.gradgradcheck(scaled_dot_product_attention, inputs, fast_mode=True)


@pytest.mark.parametrize(("mask", "causal"), KINDS.values(), ids=KINDS)
def test_forward_mode(mask, causal):
    assert torch.autograd.gradcheck(
        lambda *given: dense_attention(*given, mask, causal), tensors(), fast_mode=True, check_forward_ad=True
    )


def test_gradients_twice_from_one_graph_and_of_one_input():
    q, k, v = (part.detach() for part in tensors())
    k.requires_grad_()
    out = dense_attention(q, k, v, causal=True)
    first, second = (torch.autograd.grad(out.sum(), k, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)
    assert first.abs().max() > 0


def test_dropout_of_weights():
    q, k, v = tensors()
    torch.manual_seed(1)
    out = dense_attention(q, k, v, dropout=0.5)
    torch.manual_seed(1)
    assert_close(out, scaled_dot_product_attention(q, k, v, dropout_p=0.5))
    with torch.autograd.forward_ad.dual_level():  # plain operations
        many = torch.stack([dense_attention(q, k, v, dropout=0.5) for _ in range(4000)]).mean(0)
    assert_close(many, dense_attention(q, k, v), atol=0.2, rtol=0)
