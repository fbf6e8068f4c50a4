import contextlib

import pytest
import torch
from analysis.dense import path, paths
from torch import nn
from torch_geometric.data import Batch, Data

from gnnseq.analysis.calls import ModelCall, call_model, in_double


def symbols():
    return Batch.from_data_list([Data(x=torch.tensor([1, 2, 3]), edge_index=path(3)) for _ in range(2)])


def test_arguments_by_name_by_place_and_as_a_whole():
    data = paths((3, 2), edge_weight=torch.ones(6), height=torch.tensor(7))
    assert call_model(lambda data: data, data) is data
    assert call_model(lambda graph: graph, data) is data
    assert call_model(lambda x, edge_index, height: (x, edge_index, height), data)[2] is data.height
    assert call_model(lambda h, e: (h, e), data) == (data.x, data.edge_index)
    assert call_model(lambda x, edge_weight=None, depth=3: depth, data) == 3
    assert call_model(lambda x, batch: batch, data) is data.batch

    def annotated(x, everything: Batch):
        return everything

    assert call_model(annotated, data) is data
    with pytest.raises(ValueError, match="model needs colour, which data does not hold"):
        call_model(lambda x, edge_index, colour: x, data)


def test_features_are_the_floats_of_x():
    data = paths((3, 2))
    call = ModelCall(lambda x, edge_index: x, data)
    assert torch.equal(call.features(), data.x)
    assert torch.equal(call(2 * data.x), 2 * data.x)
    assert torch.equal(call.rows(data.x)[1], data.batch)


def test_features_are_what_the_embedding_gives_first():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(5, 2)

        def forward(self, data):
            return torch.cat([self.embedding(data.x), self.embedding(data.x)], dim=-1)

    model, data = Twice(), symbols()
    call = ModelCall(model, data)
    assert torch.equal(call.features(), model.embedding(data.x))
    out = call(torch.zeros(6, 2))
    assert not out[:, :2].any()
    assert torch.equal(out[:, 2:], model.embedding(data.x))
    assert not model.embedding._forward_hooks


@pytest.mark.parametrize(
    ("shape", "rows", "graphs"),
    [
        ((6, 4), 6, [0, 0, 0, 1, 1, 1]),
        ((2, 3, 4), 6, [0, 0, 0, 1, 1, 1]),
        ((2, 5), 2, [0, 1]),
        ((6,), 6, [0] * 3 + [1] * 3),
    ],
)
def test_rows_of_an_output(shape, rows, graphs):
    call = ModelCall(lambda x, edge_index: x, paths((3, 3)))
    out, graph = call.rows(torch.zeros(shape))
    assert out.shape[0] == rows
    assert out.dim() == 2
    assert graph.tolist() == graphs


def test_the_batch_is_left_as_it_was():
    data = paths((3, 2), dtype=torch.float32)
    model = nn.Linear(3, 2).double()
    call = ModelCall(lambda x, edge_index: model(x.double()), data)
    call(torch.zeros(5, 3))
    assert data.x.dtype == torch.float32
    assert ModelCall(model, data).data.x.dtype == torch.float64


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        (lambda x, edge_index: x, symbols(), "has no nn.Embedding, expected floats or inputs=module"),
        (lambda x, edge_index: x, Data(edge_index=path(2), num_nodes=2), "data has no x"),
        (lambda x, edge_index: [x], paths((2,)), "model returns a list"),
        (lambda x, edge_index: x[:2], paths((3,)), r"shape \[2, 3\], expected one row for each of 3 nodes or 1 graphs"),
        (lambda x, edge_index: x.sum(), paths((3,)), r"shape \[\], expected one row"),
    ],
)
def test_bad_input(model, data, message):
    def run():
        call = ModelCall(model, data)
        call.rows(call(call.features()))

    with pytest.raises(ValueError, match=message):
        run()


def test_features_of_another_number_of_nodes():
    data = Data(x=torch.ones(4, 2), edge_index=path(3), num_nodes=3)
    with pytest.raises(ValueError, match=r"features have shape \[4, 2\], expected 3 nodes"):
        ModelCall(lambda x, edge_index: x, data).features()
    whole = nn.Identity()
    with pytest.raises(ValueError, match=r"inputs gives torch\.int64, expected features that are floats"):
        ModelCall(lambda data: whole(data.x), symbols(), inputs=whole).features()


class Remembers(nn.Module):
    """Keeps what it computed at its first call, as PyG's cached convolutions do, and replaces a buffer at each."""

    def __init__(self):
        super().__init__()
        self.weight, self.cache = nn.Parameter(torch.zeros(3)), None
        self.register_buffer("last", torch.zeros(1))

    def forward(self, x):
        self.cache = x if self.cache is None else self.cache
        self.last, self.new = x[:1], x
        return x * self.weight


def test_in_double_for_a_while():
    module = nn.Sequential(Remembers(), nn.Dropout(0.5)).train()
    first = module[0]
    weight, last = first.weight, first.last
    out = module(torch.ones(2, 3)).sum()
    first.cache, first.last = None, last
    del first.new
    with contextlib.suppress(KeyError), in_double(module, any_weights=True):
        assert not module.training
        assert first.weight is weight
        assert weight.dtype == torch.float64
        assert weight.all()
        assert module(torch.ones(2, 3).double()).dtype == torch.float64
        raise KeyError
    assert module.training
    assert module[1].training
    assert first.weight is weight
    assert (weight.dtype, bool(weight.any())) == (torch.float32, False)
    assert (first.cache, first.last, hasattr(first, "new")) == (None, last, False)
    out.backward()  # what was recorded before still has its weights
    assert weight.grad.dtype == torch.float32


def test_what_is_no_module_is_left_alone():
    with in_double(lambda x: x):
        pass
