from dataclasses import replace

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from gnnseq.data import dependency_tree
from gnnseq.experiments import OwnTask
from gnnseq.experiments.tasks.own_samples import graph_samples, sequence_samples

TEXTS = ["abba", "abc", "ca", "cab"] * 10
LABELS = ["even" if len(text) % 2 == 0 else "odd" for text in TEXTS]
TREE = dependency_tree(["she", "reads", "books"], [1, -1, 1], ["a", "b", "a"])
EDGES = torch.tensor([[0, 1], [1, 2]])


def sequences(*arguments, **options):
    return OwnTask.from_sequences("x", *arguments, **options)


def test_labels_become_codes_in_the_order_of_their_classes():
    found = sequence_samples(TEXTS, LABELS)
    assert found.classes == ("even", "odd")
    assert found.labels.tolist() == [0, 1, 0, 1] * 10
    assert (found.longest, found.shortest, found.num_symbols) == (4, 2, 3)
    numbers = sequence_samples(TEXTS, [float(len(text)) for text in TEXTS])
    assert (numbers.classes, numbers.num_outputs) == ((), 1)


def test_many_symbols_have_no_graph_of_symbols():
    many = sequence_samples([[number, number + 1] for number in range(80)], [0, 1] * 40)
    assert "symbols" not in many.views
    assert "symbols" in sequence_samples(TEXTS, LABELS).views


def test_a_graph_of_the_caller_is_left_alone():
    graph = Data(torch.rand(3, 2), EDGES, y=torch.tensor([5]))
    graph_samples([graph] * 4)
    assert graph.y.tolist() == [5]


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: sequences([], []), "sequences is empty"),
        (lambda: sequences(["a", ""], [0, 1]), r"sequences\[1\] is empty"),
        (lambda: sequences(TEXTS, LABELS[:-1]), "labels has 39 entries, expected 40"),
        (lambda: sequences([[1, 2], [1]], [[0, 1], [0, 1]]), r"labels\[1\] is \[0, 1\], expected 1 labels"),
        (lambda: sequences([torch.rand(3, 2), torch.rand(3, 1)], [0, 1]), r"sequences\[1\] has shape \[3, 1\]"),
        (lambda: sequences([torch.tensor([[float("nan")]])] * 9, [0] * 9), "NaN or infinity"),
        (lambda: sequences([[-1]] * 9, [0] * 9), r"sequences\[0\] holds -1"),
        (lambda: sequences(["ab", "ba"], [0, 1]), "2 samples and none for"),
        (lambda: sequences(TEXTS, LABELS, splits=["train"]), "splits has 1 entries, expected 40"),
        (lambda: sequences(TEXTS, LABELS, splits=["dev"] * 40), "split is 'dev'"),
        (lambda: OwnTask.from_trees("x", []), "trees is empty"),
        (lambda: OwnTask.from_trees("x", [replace(TREE, labels=("", "", ""))] * 9), "trees have no labels"),
        (lambda: OwnTask.from_graphs("x", []), "graphs is empty"),
        (lambda: OwnTask.from_graphs("x", [Data(x=torch.ones(2, 1), edge_index=EDGES)]), r"graphs\[0\] has no y"),
        (lambda: OwnTask.from_graphs("x", [Data(edge_index=EDGES, y=EDGES[0], num_nodes=3)] * 9), "has 2 labels for 3"),
    ],
)
def test_bad_input_is_named(make, named):
    with pytest.raises(ValueError, match=named):
        make()


def test_places_of_children_are_part_of_the_data():
    trees = [dependency_tree(["a", "b", "c"], [2, 2, -1], [label] * 3) for label in ("x", "y") * 10]
    turned = [replace(tree, slots=np.array([1, 0, 0])) for tree in trees]
    first, second = (OwnTask.from_trees("t", each) for each in (trees, turned))
    assert first.digest != second.digest


def test_undirected_graphs_beside_directed_ones_keep_their_edges():
    both = Data(torch.zeros(2, 1), torch.tensor([[0, 1], [1, 0]]), y=torch.tensor([0]))
    one = Data(torch.zeros(2, 1), torch.tensor([[0], [1]]), y=torch.tensor([1]))
    batch = graph_samples([both, one]).views["graph"]([0, 1])
    assert sorted(batch.edge_index.t().tolist()) == [[0, 1], [1, 0], [2, 3], [3, 2]]


@pytest.mark.parametrize(
    ("x", "edges", "message"),
    [
        (torch.zeros(2, 1), [[0, 2], [2, 0]], r"graphs\[1\]: edge_index refers to node 2"),
        (torch.tensor([[0.0], [torch.nan]]), [[0], [1]], r"graphs\[1\].x holds NaN or infinity"),
        (torch.tensor([0, -1]), [[0], [1]], r"graphs\[1\].x holds -1, expected symbols >= 0"),
    ],
)
def test_graphs_that_do_not_fit(x, edges, message):
    fine = Data(x.nan_to_num().abs(), torch.tensor([[0], [1]]), y=torch.tensor([0]))
    with pytest.raises(ValueError, match=message):
        graph_samples([fine, Data(x, torch.tensor(edges), y=torch.tensor([1]))])
