"""Gates and cells in place against autograd."""

import pytest
import torch
from torch.testing import assert_close

from gnnseq.ops.trees.nary_cells import Gates, cells, cells_backward, fold, is_zero

M, F, H = 5, 3, 4


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize("arity", [1, 2, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_gates(arity, bias):
    w_x, weight, b = random(4 * H, F), random((3 + arity) * H, arity * H), random(4 * H) if bias else None
    x, h, gates = random(M, F), random(M, arity * H), random(M, (3 + arity) * H)
    own = x @ w_x.t() + (0 if b is None else b)
    sums = torch.cat([own, *(own[:, 3 * H :],) * (arity - 1)], dim=1) + h @ weight.t()
    compute = Gates(w_x, weight, b)
    compute.write(gates, x, h)
    assert_close(gates, torch.cat([sums[:, :H].tanh(), sums[:, H:].sigmoid()], dim=1))
    expected = torch.full_like(gates, torch.nan)
    compute.write(expected, torch.zeros_like(x), h)
    compute.write(gates, None, h)
    assert_close(gates, expected)


@pytest.mark.parametrize("arity", [0, 1, 3])
def test_cells_and_their_gradients(arity):
    sums = random(M, (3 + arity) * H).requires_grad_()
    children = random(M, arity, H)
    gates = torch.cat([sums[:, :H].tanh(), sums[:, H:].sigmoid()], dim=1)
    g, i, o, f = gates.split([H, H, H, arity * H], dim=1)
    c = i * g + (f.view(M, arity, H) * children).sum(1)
    found = torch.empty(M, H, dtype=torch.float64)
    cells(gates.detach(), children, out=found)
    assert_close(found, c.detach())
    dh, dc = random(M, H), random(M, H)
    expected, total = torch.autograd.grad([o * c.tanh(), c], [sums, c], [dh, dc])
    grads = torch.empty_like(sums)
    below = children if arity else None
    assert_close(cells_backward(dh, dc, c.tanh().detach(), gates.detach(), grads, below), total)
    assert_close(grads, expected)


def test_fold():
    grads = random(M, 6 * H)
    expected = torch.cat([grads[:, : 3 * H], grads[:, 3 * H :].view(M, 3, H).sum(1)], dim=1)
    assert_close(fold(grads, H), expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], False), ([0.0, -0.0], True), ([0, 1], False), ([1, 0], False), ([0, torch.nan], False), ([0, -1], False)],
)
def test_is_zero(values, expected):
    assert is_zero(torch.tensor(values).view(-1, 1)) is expected
