"""What all recurrences that are linear in their states keep: states handed over, and input that is refused."""

from functools import partial

import pytest
import torch
from dags import path_edges
from torch.testing import assert_close

from gnnseq.layers import DeltaNet, GatedLinearAttention, MinGRU, MinLSTM

MATRIX = {
    **{f"linear attention, {decay}": partial(GatedLinearAttention, heads=2, decay=decay)
       for decay in ("vector", "scalar", "none")},
    "DeltaNet": partial(DeltaNet, heads=2),
    "signed DeltaNet": partial(DeltaNet, heads=2, signed=True),
}  # fmt: skip
VECTOR = {
    "MinGRU": MinGRU,
    "signed MinGRU": partial(MinGRU, signed=True),
    "MinLSTM": MinLSTM,
    "signed MinLSTM": partial(MinLSTM, signed=True),
}
LAYERS = VECTOR | MATRIX
every = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


@every
def test_state_is_handed_over(make):
    layer = make(3, 4, num_layers=2).double()
    x = torch.randn(2, 9, 3, dtype=torch.float64)
    whole, last = layer(x.flatten(0, 1), path_edges([9, 9]))
    first, state = layer(x[:, :5].flatten(0, 1), path_edges([5, 5]))
    rest, state = layer(x[:, 5:].flatten(0, 1), path_edges([4, 4]), state)
    assert_close(torch.cat([first.view(2, 5, 4), rest.view(2, 4, 4)], dim=1), whole.view(2, 9, 4))
    assert_close(state, last)


@every
@pytest.mark.parametrize(
    ("x", "edges", "state", "message"),
    [
        (torch.ones(3, 2), path_edges([3]), None, r"x has shape \[3, 2\], expected \[N, 3\]"),
        (torch.ones(0, 3), path_edges([1]), None, "x has no nodes, expected at least one"),
        (torch.ones(2, 3), torch.tensor([[0, 1], [1, 0]]), None, "edge_index has a cycle"),
        (torch.ones(3, 3), path_edges([3]), torch.ones(1, 2, 4), r"state has shapes \[\[1, 2, 4\]\], expected 1 of"),
        (torch.ones(3, 3).double(), path_edges([3]), None, "x has dtype torch.float64, expected torch.float32"),
    ],
)
def test_bad_input(make, x, edges, state, message):
    with pytest.raises(ValueError, match=message):
        make(3, 4)(x, edges, state)


@pytest.mark.parametrize("make", VECTOR.values(), ids=VECTOR)
def test_a_state_of_another_dtype(make):
    with pytest.raises(ValueError, match=r"state has dtype torch.float64, expected"):
        make(3, 4)(torch.ones(3, 3), path_edges([3]), torch.ones(1, 1, 4).double())


@pytest.mark.parametrize("make", MATRIX.values(), ids=MATRIX)
def test_a_vector_is_no_state_of_a_matrix(make):
    with pytest.raises(ValueError, match=r"state has shapes \[\[1, 1, 4\]\], expected 1 of"):
        make(3, 4)(torch.ones(3, 3), path_edges([3]), torch.ones(1, 1, 4))
