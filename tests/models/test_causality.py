from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.utils import prune, spectral_norm, weight_norm
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GraphConv
from torch_geometric.utils import to_undirected

from gnnseq.graphs import dilated_batch, path_batch
from gnnseq.layers import LSTM, GraphTransformer
from gnnseq.models import EdgeEncoder, SymbolEmbedding
from gnnseq.models.causal import PathRecurrence
from gnnseq.models.causality import check_causal, check_causal_batch
from gnnseq.models.generate import generate
from gnnseq.models.language_model import CharLanguageModel
from gnnseq.training import fit

S, F, H = 7, 3, 5
undirected = partial(path_batch, direction="both")


def both_ways(ids, y=None):
    batch = dilated_batch(ids, hops=(1, 3))
    both = Batch.from_data_list([Data(x=g.x, edge_index=to_undirected(g.edge_index)) for g in batch.to_data_list()])
    both.y = y
    return both


class Counted(EdgeEncoder):
    calls = 0
    nodes = 0

    def forward(self, x, batch):
        Counted.calls, Counted.nodes = Counted.calls + 1, max(Counted.nodes, len(x))
        return super().forward(x, batch)


def build(encoder, features=H):
    Counted.calls = Counted.nodes = 0
    return CharLanguageModel(SymbolEmbedding(S, F), encoder, nn.Linear(features, S)).double()


def texts(*lengths):
    return [torch.randint(S, (length,)) for length in lengths]


PEEKING = {
    "undirected path": (lambda: build(EdgeEncoder(GraphConv(F, H))), undirected),
    "undirected dilated path": (lambda: build(EdgeEncoder(GraphConv(F, H))), both_ways),
    "attention to all of a text": (lambda: build(EdgeEncoder(GraphTransformer(F, H, attend="graph"))), path_batch),
    "both directions": (lambda: build(EdgeEncoder(LSTM(F, H, bidirectional=True)), 2 * H), path_batch),
}


@pytest.mark.parametrize("name", PEEKING)
def test_a_model_refuses_to_peek_at_its_first_use(name):
    make, to_batch = PEEKING[name]
    batch = to_batch(texts(6, 9, 4), y=torch.zeros(19, dtype=torch.long))
    model = make()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    for use in (
        lambda: model(batch),
        lambda: fit(model, [batch], torch.optim.SGD(model.parameters(), lr=1.0)),
        lambda: generate(model, texts(4), 2, to_batch),
    ):
        with pytest.raises(ValueError, match=r"not causal.*position 0 on 1"):
            use()
    with torch.inference_mode(), pytest.raises(ValueError, match="not causal"):
        model(to_batch(texts(6, 9, 4)))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_a_causal_model_is_checked_once():
    model = build(Counted(LSTM(F, H)))
    random = torch.get_rng_state()
    for _ in range(3):
        model(path_batch(texts(5, 7)))
    assert Counted.calls == 4
    torch.set_rng_state(random)
    torch.rand(1)
    after = torch.get_rng_state()
    torch.set_rng_state(random)
    assert check_causal_batch(model, path_batch([torch.tensor([1, 2])]))
    torch.rand(1)
    assert torch.equal(torch.get_rng_state(), after)


def test_edges_to_earlier_symbols_are_checked_too():
    model = build(EdgeEncoder(GraphConv(F, H)))
    model(path_batch(texts(5, 7)))
    with pytest.raises(ValueError, match="not causal"):
        model(undirected(texts(5, 7)))


def test_another_encoder_is_checked_too():
    model = build(EdgeEncoder(GraphConv(F, H)))
    model(path_batch(texts(5)))
    model.encoder = EdgeEncoder(LSTM(F, H, bidirectional=True)).double()
    model.head = nn.Linear(2 * H, S).double()
    with pytest.raises(ValueError, match="not causal"):
        model(path_batch(texts(5)))


def test_advancing_is_checked():
    class Ahead(PathRecurrence):
        def forward(self, x, batch):
            return super().forward(x.flip(0), batch)

    with pytest.raises(ValueError, match="not causal"):
        build(Ahead(LSTM(F, H))).advance(path_batch(texts(5)))


