from functools import partial

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch
from torch_geometric.nn import GCNConv, GraphConv

from gnnseq.graphs import dilated_batch, path_batch
from gnnseq.layers import GCN, GCRN, GRU, LSTM, RNN
from gnnseq.models import ConvStack, EdgeEncoder, SymbolEmbedding
from gnnseq.models.causal import PathRecurrence, SymbolGraphEncoder, check_causal, influence
from gnnseq.models.generate import Sampling, generate, greedy
from gnnseq.models.language_model import CharLanguageModel

S, F, H = 7, 3, 5
dilated = partial(dilated_batch, hops=(1, 2, 4))
RING = torch.tensor([[*range(S), *[(n + 1) % S for n in range(S)]], [*[(n + 1) % S for n in range(S)], *range(S)]])


def build(encoder, reach=None, features=H):
    return CharLanguageModel(SymbolEmbedding(S, F), encoder, nn.Linear(features, S), reach).double()


def symbol_graph(layer):
    return SymbolGraphEncoder(layer, S, RING, torch.rand(2 * S).double() + 0.5)


class StackedGCN(nn.Module):
    """PyG's convolution, whose degrees depend on where a window begins."""

    def __init__(self):
        super().__init__()
        self.convs = ConvStack(GCNConv, F, H, num_layers=3)

    def forward(self, x, batch):
        return self.convs(x, batch)


MODELS = {
    "rnn": lambda: (build(PathRecurrence(RNN(F, H, num_layers=2))), path_batch),
    "gru": lambda: (build(PathRecurrence(GRU(F, H, num_layers=2))), path_batch),
    "lstm": lambda: (build(PathRecurrence(LSTM(F, H, num_layers=2))), path_batch),
    "gcrn": lambda: (build(symbol_graph(GCRN(F, H, K=2)), features=2 * H), path_batch),
    "lstm, read again": lambda: (build(EdgeEncoder(LSTM(F, H))), path_batch),
    "path convolutions": lambda: (build(ConvStack(GraphConv, F, H, num_layers=3), reach=3), path_batch),
    "dilated convolutions": lambda: (build(ConvStack(GraphConv, F, H, num_layers=2), reach=8), dilated),
    "gcn": lambda: (build(EdgeEncoder(GCN(F, H, num_layers=2)), reach=3), path_batch),
    "gcn of pyg": lambda: (build(StackedGCN(), reach=4), path_batch),
}
CARRYING = ["rnn", "gru", "lstm", "gcrn"]
READING = [name for name in MODELS if name not in CARRYING]
every_model = pytest.mark.parametrize("name", MODELS)


def texts(*lengths):
    return [torch.randint(S, (length,)) for length in lengths]


def recomputed(model, prompts, length, to_batch, pick):
    """The slow reference: reads everything again for every symbol, one text at a time."""
    rows = []
    for text in prompts:
        for _ in range(length):
            with torch.no_grad():
                logits = model(to_batch(text.unsqueeze(0)))[-1:]
            text = torch.cat([text, pick(logits, None)])
        rows.append(text[-length:])
    return torch.stack(rows)


