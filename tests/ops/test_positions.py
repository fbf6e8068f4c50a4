"""Positions of nodes; tests/layers/attention/test_positions.py holds them against networkx."""

import pytest
import torch
from dags import path_edges, tree_edges

from gnnseq.ops.positions import longest_way, number_in_graph


def test_the_height_of_a_tree_s_root_is_the_longest_way_to_it():
    edges = torch.tensor([[0, 1, 2], [3, 2, 3]])
    assert longest_way(edges, 4).tolist() == [0, 0, 1, 2]
    assert longest_way(tree_edges([1]), 1).tolist() == [0]


def test_numbers_count_nodes_of_the_same_graph():
    assert number_in_graph(path_edges([3]), 3).tolist() == [0, 1, 2]
    assert number_in_graph(None, 4, torch.tensor([1, 0, 1, 5])).tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("find", [longest_way, number_in_graph])
def test_a_batch_of_another_length_is_refused(find):
    with pytest.raises(ValueError, match=r"batch has shape \[2\], expected \[3\], one per node"):
        find(path_edges([3]), 3, torch.zeros(2, dtype=torch.long))
