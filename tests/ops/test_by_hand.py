"""When hand-written backward passes may run."""

import torch
from torch.testing import assert_close

from gnnseq.ops.by_hand import may_run, plain_gradients


def test_may_run_on_floats_of_one_dtype_only():
    single, double = torch.ones(1), torch.ones(1, dtype=torch.float64)
    assert may_run(single, None, single)
    assert may_run(double)
    assert not may_run(single, double)
    assert not may_run(single.half())
    with torch.autocast("cpu", torch.bfloat16):
        assert not may_run(single)
    torch._C._set_mkldnn_enabled(False)
    try:
        assert not may_run(single)
    finally:
        torch._C._set_mkldnn_enabled(True)
    seen = []
    torch.func.grad(lambda x: (seen.append(may_run(x)), x.sum())[1])(single)
    assert seen == [False]


def test_plain_gradients():
    x, y = (torch.tensor([value], dtype=torch.float64, requires_grad=True) for value in (2.0, 3.0))

    def function(x, y, nothing):
        return x * y, x**3

    with torch.no_grad():
        found = plain_gradients(function, (x, y, None), (torch.ones(1), None), (True, True, False))
    assert found[2] is None
    assert_close(found[:2], [y.detach(), x.detach()])
    recorded = plain_gradients(function, (x, y, None), (None, torch.ones(1)), (True, False, False))
    assert_close(torch.autograd.grad(recorded[0], x)[0], 6 * x.detach())
