import pytest
import torch
from causal_models import CARRYING, MODELS, S, texts
from torch import nn

from gnnseq.models.generate import Sampling, generate, greedy

every_model = pytest.mark.parametrize("name", MODELS)


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
        ({"top_k": 0}, "top_k is 0, expected at least 1"),
        ({"top_k": 2.5}, "top_k is 2.5, expected an integer"),
        ({"top_k": float("inf")}, "top_k is inf, expected an integer"),
        ({"top_k": float("nan")}, "top_k is nan, expected an integer"),
        ({"top_k": True}, "top_k is True, expected an integer"),
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


@pytest.mark.parametrize(
    ("length", "expected"), [(0, "at least 1"), (2.5, "an integer"), (float("nan"), "an integer"), (True, "an integer")]
)
def test_a_length_that_is_no_number_of_symbols(length, expected):
    model, to_batch = MODELS["lstm"]()
    with pytest.raises(ValueError, match=f"length is {length}, expected {expected}"):
        generate(model, texts(3), length, to_batch)


def test_logits_that_are_not_finite():
    model, to_batch = MODELS["lstm"]()
    nn.init.constant_(model.head.bias, float("inf"))
    with pytest.raises(ValueError, match="logits are not finite"):
        generate(model.train(), texts(3), 2, to_batch)
    assert model.training


def test_the_first_symbol_is_picked_from_the_logits_behind_each_prompt():
    model, to_batch = MODELS["path convolutions"]()
    prompts = texts(5, 2)
    with torch.no_grad():
        expected = torch.stack([model(to_batch([text]))[-1].argmax() for text in prompts])
    assert torch.equal(generate(model, prompts, 1, to_batch).squeeze(1), expected)


@pytest.mark.parametrize(
    ("picked", "message"),
    [
        (torch.tensor([S, 0]), f"pick gave symbol {S}, expected 0 to {S - 1}"),
        (torch.tensor([0, -1]), f"pick gave symbol -1, expected 0 to {S - 1}"),
        (torch.tensor([0.0, 1.0]), r"pick gave torch.float32 \[2\], expected torch.int64 \[2\]"),
        (torch.tensor([0, 1], dtype=torch.int32), r"pick gave torch.int32 \[2\], expected torch.int64 \[2\]"),
        (torch.tensor([[0], [1]]), r"pick gave torch.int64 \[2, 1\], expected torch.int64 \[2\]"),
        ([0, 1], r"pick gave a list, expected torch.int64 \[2\]"),
    ],
)
@pytest.mark.parametrize("name", ["lstm", "path convolutions"])
def test_picks_that_are_no_symbols(name, picked, message):
    model, to_batch = MODELS[name]()
    with pytest.raises(ValueError, match=message):
        generate(model, texts(3, 2), 1, to_batch, lambda logits, generator: picked)


@pytest.mark.parametrize("prompt", [[[1, 2]], [torch.tensor([1]), [2]]])
def test_prompts_that_are_no_tensors(prompt):
    model, to_batch = MODELS["lstm"]()
    with pytest.raises(TypeError, match=r"prompt \d is a list, expected torch.int64 \[T\]"):
        generate(model, prompt, 3, to_batch)


@pytest.mark.parametrize("pick", [Sampling(), Sampling(top_p=0.5), Sampling(top_k=2)], ids=str)
def test_logits_of_one_text_without_a_batch(pick):
    with pytest.raises(ValueError, match=r"logits has shape \[4\], expected \[B, S\]"):
        pick(LOGITS[0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_fewest_symbols_that_reach_top_p_exactly(dtype):
    for count in range(1, 10):
        assert (Sampling(top_p=count / 10).probabilities(torch.zeros(1, 10, dtype=dtype)) > 0).sum() == count
    logits = torch.tensor([[0.4, 0.3, 0.2, 0.1]], dtype=dtype).log()
    for count, top_p in enumerate((0.4, 0.7, 0.9, 1.0), 1):
        assert (Sampling(top_p=top_p).probabilities(logits) > 0).sum() == count
    rare = torch.tensor([[0.0, -30.0]], dtype=dtype)
    assert (Sampling(top_p=1.0).probabilities(rare) > 0).all()
