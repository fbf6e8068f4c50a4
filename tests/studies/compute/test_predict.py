"""Predictions: what decides them, and that each "can" has weights that are right."""

import pytest
import torch
from torch import nn

from gnnseq.data import AutomatonDataset
from gnnseq.data.synthetic.automata import Automaton, brackets, flip_flop, group, modular
from gnnseq.experiments import SEQUENCE_FAMILIES, AutomatonTask, PalindromeTask, find_family
from gnnseq.experiments.tasks.automata import LANGUAGES
from gnnseq.graphs import path_batch
from gnnseq.layers import LSTM, DeltaNet, GatedLinearAttention, MinGRU
from gnnseq.models import EdgeEncoder, NodeClassifier, SymbolEmbedding
from gnnseq.studies.compute.monoid import is_solvable, monoid, order_matters, past_matters, periods, reachable
from gnnseq.studies.compute.predict import can_compute

FAMILIES = {family.name: family for family in SEQUENCE_FAMILIES}
EXPECTED = {
    "parity": {
        "can": ["rnn", "gru", "lstm", "tree-lstm"],
        "cannot": ["min-gru", "min-lstm", "linear-attention", "gcn"],
    },
    "modulo-3": {"can": ["rnn", "lstm"], "cannot": ["min-gru", "linear-attention", "dilated", "tcn", "gcn", "bag"]},
    "s3": {"can": ["lstm"], "cannot": ["min-gru", "bag"], "not known": ["delta-net", "transformer"]},
    "a5": {"can": ["lstm"], "cannot": ["transformer", "min-gru"], "not known": ["delta-net"]},
    "flip-flop": {"can": ["lstm", "min-gru", "linear-attention"], "cannot": ["bag"], "not known": ["transformer"]},
    "brackets": {"can": ["lstm"], "not known": ["min-gru", "transformer"]},
    "majority": {"not known": ["lstm", "min-gru"]},
}
CASES = [
    (language, name, word) for language, words in EXPECTED.items() for word, names in words.items() for name in names
]


@pytest.mark.parametrize(("language", "name", "word"), CASES)
def test_what_is_predicted(language, name, word):
    answer = can_compute(FAMILIES[name], AutomatonTask(language))
    assert answer.word == word
    assert answer.reason
    assert (answer.build is None) == (word != "can")


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name not in ("a5", "s5")])
def test_every_can_has_weights_that_are_right_at_every_length(language):
    task = AutomatonTask(language)
    for family in SEQUENCE_FAMILIES:
        if not family.joins(task) or (answer := can_compute(family, task)).build is None:
            continue
        model = answer.build()
        words, states = AutomatonDataset(task.automaton, 3000, 1)[:3]
        with torch.no_grad():
            found = model(path_batch(list(words))).argmax(-1)
        assert torch.equal(found, torch.cat(list(states))), family.name


def stack(layer):
    return NodeClassifier(SymbolEmbedding(2, 3), EdgeEncoder(layer), nn.Linear(layer.out_channels, 2))


@pytest.mark.parametrize(
    ("layer", "word"),
    [
        (MinGRU(3, 4, num_layers=3), "cannot"),
        (MinGRU(3, 4, signed=True), "can"),
        (MinGRU(3, 4, bidirectional=True), "not known"),
        (GatedLinearAttention(3, 4), "cannot"),
        (DeltaNet(3, 4), "cannot"),
        (DeltaNet(3, 4, signed=True), "can"),
        (LSTM(3, 4, 2), "can"),
    ],
)
def test_layers_decide_and_not_names(layer, word):
    assert can_compute(stack(layer), AutomatonTask("parity")).word == word


def test_signed_diagonal_gates_know_powers_of_two_alone():
    signed = stack(MinGRU(3, 4, signed=True))
    assert can_compute(signed, AutomatonTask("modulo-3")).word == "cannot"
    assert can_compute(signed, AutomatonTask("s3")).word == "cannot"
    assert "period 3" in can_compute(signed, AutomatonTask("modulo-3")).reason


def test_what_nothing_is_known_of():
    assert "no finite automaton" in can_compute(find_family("lstm"), AutomatonTask("majority")).reason
    assert "no finite automaton" in can_compute(find_family("lstm"), PalindromeTask(5)).reason
    assert can_compute(nn.Linear(3, 4), AutomatonTask("parity")).word == "not known"


def test_periods():
    assert periods(modular(2)) == (1, 2)
    assert periods(modular(5)) == (1, 5)
    assert periods(flip_flop()) == periods(brackets(3)) == (1,)
    assert periods(group("S3")) == (1, 2, 3, 6) or periods(group("S3")) == (1, 2, 3)
    swaps = Automaton("two letters", ((1, 2, 0), (0, 1, 2), (2, 0, 1)))
    assert set(periods(swaps, words=False)) <= set(periods(swaps))
    assert len(monoid(flip_flop())) == 3
    assert reachable(Automaton("half", ((0, 0), (1, 1)))) == {0}


def test_order_and_past():
    assert not order_matters(modular(3))
    assert past_matters(modular(3))
    assert order_matters(flip_flop())
    assert not order_matters(brackets(2))
    assert order_matters(group("S3"))
    last = Automaton("the last symbol", ((0, 1), (0, 1)))
    assert not past_matters(last)


def test_solvable_groups():
    assert [is_solvable(group(name)) for name in ("S3", "A4", "A5")] == [True, True, False]
