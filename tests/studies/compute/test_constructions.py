"""Constructed weights are right at every symbol, at lengths that no training sees."""

import pytest
import torch

from gnnseq.data import AutomatonDataset
from gnnseq.data.synthetic.automata import Automaton, brackets, flip_flop, group, modular
from gnnseq.graphs import path_batch
from gnnseq.layers import GRU, LSTM, RNN, ChildSumTreeLSTM, DeltaNet, GatedLinearAttention, MinGRU, MinLSTM
from gnnseq.studies.compute.constructions import latch, toggle, track

LAST_TWO = Automaton("ends with two ones", ((0, 1), (0, 2), (0, 2)))
SMALL = [modular(2), modular(3), modular(5), flip_flop(), brackets(4), group("S3"), LAST_TWO]


@torch.no_grad()
def right(model, automaton, length, count=1):
    words, states = AutomatonDataset(automaton, length, length, seed=5)[:count]
    logits = model(path_batch(list(words)))
    return (logits.argmax(-1) == torch.cat(list(states))).float().mean()


@pytest.mark.parametrize("automaton", SMALL, ids=lambda automaton: automaton.name)
@pytest.mark.parametrize("kind", [RNN, GRU, LSTM, ChildSumTreeLSTM])
def test_recurrences_track_every_automaton_over_20_000_symbols(kind, automaton):
    model = track(kind(1, 1), automaton)
    assert right(model, automaton, 20_000) == 1.0
    assert right(model, automaton, 1, count=50) == 1.0
    assert model.encoder.layer.out_channels == 1 + int((automaton.table >= 0).sum())


def test_the_word_problem_of_a5():
    assert right(track(RNN(1, 1), group("A4")), group("A4"), 20_000) == 1.0
    assert right(track(RNN(1, 1), group("A5")), group("A5"), 40) == 1.0


@pytest.mark.parametrize(
    "layer", [MinGRU(1, 1, signed=True), MinLSTM(1, 1, signed=True), DeltaNet(1, 1, heads=1, signed=True)]
)
def test_signed_linear_recurrences_compute_parity(layer):
    model = toggle(layer)
    assert right(model, modular(2), 20_000) == 1.0
    assert right(model, modular(2), 3, count=50) == 1.0


@pytest.mark.parametrize("layer", [MinGRU(1, 1), MinLSTM(1, 1), GatedLinearAttention(1, 1, heads=1)])
def test_a_flip_flop(layer):
    model = latch(layer)
    assert right(model, flip_flop(), 20_000) == 1.0
    assert right(model, flip_flop(), 2, count=50) == 1.0


def test_gates_without_a_sign_are_refused():
    with pytest.raises(ValueError, match="layer has signed=False, expected signed=True"):
        toggle(MinGRU(1, 1))
