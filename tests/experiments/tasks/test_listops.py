import networkx as nx
import pytest
import torch

from gnnseq.data import ListOpsSequences, ListOpsTrees
from gnnseq.experiments.tasks.listops import ListOpsTask, flat_expressions


@pytest.mark.parametrize("lengths", [(6, 20), (4, 8), (6, None)])
def test_flat_expressions_are_those_of_the_dataset(lengths):
    sequences, values = ListOpsSequences(lengths=lengths, seed=3)[:40]
    flat, found = flat_expressions(ListOpsTrees(lengths=lengths, seed=3)[:40])
    assert torch.equal(found, values)
    assert len(flat) == len(sequences)
    for one, other in zip(flat, sequences, strict=True):
        assert torch.equal(one, other)


def test_no_expression_is_larger_than_required():
    task = ListOpsTask(13, 6, 4)
    longest = deepest = 0
    for path, tree in zip(
        task.batches("path", 0, "train", 200, 5), task.batches("tree", 0, "train", 200, 5), strict=True
    ):
        longest = max(longest, int(path.ptr.diff().max()))
        deepest = max(deepest, nx.dag_longest_path_length(nx.DiGraph(tree.edge_index.t().tolist())))
    assert longest - 1 == task.required("path") == 12
    assert deepest == task.required("tree") == task.required("graph") == 3
    assert task.required("balanced tree") == 4
    assert task.required("dilated") == 3


def test_lists_nested_as_deep_as_their_length_allows():
    assert ListOpsTask(13, 13, 20, 2).required("tree") == 4
    tree = next(ListOpsTask(13, 13, 20, 2).batches("tree", 0, "train", 300, 1))
    assert nx.dag_longest_path_length(nx.DiGraph(tree.edge_index.t().tolist())) == 4


def test_arguments_out_of_range():
    with pytest.raises(ValueError, match=r"lengths is \(6, 5\), expected a least length"):
        ListOpsTask(5)


@pytest.mark.parametrize("view", ["path", "tree"])
def test_batches_grown_together_are_those_grown_one_by_one(view):
    task = ListOpsTask(13)
    together = list(task.batches(view, 3, "train", 4, 70, first=5))
    one_by_one = [next(task.batches(view, 3, "train", 4, 1, first=number)) for number in range(5, 75)]
    assert len(together) == 70
    for batch, other in zip(together, one_by_one, strict=True):
        assert torch.equal(batch.x, other.x)
        assert torch.equal(batch.edge_index, other.edge_index)
