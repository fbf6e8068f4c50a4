"""Paths as padded tensors."""

import pytest
import torch
from dags import path_edges

from gnnseq.ops.paths import consecutive_paths

LENGTHS = [[4, 4, 4], [3, 1, 5, 1], [1], [1, 1, 1], [6]]


@pytest.mark.parametrize("lengths", LENGTHS)
def test_dense_and_back(lengths):
    n, steps = sum(lengths), max(lengths)
    x = torch.randn(n, 2)
    layout = consecutive_paths(path_edges(lengths), n)
    dense = layout.dense(x)
    assert dense.shape == (len(lengths), steps, 2)
    for row, part, length in zip(dense, x.split(lengths), lengths, strict=True):
        assert torch.equal(row[:length], part)
        assert not row[length:].any()
    assert torch.equal(layout.nodes(dense), x)
    assert torch.equal(dense.view(-1, 2)[layout.last], torch.stack([part[-1] for part in x.split(lengths)]))
    assert layout.padding.sum(1).tolist() == [steps - length for length in lengths]
    assert layout.equal == (len(set(lengths)) == 1)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_reversed(lengths):
    x = torch.randn(sum(lengths), 2)
    layout = consecutive_paths(path_edges(lengths), sum(lengths)).reversed()
    for row, part, length in zip(layout.dense(x), x.split(lengths), lengths, strict=True):
        assert torch.equal(row[:length], part.flip(0))
    assert torch.equal(layout.nodes(layout.dense(x)), x)


@pytest.mark.parametrize(
    "edges",
    [
        [[0, 0], [1, 2]],
        [[1], [0]],
        [[0, 0], [1, 1]],
        [[1, 0], [2, 1]],
        [[0], [2]],
        [[0, 1], [1, 1]],
    ],
)
def test_other_graphs_are_not_consecutive_paths(edges):
    assert consecutive_paths(torch.tensor(edges), 3) is None


def test_paths_of_one_length_with_an_edge_amiss():
    edges = path_edges([3, 3, 3])
    for row, column, node in [(0, 0, 1), (1, 5, 7), (0, 3, 2), (1, 0, 2)]:
        other = edges.clone()
        other[row, column] = node
        assert consecutive_paths(other, 9) is None
    assert consecutive_paths(edges[:, [1, 0, 2, 3, 4, 5]], 9) is None
    assert consecutive_paths(edges.t().contiguous().t(), 9).equal


@pytest.mark.parametrize("node", [-1, 3])
def test_a_node_out_of_range(node):
    with pytest.raises(ValueError, match=f"edge_index refers to node {node} of 3"):
        consecutive_paths(torch.tensor([[0, 1], [1, node]]), 3)