class Counted(nn.Module):
    """An encoder that counts the nodes it reads in every call."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.nodes = []

    def forward(self, x, batch):
        self.nodes.append(len(x))
        return self.encoder(x, batch)


class CountedState(Counted):
    def advance(self, x, batch, state):
        self.nodes.append(len(x))
        return self.encoder.advance(x, batch, state)


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
        seen += influence(model, torch.randint(S, (2, 6)), to_batch)
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


class OneSymbol(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(F, H)

    def forward(self, x, batch):
        return self.linear(x)


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


def test_no_state_to_carry_both_ways():
    with pytest.raises(ValueError, match="expected one direction"):
        PathRecurrence(LSTM(F, H, bidirectional=True))
    with pytest.raises(TypeError, match="layer is a Linear, expected an RNN, GRU or LSTM"):
        PathRecurrence(nn.Linear(F, H))


@pytest.mark.parametrize("name", CARRYING)
def test_reading_in_pieces_is_reading_at_once(name):
    model, to_batch = MODELS[name]()
    assert model.carries_state
    ids = torch.randint(S, (3, 9))
    whole = model(to_batch(ids)).view(3, 9, S)
    first, state = model.advance(to_batch(ids[:, :5]))
    parts = [first.view(3, 5, S)]
    for step in range(5, 9):
        logits, state = model.advance(to_batch(ids[:, step : step + 1]), state)
        parts.append(logits.view(3, 1, S))
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)


def test_no_state_to_carry():
    model, to_batch = MODELS["path convolutions"]()
    assert not model.carries_state
    with pytest.raises(TypeError, match="encoder is a ConvStack, expected one with advance"):
        model.advance(to_batch(texts(3)))


@every_model
def test_generation_equals_recomputing_everything(name):
    model, to_batch = MODELS[name]()
    prompts = texts(1, 14, 4)
    assert torch.equal(generate(model, prompts, 12, to_batch), recomputed(model, prompts, 12, to_batch, greedy))


@every_model
def test_logits_while_generating_are_those_of_the_whole_text(name):
    model, to_batch = MODELS[name]()
    prompt, noted = torch.randint(S, (1, 11)), []

    def note(logits, generator):
        noted.append(logits)
        return logits.argmin(-1)

    added = generate(model, prompt, 9, to_batch, note)
    whole = model(to_batch(torch.cat([prompt, added], dim=1)))[10:-1]
    torch.testing.assert_close(torch.cat(noted), whole)


@pytest.mark.parametrize("name", CARRYING)
def test_a_carried_state_reads_every_symbol_once(name):
    model, to_batch = MODELS[name]()
    model.encoder = CountedState(model.encoder)
    generate(model, texts(8, 5), 20, to_batch)
    assert model.encoder.nodes == [13] + [2] * 19


@pytest.mark.parametrize("name", ["path convolutions", "dilated convolutions", "gcn"])
def test_others_read_no_further_than_their_reach(name):
    model, to_batch = MODELS[name]()
    model.encoder = Counted(model.encoder)
    assert not model.carries_state
    generate(model, texts(8), 30, to_batch)
    assert max(model.encoder.nodes) == model.encoder.nodes[-1] == model.reach + 1


@pytest.mark.parametrize(
    "pick", [Sampling(), Sampling(0.5), Sampling(2.0, top_k=3), Sampling(top_p=0.7), Sampling(1.3, 4, 0.9)], ids=str
)
def test_a_generator_decides_what_is_drawn(pick):
    model, to_batch = MODELS["lstm"]()
    prompt = torch.randint(S, (4, 3))

    def draw(seed):
        return generate(model, prompt, 25, to_batch, pick, torch.Generator().manual_seed(seed))

    before = torch.get_rng_state()
    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))
    assert torch.equal(torch.get_rng_state(), before)


def test_training_goes_on_as_before():
    model, to_batch = MODELS["lstm"]()
    model.encoder.layer.dropout = 0.5
    prompt = texts(4)
    once = generate(model.train(), prompt, 20, to_batch)
    assert model.training
    assert torch.equal(once, generate(model.eval(), prompt, 20, to_batch))
    assert not model.training
    assert all(p.grad is None for p in model.parameters())


def test_greedy_takes_the_first_of_the_likeliest():
    assert greedy(torch.tensor([[0.0, 2.0, 2.0], [3.0, 2.0, 1.0]])).tolist() == [1, 0]


LOGITS = torch.tensor([[0.4, 0.1, 0.3, 0.2], [0.05, 0.05, 0.1, 0.8]], dtype=torch.float64).log()


@pytest.mark.parametrize(
    ("pick", "expected"),
    [
        (Sampling(), [[0.4, 0.1, 0.3, 0.2], [0.05, 0.05, 0.1, 0.8]]),
        (Sampling(0.5), [[16 / 30, 1 / 30, 9 / 30, 4 / 30], [1 / 262, 1 / 262, 4 / 262, 256 / 262]]),
        (Sampling(top_k=2), [[4 / 7, 0, 3 / 7, 0], [0, 0, 1 / 9, 8 / 9]]),
        (Sampling(top_k=9), [[0.4, 0.1, 0.3, 0.2], [0.05, 0.05, 0.1, 0.8]]),
        (Sampling(top_p=0.65), [[4 / 7, 0, 3 / 7, 0], [0, 0, 0, 1]]),
        (Sampling(top_p=1e-9), [[1, 0, 0, 0], [0, 0, 0, 1]]),
        (Sampling(top_k=3, top_p=0.5), [[4 / 7, 0, 3 / 7, 0], [0, 0, 0, 1]]),
        (Sampling(1e-3), [[1, 0, 0, 0], [0, 0, 0, 1]]),
    ],
    ids=str,
)  # fmt: skip
def test_probabilities_that_are_drawn_from(pick, expected):
    torch.testing.assert_close(pick.probabilities(LOGITS), torch.tensor(expected, dtype=torch.float64))
    many = LOGITS.repeat(4000, 1)
    drawn = nn.functional.one_hot(pick(many, torch.Generator().manual_seed(0)), 4).view(4000, 2, 4).double().mean(0)
    torch.testing.assert_close(drawn, torch.tensor(expected, dtype=torch.float64), atol=0.03, rtol=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": 0.0}, "temperature is 0.0, expected a positive number"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"top_k": 0}, "top_k is 0, expected an integer >= 1"),
        ({"top_p": 0.0}, "top_p is 0.0, expected 0 < top_p <= 1"),
        ({"top_p": 1.5}, "top_p is 1.5"),
    ],
)
def test_sampling_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        Sampling(**arguments)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ([], "prompt has no texts"),
        ([torch.tensor([1]), torch.tensor([], dtype=torch.long)], "prompt 1 is empty"),
        (torch.zeros(2, 0, dtype=torch.long), "prompt 0 is empty"),
        ([torch.tensor([1, S])], f"prompt 0 has symbol {S} at position 1, expected 0 to {S - 1}"),
        ([torch.tensor([-1])], "prompt 0 has symbol -1 at position 0"),
        ([torch.tensor([0.5])], "prompt 0 is torch.float32"),
        (torch.tensor([1, 2]), r"prompt 0 is torch.int64 \[\]"),
    ],
)
def test_prompts_that_cannot_be_read(prompt, message):
    model, to_batch = MODELS["lstm"]()
    with pytest.raises(ValueError, match=message):
        generate(model, prompt, 3, to_batch)


def test_nothing_to_generate():
    model, to_batch = MODELS["lstm"]()
    with pytest.raises(ValueError, match="length is 0, expected an integer >= 1"):
        generate(model, texts(3), 0, to_batch)
    with pytest.raises(ValueError, match="reach is -1"):
        build(PathRecurrence(RNN(F, H)), reach=-1)
    with pytest.raises(ValueError, match="num_steps is 1"):
        check_causal(model, to_batch, num_steps=1)


def test_logits_that_are_not_finite():
    model, to_batch = MODELS["lstm"]()
    nn.init.constant_(model.head.bias, float("inf"))
    with pytest.raises(ValueError, match="logits are not finite"):
        generate(model.train(), texts(3), 2, to_batch)
    assert model.training


def test_a_node_for_every_symbol():
    def star(ids):
        return Batch.from_data_list([*path_batch(ids).to_data_list(), *path_batch(ids[:1]).to_data_list()])

    with pytest.raises(ValueError, match="to_batch made 36 nodes of 24 symbols"):
        check_causal(build(OneSymbol()), star)


def test_the_graph_of_symbols_is_a_gcrn_over_time():
    layer = GCRN(F, H, K=2).double()
    encoder = symbol_graph(layer).double()
    ids, x = torch.tensor([[2, 5, 2, 0]]), torch.randn(4, F).double()
    signal = torch.zeros(S, 4, F).double()
    for step, symbol in enumerate(ids[0].tolist()):
        signal[symbol, step] = x[step]
    out = layer(signal, RING, encoder.edge_weight)[0]
    expected = torch.cat([torch.stack([out[n, t] for t, n in enumerate(ids[0].tolist())]), out.mean(0)], dim=-1)
    torch.testing.assert_close(encoder(x, path_batch(ids)), expected)
    with pytest.raises(ValueError, match="edge_index refers to node 9 of 7"):
        SymbolGraphEncoder(layer, S, torch.tensor([[0], [9]]))
