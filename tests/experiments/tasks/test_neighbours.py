import pytest
import torch

from gnnseq.experiments.tasks.neighbours import NeighborsMatchTask


def test_views_of_a_tree_of_neighbours():
    task = NeighborsMatchTask(3)
    tree, path = (next(task.batches(view, 0, "train", 4, 1)) for view in ("tree", "path"))
    nodes, row = tree.x.reshape(4, 15, 16), path.x.reshape(4, 9, 16)
    assert torch.equal(nodes[:, :8], row[:, :8])
    assert torch.equal(nodes[:, -1], row[:, -1])
    assert task.required("tree") == task.required("graph") == 3
    assert task.required("path") == 8
    sources, _ = task.answers("tree", tree)
    assert torch.equal(tree.x[sources, 8:].argmax(1), tree.y)


def test_depth_out_of_range():
    with pytest.raises(ValueError, match="depth is 0, expected an integer from 1 to 10"):
        NeighborsMatchTask(0)
