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


@pytest.mark.parametrize("x", [torch.rand(3, 2), torch.tensor([1, 0, 2]), torch.rand(3, 2).double()])
@pytest.mark.parametrize("kind", [torch.clone, torch.Tensor.numpy])
def test_what_the_caller_changes_later_is_not_in_a_task_of_sequences(x, kind):
    given = [kind(x.clone()) for _ in range(20)]
    labels, splits = torch.arange(20) % 2, np.array(["train", "validation", "test", "train"] * 5)
    task = sequences(given, labels, splits=splits)
    for sequence in given:
        sequence[:] = 1
    labels[:], splits[:] = 0, "test"
    batch = next(task.batches("path", 0, "test", 5, 1))
    assert torch.equal(batch.x, torch.cat([x] * 5).to(batch.x.dtype))
    assert batch.y.tolist() == [0] * 5
    assert task.digest == sequences([x] * 20, torch.arange(20) % 2, splits=task.samples.splits.tolist()).digest


@pytest.mark.parametrize("x", [torch.rand(3, 2), torch.tensor([1, 0, 2]), torch.tensor([[1], [0], [2]])])
def test_what_the_caller_changes_later_is_not_in_a_task_of_graphs(x):
    given = [Data(x.clone(), EDGES.clone(), y=torch.tensor([number % 2])) for number in range(20)]
    task = OwnTask.from_graphs("x", given)
    batches = {view: next(task.batches(view, 0, "train", 4, 1)) for view in task.views}
    for graph in given:
        for values in (graph.x, graph.edge_index, graph.y):
            values.fill_(0)
    for view, before in batches.items():
        after = next(task.batches(view, 0, "train", 4, 1))
        assert all(torch.equal(before[name], after[name]) for name in ("x", "edge_index", "y"))


def test_features_of_a_graph_are_float32_as_those_of_a_sequence_are():
    assert (
        graph_samples([Data(torch.rand(3, 2).double(), EDGES, y=torch.tensor([5]))]).views["graph"]([0]).x.dtype
        == torch.float
    )


def test_labels_may_be_tensors_of_numpy_or_of_torch():
    plain = sequence_samples(["ab", "a"], [[1, 0], [1]])
    for labels in ([torch.tensor([1, 0]), torch.tensor([1])], [[torch.tensor(1), np.int64(0)], [torch.tensor(1)]]):
        found = sequence_samples(["ab", "a"], labels)
        assert (found.classes, found.labels.tolist()) == (plain.classes, plain.labels.tolist()) == ((0, 1), [1, 0, 1])


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
        (lambda: sequences([torch.tensor([[1e300]]).double()] * 9, [0] * 9), "NaN or infinity"),
        (
            lambda: sequences(TEXTS, [1.0, float("inf")] * 20),
            "labels holds inf, expected numbers that are finite in float",
        ),
        (
            lambda: sequences(TEXTS, [1.0, -1e300] * 20),
            "labels holds -1e\\+300, expected numbers that are finite in float",
        ),
        (lambda: sequences(TEXTS, [float("nan")] * 40), "labels holds no label, expected at least one number"),
        (lambda: sequences(TEXTS, [-100] * 40), "labels holds no label, expected at least one class"),
        (lambda: sequences(TEXTS, [None, "a"] * 20), "labels holds None, expected strings, integers or floats"),
        (
            lambda: sequences(TEXTS, ["a", float("nan")] * 20),
            "labels holds nan beside strings, expected labels of one kind",
        ),
        (lambda: sequences(TEXTS, ["a", 1] * 20), "labels holds 1 beside strings, expected labels of one kind"),
        (lambda: sequences(TEXTS, LABELS, answer=1.5), "answer is 1.5, expected an integer >= 0"),
        (lambda: sequences(TEXTS, LABELS, answer=True), "answer is True, expected an integer >= 0"),
        (lambda: sequences(TEXTS, LABELS, answer=-1), "answer is -1, expected an integer >= 0"),
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


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (Data(torch.rand(3), EDGES, y=torch.tensor(1)), r"\.x has shape \[3\] and torch.float32, expected features"),
        (
            Data(torch.rand(3, 2), EDGES, y=torch.tensor(1), num_nodes=5),
            r"\.x has shape \[3, 2\] .* features \[5, F\] or",
        ),
        (Data(torch.rand(3, 2, 1), EDGES, y=torch.tensor(1)), r"\.x has shape \[3, 2, 1\] and torch.float32"),
        (
            Data(torch.tensor([0, 1, 2]), EDGES, y=torch.tensor(1)),
            r"\.x is symbols \[3\], expected features \[N, 2\] as",
        ),
        (Data(torch.rand(3, 1), EDGES, y=torch.tensor(1)), r"\.x is features \[3, 1\], expected features \[N, 2\] as"),
        (Data(torch.rand(0, 2), EDGES[:, :0], y=torch.tensor(1)), " has no nodes, expected at least one"),
        (Data(torch.rand(3, 2), EDGES, y=1), r"\.y is 1, expected a tensor"),
        (Data(torch.rand(3, 2), EDGES.float(), y=torch.tensor(1)), ": edge_index is torch.float32"),
        (Data(torch.rand(3, 2), y=torch.tensor(1)), ": edge_index is missing"),
        ((torch.rand(3, 2), EDGES), ": data is a tuple, expected Data"),
    ],
)
def test_a_graph_that_is_not_as_the_first_one_is_named(graph, message):
    fine = Data(torch.rand(3, 2), EDGES, y=torch.tensor(0))
    with pytest.raises((ValueError, TypeError), match=r"^graphs\[1\]" + message):
        OwnTask.from_graphs("x", [fine, graph])


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


def test_edges_with_a_reverse_and_self_loops_are_not_doubled():
    graph = Data(torch.zeros(3, 1), torch.tensor([[0, 1, 1, 2, 0], [1, 0, 2, 2, 1]]), y=torch.tensor([0]))
    batch = graph_samples([graph]).views["graph"]([0])
    assert sorted(batch.edge_index.t().tolist()) == [[0, 1], [1, 0], [1, 2], [2, 1], [2, 2]]


def test_graphs_without_edges_have_no_root():
    found = graph_samples([Data(torch.zeros(2, 1), EDGES[:, :0], y=torch.tensor([0]))])
    assert (list(found.views), found.rooted) == (["graph"], False)


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
