import pytest
import torch
from torch.func import grad, jvp, vmap

from gnnseq.ops.transforms import is_mapped, is_traced, needs_plain_operations, outside_transforms

X = torch.tensor([1.0, 2.0])


def seen_in(transform):
    """What the three questions answer inside a transform."""
    found = []

    def function(x):
        found.append((is_traced(), is_mapped(), needs_plain_operations()))
        return (x * x).sum()

    transform(function)
    assert (is_traced(), is_mapped(), needs_plain_operations()) == (False, False, False)
    return found[0]


@pytest.mark.parametrize(
    ("transform", "traced", "mapped"),
    [
        (lambda f: f(X), False, False),
        (lambda f: torch.autograd.functional.jacobian(f, X), False, False),
        (lambda f: grad(f)(X), True, False),
        (lambda f: grad(lambda x: grad(f)(x).sum())(X), True, False),
        (lambda f: vmap(f)(X.view(2, 1)), True, True),
        (lambda f: jvp(f, (X,), (X,)), True, True),
        (lambda f: vmap(grad(f))(X.view(2, 1)), True, True),
    ],
    ids=["none", "autograd", "grad", "grad of grad", "vmap", "jvp", "vmap of grad"],
)
def test_which_transforms_are_seen(transform, traced, mapped):
    assert seen_in(transform) == (traced, mapped, traced)


def test_forward_mode_outside_torch_func_needs_plain_operations():
    with torch.autograd.forward_ad.dual_level():
        assert not is_traced()
        assert needs_plain_operations()
    assert not needs_plain_operations()


def test_without_onednn_every_operation_is_plain():
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        assert needs_plain_operations()
        assert not is_traced()
    finally:
        torch._C._set_mkldnn_enabled(before)


def test_arithmetic_outside_transforms_sees_none_and_the_result_is_the_same():
    index = torch.tensor([1, 0])

    def function(x):
        with outside_transforms():
            assert not is_traced()
            places = index + 0
            assert places.tolist() == [1, 0]  # under vmap a tensor made inside it has no values to read
        assert is_traced()
        return (x[places] * torch.tensor([3.0, 5.0])).sum()

    assert vmap(grad(function))(torch.ones(4, 2)).tolist() == [[5.0, 3.0]] * 4


def test_outside_of_nothing_is_nothing():
    with outside_transforms():
        assert not is_traced()


def test_transforms_are_back_after_an_error():
    def function(x):
        with outside_transforms():
            raise KeyError
        return x

    with pytest.raises(KeyError):
        vmap(function)(X)
    assert vmap(lambda x: 2 * x)(X).tolist() == [2.0, 4.0]
