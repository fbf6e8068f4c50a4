"""Predictions: what decides them, and that each "can" has weights that are right."""

import pytest
import torch
from torch import nn
from torch_geometric.nn import GCNConv, GraphConv

from gnnseq.data import AutomatonDataset
from gnnseq.data.synthetic.automata import Automaton, brackets, flip_flop, group, modular
from gnnseq.experiments import (
    GRAPH_FAMILIES,
    SEQUENCE_FAMILIES,
    AutomatonTask,
    FormulaTask,
    PalindromeTask,
    find_family,
)
from gnnseq.experiments.tasks.automata import LANGUAGES
from gnnseq.graphs import path_batch
from gnnseq.layers import (
    DAGNN,
    GCN,
    LSTM,
    DeltaNet,
    GatedLinearAttention,
    GraphTransformer,
    LearnedPositions,
    MeanReadout,
    MinGRU,
    SinusoidalPositions,
)
from gnnseq.models import TCN, ConvStack, EdgeEncoder, NodeClassifier, SequenceClassifier, SymbolEmbedding
from gnnseq.studies.compute.monoid import (
    is_solvable,
    mirrored_differs,
    monoid,
    order_matters,
    past_matters,
    periods,
    reachable,
    window,
)
from gnnseq.studies.compute.predict import can_compute

