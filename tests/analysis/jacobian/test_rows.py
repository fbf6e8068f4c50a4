import pytest
import torch
from torch.func import vmap
from torch.testing import assert_close

from gnnseq.analysis.jacobian.rows import fast_rows

INDEX = torch.tensor([3, 0, 3, 1])

CALLS = {
    "index_select": lambda x: torch.index_select(x, 0, INDEX),
    "method index_select": lambda x: x.index_select(0, INDEX),
    "columns": lambda x: x.index_select(-1, torch.tensor([2, 2, 0])),
    "getitem": lambda x: x[INDEX],
    "index_add": lambda x: torch.ones(5, 3).double().index_add(0, INDEX, x),
    "index_add in place": lambda x: torch.zeros(5, 3).double().index_add_(0, INDEX, x),
    "scatter_add": lambda x: torch.ones(5, 3).double().scatter_add(0, INDEX.view(-1, 1).expand(4, 3), x),
    "scatter_add in place": lambda x: torch.zeros(5, 3).double().scatter_add_(0, INDEX.view(-1, 1).expand(4, 3), x),
    "scatter_add by number": lambda x: torch.zeros(4, 3).double().scatter_add(0, x.argsort(0), x),
    "mask": lambda x: x[torch.tensor([True, False, True, True])],
    "pairs": lambda x: x[INDEX, torch.tensor([0, 1, 2, 0])].view(4, 1),
    "slices": lambda x: x[1:, :2],
}


@pytest.mark.parametrize("name", CALLS)
def test_results_and_derivatives_are_torch_s(name):
    x = torch.randn(4, 3).double().requires_grad_()
    expected = CALLS[name](x)
    with fast_rows():
        found = CALLS[name](x)
    assert torch.equal(found, expected)
    vectors = torch.randn(6, *found.shape).double()
    together = vmap(lambda v: torch.autograd.grad(found, x, v, retain_graph=True)[0])(vectors)
    one_by_one = torch.stack([torch.autograd.grad(expected, x, v, retain_graph=True)[0] for v in vectors])
    assert_close(together, one_by_one)


@pytest.mark.parametrize("name", ["getitem", "scatter_add", "index_add in place"])
def test_rows_are_taken_as_a_whole(name):
    x = torch.randn(4, 3).double().requires_grad_()
    with fast_rows():
        node = CALLS[name](x).grad_fn
    names = {node.name(), *(n.name() for n, _ in node.next_functions if n is not None)}
    assert names & {"_SelectBackward", "_AddBackward"}


@pytest.mark.parametrize("name", ["getitem", "scatter_add"])
def test_second_derivatives(name):
    x = torch.randn(4, 3).double().requires_grad_()

    def function(x):
        with fast_rows():
            return CALLS[name](x.square()).tanh()

    assert torch.autograd.gradgradcheck(function, x)


def test_constants_are_left_to_torch():
    with fast_rows():
        assert torch.equal(torch.arange(4.0)[INDEX], torch.tensor([3.0, 0, 3, 1]))
        assert torch.zeros(5).index_add_(0, INDEX, torch.ones(4)).tolist() == [1, 1, 0, 2, 0]