def test_one_symbol_shows_nothing():
    model = build(EdgeEncoder(LSTM(F, H, bidirectional=True)), 2 * H)
    model(path_batch(texts(1, 1)))
    assert not check_causal_batch(model, path_batch(texts(1, 1)))
    with pytest.raises(ValueError, match="not causal"):
        model(path_batch(texts(1, 2)))


def test_texts_that_see_each_other_are_refused():
    class Mixed(EdgeEncoder):
        def forward(self, x, batch):
            return super().forward(x, batch) + x.mean()

    with pytest.raises(ValueError, match=r"not causal.*position 0 on 1"):
        build(Mixed(LSTM(F, H)))(path_batch(texts(3, 3)))

    class Linked(EdgeEncoder):
        def forward(self, x, batch):
            first = x[batch.ptr[0]]
            return super().forward(x, batch) + first.mean()

    with pytest.raises(ValueError, match=r"not causal.*position 0 on 0 of another text"):
        build(Linked(LSTM(F, H)))(path_batch(texts(3, 3)))


def test_weights_that_are_not_finite_show_nothing():
    model = build(EdgeEncoder(LSTM(F, H)))
    nn.init.constant_(model.head.weight, float("nan"))
    assert not check_causal_batch(model, path_batch(texts(5)))
    assert bool(model(path_batch(texts(5))).isnan().all())


def test_long_texts_cost_no_more_than_short_ones():
    model = build(Counted(LSTM(F, H)))
    assert check_causal_batch(model, path_batch(texts(500, 3, 500)))
    assert Counted.nodes == 64 + 3


def test_a_batch_that_cannot_be_cut():
    whole = path_batch(texts(5, 90))
    plain = Batch(x=whole.x, edge_index=whole.edge_index, batch=whole.batch, ptr=whole.ptr)
    assert check_causal_batch(build(EdgeEncoder(LSTM(F, H))), plain)
    with pytest.raises(ValueError, match=r"not causal.*position 0 on 1"):
        check_causal_batch(build(EdgeEncoder(LSTM(F, H, bidirectional=True)), 2 * H), plain)


def test_compiled_models_are_not_checked():
    model = build(EdgeEncoder(nn.Linear(F, H)))
    model.encoder.forward = lambda x, batch: model.encoder.layer(x)
    torch.func.grad(lambda w: torch.func.functional_call(model, {"head.bias": w}, (path_batch(texts(3)),)).sum())(
        torch.zeros(S).double()
    )
    assert not model._passed


def test_both_checks_agree():
    for make, to_batch in PEEKING.values():
        with pytest.raises(ValueError, match="not causal"):
            check_causal(make(), to_batch)


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
@pytest.mark.parametrize("change", [weight_norm, spectral_norm, prune.identity])
def test_weights_that_a_hook_makes(change):
    """Such weights cannot be copied; the check shares them."""
    model = build(PathRecurrence(LSTM(F, H)))
    change(model.encoder.layer.cells[0], "weight_hh")
    change(model.head, "weight")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    batch = path_batch(texts(5, 7))
    assert check_causal_batch(model, batch)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert model(batch).shape == (12, S)
    peeking = build(EdgeEncoder(LSTM(F, H, bidirectional=True)), 2 * H)
    change(peeking.head, "weight")
    with pytest.raises(ValueError, match="not causal"):
        peeking(batch)


def test_a_model_whose_weights_are_plain_tensors():
    """As those of the replicas that `torch.nn.DataParallel` makes."""
    model = build(PathRecurrence(LSTM(F, H)))
    batch = path_batch(texts(5, 7))
    expected = model(batch)
    for module in model.modules():
        for name, weight in list(module._parameters.items()):
            del module._parameters[name]
            setattr(module, name, weight * 1.0)
    model._passed.clear()
    torch.testing.assert_close(model(batch), expected)
    assert model._passed
