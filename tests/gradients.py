"""Comparing outputs and gradients of two ways to compute the same."""

import torch
from torch.testing import assert_close


def gradients(outputs, inputs):
    """Gradients of a fixed random projection of the outputs, zeros where nothing flows."""
    generator = torch.Generator().manual_seed(1)
    loss = sum((out * torch.randn(out.shape, generator=generator, dtype=out.dtype)).sum() for out in outputs)
    found = torch.autograd.grad(loss, inputs, allow_unused=True, retain_graph=True)
    return [torch.zeros_like(i) if g is None else g for g, i in zip(found, inputs, strict=True)]


def assert_same(left, right, inputs):
    """The outputs `left` and `right` agree, and so do their gradients with respect to `inputs`."""
    assert len(left) == len(right) > 0
    for one, other in zip(left, right, strict=True):
        assert_close(one, other)
    assert len(inputs) > 0
    for one, other in zip(gradients(left, inputs), gradients(right, inputs), strict=True):
        assert_close(one, other)
