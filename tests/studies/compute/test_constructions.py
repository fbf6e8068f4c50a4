"""Constructed weights are right at every symbol, at lengths that no training sees."""

import pytest
import torch
from torch import nn
from torch_geometric.nn import GraphConv

from gnnseq.data import AutomatonDataset, FormulaTrees
from gnnseq.data.synthetic.automata import Automaton, brackets, flip_flop, group, modular
from gnnseq.data.synthetic.formulas import Algebra, boolean, modular_sums
from gnnseq.graphs import dilated_batch, parse_batch, path_batch
from gnnseq.layers import DAGNN, GRU, LSTM, RNN, ChildSumTreeLSTM, DeltaNet, GatedLinearAttention, MinGRU, MinLSTM
from gnnseq.models import TCN, ConvStack
from gnnseq.studies.compute.constructions import attend, double, fold, latch, toggle, track, unroll

LAST_TWO = Automaton("ends with two ones", ((0, 1), (0, 2), (0, 2)))
SMALL = [modular(2), modular(3), modular(5), flip_flop(), brackets(4), group("S3"), LAST_TWO]


@torch.no_grad()
def right(model, automaton, length, count=1, graph=path_batch, shortest=None):
    words, states = AutomatonDataset(automaton, length, shortest or length, seed=5)[:count]
    logits = model(graph(list(words)))
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


@pytest.mark.parametrize(
    "layer",
    [
        MinGRU(1, 1),
        MinLSTM(1, 1),
        GatedLinearAttention(1, 1, heads=1),
        DeltaNet(1, 1, heads=1),
        DeltaNet(1, 1, heads=1, signed=True),
    ],
)
def test_a_flip_flop(layer):
    model = latch(layer)
    assert right(model, flip_flop(), 20_000) == 1.0
    assert right(model, flip_flop(), 2, count=50) == 1.0


def test_gates_without_a_sign_are_refused():
    with pytest.raises(ValueError, match="layer has signed=False, expected signed=True"):
        toggle(MinGRU(1, 1))


NOR = Algebra("three values", (((1, 0, 2), (0, 0, 1), (2, 1, 0)), ((2, 2, 1), (2, 0, 0), (1, 0, 1))), ("A", "B"))


@torch.no_grad()
def values_right(model, algebra, nodes, count=1, **options):
    batch = parse_batch(FormulaTrees(algebra, nodes, seed=3, **options)[:count])
    return (model(batch).argmax(-1) == batch.y).float().mean()


@pytest.mark.parametrize("algebra", [boolean(), modular_sums(5), NOR], ids=lambda algebra: algebra.name)
@pytest.mark.parametrize("kind", [RNN, GRU, LSTM, ChildSumTreeLSTM, DAGNN])
def test_recurrences_give_every_value_of_a_tree_of_20_000_nodes(kind, algebra):
    model = fold(kind(1, 1), algebra)
    assert values_right(model, algebra, 20_001, shortest=20_001, deep=True) == 1.0
    assert values_right(model, algebra, 31, count=50) == 1.0
    V, P = algebra.num_values, len(algebra.tables)
    assert model.encoder.layer.out_channels == V + P * V * (V + 1) // 2


@pytest.mark.parametrize("norm", [None, nn.LayerNorm])
@pytest.mark.parametrize("layers", [1, 2, 5, 9])
def test_dilated_convolutions_double_the_symbols_that_they_join(layers, norm):
    model, longest = double(TCN(3, 5, layers, norm=norm)), 2 ** (layers - 1)
    assert right(model, modular(2), longest, count=40, graph=dilated_batch) == 1.0
    assert right(model, modular(2), longest, count=40, graph=dilated_batch, shortest=1) == 1.0
    assert right(model, modular(2), 4 * longest, count=40, graph=dilated_batch) < 1.0


@pytest.mark.parametrize("residual", [False, True])
def test_convolutions_that_tell_a_node_from_its_neighbour_join_one_symbol_more_in_each_layer(residual):
    for layers in (2, 3, 41):
        model = unroll(ConvStack(GraphConv, 3, 5, layers, residual=residual))
        assert right(model, modular(2), layers - 1, count=40) == 1.0
        assert right(model, modular(2), 3 * layers, count=40) < 1.0


@pytest.mark.parametrize("layers", [1, 2, 4, 8])
def test_a_transformer_whose_depth_is_the_logarithm_of_the_length(layers):
    model = attend(layers)
    assert right(model, modular(2), 2**layers, count=20) == 1.0
    assert right(model, modular(2), 2**layers, count=20, shortest=1) == 1.0


def test_without_the_weights_that_were_written_down_it_is_wrong():
    model = attend(4)
    torch.nn.init.normal_(model.encoder.layer.blocks[2].qkv.weight)
    assert right(model, modular(2), 16, count=20) < 1.0
