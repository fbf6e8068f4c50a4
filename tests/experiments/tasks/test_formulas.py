import pytest
import torch

from gnnseq.experiments.tasks.formulas import FORMULAS, FormulaTask


@pytest.mark.parametrize("kind", FORMULAS)
def test_targets_are_the_values_of_all_subtrees_or_of_the_whole(kind):
    every, root = FormulaTask(kind, 15), FormulaTask(kind, 15, every_node=False)
    for view in every.views:
        one, other = next(every.batches(view, 0, "train", 30, 1)), next(root.batches(view, 0, "train", 30, 1))
        assert torch.equal(one.x, other.x)
        assert torch.equal(one.y[one.ptr[1:] - 1], other.y)
    assert every.num_outputs == FORMULAS[kind].num_values
    assert 1 / every.num_outputs <= every.chance < 1


def test_the_path_holds_the_nodes_of_the_tree_in_postfix_order():
    task = FormulaTask("formula")
    tree, path = (next(task.batches(view, 0, "test", 20, 1)) for view in ("tree", "path"))
    assert torch.equal(tree.x, path.x)
    assert torch.equal(path.edge_index[1], path.edge_index[0] + 1)
    assert (tree.edge_index[1] > tree.edge_index[0]).all()


def test_the_same_task_at_one_size():
    task = FormulaTask("sum-modulo-5").at(256)
    assert next(task.batches("tree", 0, "test", 4, 1)).ptr.diff().tolist() == [255] * 4
    assert task.title == "sums modulo 5, 256 to 256 nodes"
    assert (task.required("tree"), task.required("path")) == (127, 254)
    hard = FormulaTask("formula").at(40).hard(0)[:3]
    assert len(hard) == 3
    assert (hard.ptr[1:] - hard.ptr[:-1]).tolist() == [39] * 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FormulaTask("sum"), "kind is 'sum', expected one of formula, sum-modulo-5"),
        (lambda: FormulaTask("formula", 0), "longest is 0, expected an integer >= 1"),
        (lambda: FormulaTask("formula").at(-1), "longest is -1, expected an integer >= 1"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
