"""Segment reductions against a loop, with and without torch-scatter."""

import pytest
import torch
from torch.testing import assert_close

from gnnseq.ops import segment


@pytest.mark.parametrize("reduce", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
@pytest.mark.parametrize("sizes", [[2, 3, 1], [3, 0, 2, 0], [0, 4], [5]])
def test_segments(reduce, shape, sizes):
    x = torch.randn(sum(sizes), *shape, dtype=torch.float64, requires_grad=True)
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    take = {
        "sum": lambda r: r.sum(0),
        "mean": lambda r: r.mean(0),
        "max": lambda r: r.amax(0),
        "min": lambda r: r.amin(0),
    }
    expected = torch.stack([take[reduce](part) if len(part) else x.new_zeros(shape) for part in x.split(sizes)])
    out = segment(x, ptr, reduce)
    assert_close(out, expected)
    weight = torch.randn_like(expected)
    assert_close(
        torch.autograd.grad((out * weight).sum(), x),
        torch.autograd.grad((expected * weight).sum(), x),
    )


def test_bad_input():
    x = torch.ones(3, 2)
    with pytest.raises(ValueError, match='reduce is \'median\', expected "sum", "mean", "max" or "min"'):
        segment(x, torch.tensor([0, 3]), "median")
    with pytest.raises(ValueError, match="ptr runs from 0 to 2, expected from 0 to 3 rows of x"):
        segment(x, torch.tensor([0, 2]), "sum")
    with pytest.raises(ValueError, match=r"ptr is not ascending, expected bounds of consecutive rows"):
        segment(x, torch.tensor([0, 2, 1, 3]), "sum")