FAMILIES = {family.name: family for family in SEQUENCE_FAMILIES}
EXPECTED = {
    "parity": {
        "can": ["rnn", "gru", "lstm", "tree-lstm"],
        "cannot": ["min-gru", "min-lstm", "linear-attention", "gcn", "dilated", "tcn", "gcn-residual"],
    },
    "modulo-3": {"can": ["rnn", "lstm"], "cannot": ["min-gru", "linear-attention", "dilated", "tcn", "gcn", "bag"]},
    "s3": {"can": ["lstm"], "cannot": ["min-gru", "bag"], "not known": ["delta-net", "transformer"]},
    "a5": {"can": ["lstm"], "cannot": ["transformer", "min-gru"], "not known": ["delta-net"]},
    "flip-flop": {
        "can": ["lstm", "min-gru", "linear-attention", "delta-net"],
        "cannot": ["bag", "tcn", "gcn"],
        "not known": ["transformer"],
    },
    "brackets": {"can": ["lstm"], "cannot": ["gcn-residual", "dilated"], "not known": ["min-gru", "transformer"]},
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


def test_how_many_last_symbols_tell_the_state():
    assert [window(a) for a in (modular(2), flip_flop(), brackets(3), group("S3"))] == [None] * 4
    assert window(Automaton("the last symbol", ((0, 1), (0, 1)))) == 1
    assert window(Automaton("ends with two ones", ((0, 1), (0, 2), (0, 2)))) == 2


def test_words_that_differ_read_backwards():
    assert mirrored_differs(modular(2)) == (0, 1)
    assert mirrored_differs(Automaton("the last symbol", ((0, 1), (0, 1)))) is None
    word = mirrored_differs(brackets(3))
    assert word == (0, 0)


TREES = {
    "formula": {
        "can": ["tree-lstm-tree", "dagnn-tree"],
        "cannot": [
            "gcn-graph",
            "gin-graph",
            "gcrn-graph",
            "min-gru-tree",
            "transformer-tree",
            "gps-graph",
            "lstm",
            "bag",
        ],
    },
    "sum-modulo-5": {
        "can": ["tree-lstm-tree", "dagnn-tree"],
        "cannot": ["gat-graph", "min-gru-tree", "min-gru", "rnn"],
        "not known": ["transformer-tree", "transformer", "gps-graph"],
    },
}


@pytest.mark.parametrize("kind", TREES)
def test_what_is_predicted_of_formulas(kind):
    families = FAMILIES | {family.name: family for family in GRAPH_FAMILIES}
    for word, names in TREES[kind].items():
        for name in names:
            answer = can_compute(families[name], FormulaTask(kind))
            assert (answer.word, bool(answer.reason)) == (word, True), name


@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize("kind", TREES)
def test_every_can_on_trees_has_weights_that_are_right(kind, every):
    task = FormulaTask(kind, every_node=every).at(2000)
    for name in ("tree-lstm-tree", "dagnn-tree"):
        model = can_compute(find_family(name), task).build()
        batch = next(task.batches("tree", 0, "test", 5, 1))
        with torch.no_grad():
            assert torch.equal(model(batch).argmax(-1), batch.y)


def test_at_the_end_alone_weights_are_right_too():
    task = AutomatonTask("s3", every_symbol=False)
    batch = next(task.at(500).batches("path", 0, "test", 5, 1))
    with torch.no_grad():
        assert torch.equal(can_compute(find_family("lstm"), task).build()(batch).argmax(-1), batch.y)


def transformer(layers, positions):
    return GraphTransformer(3, 4, layers, attend="ancestors", positions=positions)


IN_DEPTH = [
    (TCN(3, 4, 7, norm=nn.LayerNorm), "dilated", 64, "can"),
    (TCN(3, 4, 7), "dilated", 65, "not known"),
    (TCN(3, 4, 7), "dilated", 256, "cannot"),
    (ConvStack(GraphConv, 3, 4, 20), "path", 19, "can"),
    (ConvStack(GraphConv, 3, 4, 20), "path", 20, "not known"),
    (ConvStack(GraphConv, 3, 4, 20), "path", 22, "cannot"),
    (ConvStack(GCNConv, 3, 4, 20), "path", 5, "not known"),
    (EdgeEncoder(transformer(5, LearnedPositions)), "path", 32, "can"),
    (EdgeEncoder(transformer(5, LearnedPositions)), "path", 33, "not known"),
    (EdgeEncoder(transformer(5, SinusoidalPositions)), "path", 32, "not known"),
    (EdgeEncoder(MinGRU(3, 4)), "path", 10, "not known"),
    (EdgeEncoder(GCN(3, 4, 10)), "path both ways", 2, "cannot"),
    (EdgeEncoder(GCN(3, 4, 10)), "path both ways", 1, "not known"),
]


@pytest.mark.parametrize(("encoder", "view", "length", "word"), IN_DEPTH)
def test_parity_of_a_bounded_length(encoder, view, length, word):
    task = AutomatonTask("parity")
    model = NodeClassifier(SymbolEmbedding(2, 3), encoder, nn.Linear(4, 2))
    answer = can_compute(model, task, view=view, length=length)
    assert answer.word == word
    if word == "can":
        batch = next(task.at(length).batches(view, 0, "test", 20, 1))
        with torch.no_grad():
            assert torch.equal(answer.build()(batch).argmax(-1), batch.y)
        assert can_compute(model, task, view=view).word != "can"


def test_an_undirected_path_without_positions_gives_mirrored_answers():
    """The theorem itself, on random weights: no training can make the two differ."""
    model = NodeClassifier(SymbolEmbedding(2, 3), EdgeEncoder(GCN(3, 4, 3)), nn.Linear(4, 2))
    word = torch.tensor([0, 1, 1, 0, 1, 0, 0])
    with torch.no_grad():
        one, other = (model(path_batch([w], direction="both")) for w in (word, word.flip(0)))
    torch.testing.assert_close(one, other.flip(0))
    answer = can_compute(model, AutomatonTask("parity"), view="path both ways")
    assert answer.word == "cannot"
    assert "mirror" in answer.reason


def test_a_mean_over_all_symbols_is_not_the_last_state():
    encoder = EdgeEncoder(LSTM(3, 4))
    model = SequenceClassifier(SymbolEmbedding(2, 3), encoder, MeanReadout(), nn.Linear(4, 2))
    answer = can_compute(model, AutomatonTask("parity", every_symbol=False))
    assert (answer.word, answer.reason) == ("not known", "its readout is not that of the last symbol")


class Mine(nn.Module):
    """A layer that nobody knows."""


def test_layers_that_no_theorem_knows():
    encoder = EdgeEncoder(MinGRU(3, 4))
    encoder.mine = Mine()
    answer = can_compute(NodeClassifier(SymbolEmbedding(2, 3), encoder, nn.Linear(4, 2)), AutomatonTask("parity"))
    assert (answer.word, answer.reason) == ("not known", "the theory does not know the layer Mine")
    torch_lstm = NodeClassifier(SymbolEmbedding(2, 3), nn.LSTM(3, 4), nn.Linear(4, 2))
    assert can_compute(torch_lstm, AutomatonTask("parity")).reason.endswith("LSTM")


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="length is 0, expected a positive number of symbols"):
        can_compute(find_family("lstm"), AutomatonTask("parity"), length=0)
    with pytest.raises(ValueError, match="view is 'tree', expected one that"):
        can_compute(find_family("tree-lstm-tree"), AutomatonTask("parity"))
    dag = NodeClassifier(SymbolEmbedding(2, 3), EdgeEncoder(DAGNN(3, 4)), nn.Linear(4, 2))
    assert can_compute(dag, AutomatonTask("parity")).word == "can"
