import pytest
import torch
from torch import nn

from gnnseq.analysis.jacobian.pattern import existence


def gradients(out, x, opened=False):
    with existence(out, opened):
        return torch.autograd.grad(out.sum(), x, retain_graph=True)[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("exponent", [-15, 15])
def test_neither_underflow_nor_overflow(dtype, exponent):
    x = torch.zeros(3, dtype=dtype, requires_grad=True)
    out = x * torch.tensor([1.0, 0.0, 1.0], dtype=dtype)
    for _ in range(40):
        out = out * 10.0**exponent
    plain = torch.autograd.grad(out.sum(), x, retain_graph=True)[0]
    assert bool(plain[0] == 0) or bool(plain[0].isinf())
    found = gradients(out, x)
    assert bool(found.isfinite().all())
    assert (found != 0).tolist() == [True, False, True]
    after = torch.autograd.grad(out.sum(), x)[0]
    assert torch.equal(after.nan_to_num(), plain.nan_to_num())  # without the hooks it is as before


ZERO_SLOPES = [(nn.ReLU(), -1.0), (nn.Sigmoid(), 1e3), (nn.Tanh(), 1e3), (nn.Hardtanh(), 5.0), (nn.GELU(), -1e3)]


@pytest.mark.parametrize(("activation", "at"), ZERO_SLOPES)
def test_shut_and_saturated_units_are_opened_on_demand(activation, at):
    x = torch.full((2,), at, dtype=torch.float64, requires_grad=True)
    out = activation(x) * torch.tensor([1.0, 0.0])
    assert not gradients(out, x).any()
    assert (gradients(out, x, opened=True) != 0).tolist() == [True, False]


def test_many_vectors_at_once():
    x = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    out = x.cumsum(0) * 1e-200 * 1e-200
    with existence(out):
        found = torch.func.vmap(lambda v: torch.autograd.grad(out, x, v, retain_graph=True)[0])(torch.eye(4).double())
    assert torch.equal(found != 0, torch.ones(4, 4, dtype=torch.bool).tril())
