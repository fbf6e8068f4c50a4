import torch

from gnnseq.analysis.jacobian.operation import asked, name_of, rows_of, saved_by, shapes_of
from gnnseq.analysis.jacobian.rows import fast_rows


def leaf():
    return torch.randn(4, 3, requires_grad=True)


def test_names_of_torch_ours_and_others():
    class Mul(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 3 * x

        @staticmethod
        def backward(ctx, grad):
            return 3 * grad

    assert name_of((leaf() * 2).grad_fn) == "Mul"
    assert name_of(leaf().relu().grad_fn) == "Relu"
    assert name_of(Mul.apply(leaf()).grad_fn) == ""  # its name says nothing about what it does
    with fast_rows():
        assert name_of(leaf()[torch.tensor([0, 1])].grad_fn) == "gnnseq._Select"


def test_shapes_and_what_is_saved():
    first, second = leaf().split(2)
    assert first.grad_fn is second.grad_fn
    assert shapes_of(first.grad_fn) == [(2, 3), (2, 3)]
    assert dict(saved_by(first.grad_fn))["_saved_split_size"] == 2
    assert rows_of((2, 5, 3)) == 10


def test_asked_is_the_backward_pass():
    x, y = leaf(), leaf()
    gradients = asked((x * y).grad_fn, [torch.ones(4, 3)])
    assert torch.equal(gradients[0], y)
    assert torch.equal(gradients[1], x)
    (slope,) = asked(x.tanh().grad_fn, [torch.ones(4, 3)])
    torch.testing.assert_close(slope, 1 - x.tanh().square())
