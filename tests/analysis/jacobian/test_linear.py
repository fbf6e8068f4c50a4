import random
from threading import Event, Thread

import numpy as np
import pytest
import torch
from analysis.dense import Stack, called, dense, paths
from torch import nn
from torch.testing import assert_close
from torch_geometric.nn import GATConv, GCNConv

from gnnseq.analysis.calls import ModelCall
from gnnseq.analysis.jacobian import linear as linear_module
from gnnseq.analysis.jacobian.linear import Linearised, decomposed, random_numbers
from gnnseq.layers import LSTM


def linearised(model, data):
    return Linearised(ModelCall(model, data))


MODELS = {"GCN": lambda: Stack(GCNConv), "GAT": lambda: Stack(GATConv), "LSTM": lambda: LSTM(3, 4)}


@pytest.mark.parametrize("name", MODELS)
def test_products_from_both_sides(name):
    model, batch = MODELS[name]().double(), paths((5, 3), both=name != "LSTM")
    blocks = dense((lambda d: called(model)(d)[0]) if name == "LSTM" else called(model), batch)  # [O, U, C, F]
    linear = linearised(model, batch)
    assert (linear.in_size, linear.out_size) == ((8, 3), (8, 4))
    tangents, cotangents = torch.randn(5, 8, 3).double(), torch.randn(5, 8, 4).double()
    assert_close(linear.push(tangents), torch.einsum("oucf,kuf->koc", blocks, tangents))
    assert_close(linear.pull(cotangents), torch.einsum("oucf,koc->kuf", blocks, cotangents))
    assert_close(linear.pull(cotangents[:1]), linear.pull(cotangents)[:1])


def test_an_output_without_features():
    linear = linearised(lambda x, edge_index: torch.ones(4, 2).double(), paths((4,)))
    assert not linear.push(torch.ones(2, 4, 3).double()).any()
    assert linear.pull(torch.ones(2, 4, 2).double()).shape == (2, 4, 3)


def test_products_one_by_one_where_torch_cannot_take_them_together():
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, grad):
            assert grad.numpy() is not None  # not possible under vmap
            return 2 * grad

    linear = linearised(lambda x, edge_index: Doubled.apply(x), paths((4,)))
    assert linear.has_custom_backward
    vectors = torch.randn(3, 4, 3).double()
    assert_close(linear.pull(vectors), 2 * vectors)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: random.random(),
        lambda: np.random.rand(),  # noqa: NPY002
        lambda: float(torch.rand(())),
    ],
    ids=["python", "numpy", "torch"],
)
def test_randomness_is_found_whatever_draws_it(draw):
    with pytest.raises(ValueError, match="two different outputs for the same batch, expected no randomness"):
        linearised(lambda x, edge_index: x * draw(), paths((4,)))


def test_random_numbers_that_change_nothing_are_let_through():
    def model(x, edge_index):
        torch.rand(3)
        return x.tanh()

    assert linearised(model, paths((4,))).out_size == (4, 3)


def test_outputs_that_are_not_finite():
    with pytest.raises(ValueError, match="model's output 1 is inf, expected finite numbers"):
        linearised(
            lambda x, edge_index: x / torch.tensor([[1.0], [0.0]]).double(), paths((2,), x=torch.ones(2, 3).double())
        )


def test_chunks_are_bounded_by_memory(monkeypatch):
    linear = linearised(Stack(GCNConv), paths((20,), dtype=torch.float32))
    assert linear.chunk(7) == 7
    monkeypatch.setattr(linear_module, "MEMORY_LIMIT", 2**20)
    most = linear.chunk()
    assert 1 <= most < 100
    with pytest.warns(UserWarning, match=rf"chunk_size 100000 could take \d+\.\d GiB, more than .*: taking {most}"):
        assert linear.chunk(100_000) == most
    with pytest.raises(ValueError, match="chunk_size is 0, expected an integer >= 1"):
        linear.chunk(0)


def test_random_numbers_are_the_same_and_never_small():
    first, second = random_numbers(torch.float64, 50, 3)
    again = random_numbers(torch.float64, 50, 3)
    assert torch.equal(first, again[0])
    assert torch.equal(second, again[1])
    assert bool(((first.abs() >= 1) & (first.abs() <= 2)).all())
    assert len(first.unique()) == 50


def test_training_statistics_are_left_alone():
    model = nn.BatchNorm1d(3)
    before = model.running_mean.clone()
    linearised(lambda x, edge_index: model.eval()(x), paths((4,), dtype=torch.float32))
    assert torch.equal(model.running_mean, before)


def test_threads_leave_the_switches_of_the_process_as_they_were():
    """The second thread waits: it would find oneDNN off, and leave it off."""
    entered, found = Event(), []

    def second():
        entered.wait()
        with decomposed():
            found.append(torch._C._get_mkldnn_enabled())

    thread = Thread(target=second)
    thread.start()
    with decomposed(), decomposed():
        entered.set()
        thread.join(0.2)
        assert thread.is_alive()
        assert found == []
    thread.join()
    assert found == [False]
    assert torch._C._get_mkldnn_enabled()
    assert torch.backends.cudnn.enabled
