import numpy as np
import pytest
import reference
import torch
from gradients import assert_same
from graph_checks import assert_same_batch
from real_data import real_file

from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.enhanced import DependencyGraph, read_enhanced
from gnnseq.graphs import dependency_batch
from gnnseq.layers import LSTM

GRAPHS = [
    DependencyGraph(
        ("2", "1", "3"),
        ("tea", "I", "drink"),
        np.array([[0, 0, 1], [1, 2, 2]]),
        ("dep", "obj", "nsubj"),
        np.array([2, 0, 1]),
        {"upos": ("N", "P", "V")},
    ),
    DependencyGraph(("1",), ("tea",), np.zeros((2, 0), np.int64), (), np.array([0]), {"upos": ("N",)}),
]
WORDS, RELATIONS = Vocabulary.from_words([["I", "drink", "tea"]]), Vocabulary(["nsubj", "obj", "dep"], separator=" ")
TAGS = Vocabulary("NPV")


def test_a_batch_is_its_graphs_one_by_one():
    batch = dependency_batch(GRAPHS, WORDS, RELATIONS, nodes={"upos": TAGS})
    assert WORDS.lookup(batch.x) == ["tea", "I", "drink", "tea"]
    assert RELATIONS.lookup(batch.edge_type) == ["dep", "obj", "nsubj"]
    assert batch.upos.tolist() == [0, 1, 2, 0]
    alone = [dependency_batch([graph], WORDS, RELATIONS, nodes={"upos": TAGS})[0] for graph in GRAPHS]
    assert_same_batch(batch, alone)


def test_the_recurrences_run_on_it():
    batch, layer = dependency_batch(GRAPHS, WORDS, RELATIONS), LSTM(3, 4).double()
    x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    (cell,) = layer.cells
    expected, _ = reference.lstm(x, batch.edge_index, cell.weight_ih, cell.weight_hh, cell.bias)
    assert_same([layer(x, batch.edge_index)[0]], [expected], [x, *layer.parameters()])


def test_bad_input():
    with pytest.raises(ValueError, match="graphs is empty, expected at least one"):
        dependency_batch([], WORDS, RELATIONS)
    with pytest.raises(ValueError, match=r"relations of graphs\[0\]: text has symbols outside the vocabulary: 'dep'"):
        dependency_batch(GRAPHS, WORDS, Vocabulary(["nsubj", "obj"], separator=" "))
    with pytest.raises(ValueError, match="an attribute is named 'edge_type', expected a free name"):
        dependency_batch(GRAPHS, WORDS, RELATIONS, nodes={"edge_type": TAGS})


def test_real_sentences():
    found = read_enhanced(real_file("ud_ewt/*.conllu"), on_error="skip", break_cycles=True).graphs
    words = Vocabulary.from_words([graph.words for graph in found])
    relations = Vocabulary.from_words([graph.relations for graph in found])
    batch = dependency_batch(found, words, relations)
    assert (batch.edge_index[0] < batch.edge_index[1]).all()
    assert torch.isfinite(LSTM(3, 4)(torch.randn(batch.num_nodes, 3), batch.edge_index)[0]).all()
