from functools import partial

import pytest
import torch
from causal_models import MODELS, F, H, OneSymbol, S, build, texts
from torch import nn
from torch_geometric.data import Batch
from torch_geometric.nn import GraphConv

from gnnseq.graphs import path_batch
from gnnseq.layers import LSTM, RNN
from gnnseq.models import ConvStack, EdgeEncoder
from gnnseq.models.causal import PathRecurrence, check_causal
from gnnseq.models.causality import symbol_influence

every_model = pytest.mark.parametrize("name", MODELS)


@every_model
def test_logits_of_every_symbol(name):
    model, to_batch = MODELS[name]()
    prompts = texts(6, 2, 9)
    logits = model(to_batch(prompts))
    assert logits.shape == (17, S)
    alone = torch.cat([model(to_batch([text])) for text in prompts])
    torch.testing.assert_close(logits, alone)


@every_model
def test_no_future_symbol_influences_a_prediction(name):
    seen = torch.zeros(12, 12).double()
    for model, to_batch in (MODELS[name]() for _ in range(4)):  # a ReLU may hide a symbol in one of them
        check_causal(model, to_batch)
        seen += symbol_influence(model, torch.randint(S, (2, 6)), to_batch)
    assert (seen[:6, 6:] == 0).all()
    assert (seen[6:, :6] == 0).all()
    assert (seen[:6, :6].triu(1) == 0).all()
    assert (seen.diagonal() > 0).all()
    assert (seen.diagonal(-1)[[0, 1, 2, 3, 4, 6, 7, 8, 9, 10]] > 0).all()


@pytest.mark.parametrize(
    ("encoder", "to_batch", "named"),
    [
        (lambda: ConvStack(GraphConv, F, H, num_layers=1), partial(path_batch, direction="both"), "0 on 1, 1 on 2"),
        (lambda: ConvStack(GraphConv, F, H, num_layers=2), partial(path_batch, direction="both"), "0 on 1, 0 on 2"),
        (lambda: EdgeEncoder(LSTM(F, H)), partial(path_batch, direction="backward"), "0 on 1, 0 on 2"),
    ],
    ids=["undirected path", "undirected path, two hops", "backward path"],
)
def test_a_model_that_peeks_is_refused(encoder, to_batch, named):
    with pytest.raises(ValueError, match=f"not causal.*position {named}.*pairs in all"):
        check_causal(build(encoder()), to_batch)


def test_a_model_that_sees_one_symbol_is_causal():
    check_causal(build(OneSymbol()), path_batch)


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = LSTM(F, H, bidirectional=True)

    def forward(self, x, batch):
        return self.lstm(x, batch.edge_index)[0]


class Normalised(OneSymbol):
    """In training every symbol is divided by the standard deviation of all of them."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(F)

    def forward(self, x, batch):
        return self.linear(self.norm(x))


def test_directions_and_batch_norm_are_refused():
    with pytest.raises(ValueError, match=r"not causal.*position 0 on 1"):
        check_causal(build(Both(), features=2 * H), path_batch)
    model = build(Normalised()).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random = torch.get_rng_state()
    with pytest.raises(ValueError, match="not causal"):
        check_causal(model, path_batch)
    assert not model.training
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_texts_of_one_batch_that_see_each_other_are_refused():
    def joined(ids):
        return path_batch(ids.reshape(1, -1))

    with pytest.raises(ValueError, match=r"not causal.*position 0 on 0 of another text.*144 pairs in all"):
        check_causal(build(EdgeEncoder(LSTM(F, H))), joined)


def test_weights_that_are_not_finite_do_not_pass_for_causal():
    model = build(ConvStack(GraphConv, F, H, num_layers=1), reach=1)
    nn.init.constant_(model.head.weight, float("nan"))
    with pytest.raises(ValueError, match="not causal"):
        check_causal(model, path_batch)


def test_no_state_to_carry():
    model, to_batch = MODELS["path convolutions"]()
    assert not model.carries_state
    with pytest.raises(TypeError, match="encoder is a ConvStack, expected one with advance"):
        model.advance(to_batch(texts(3)))


def test_arguments_out_of_range():
    with pytest.raises(ValueError, match="reach is -1, expected an integer >= 0 or None"):
        build(PathRecurrence(RNN(F, H)), reach=-1)
    model, to_batch = MODELS["lstm"]()
    with pytest.raises(ValueError, match="num_steps is 1"):
        check_causal(model, to_batch, num_steps=1)


def test_a_node_for_every_symbol():
    def star(ids):
        return Batch.from_data_list([*path_batch(ids).to_data_list(), *path_batch(ids[:1]).to_data_list()])

    with pytest.raises(ValueError, match="to_batch made 36 nodes of 24 symbols"):
        check_causal(build(OneSymbol()), star)
