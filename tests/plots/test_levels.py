"""The picture of levels shows those that the recurrences run through."""

from collections import Counter

import pytest
import torch
from dags import path_edges, tree_edges
from matplotlib.image import imread
from torch_geometric.data import Data

from gnnseq.graphs import balanced_tree_batch, dilated_batch, path_batch, to_networkx
from gnnseq.ops import Schedule
from gnnseq.plots import plot_levels
from gnnseq.plots.levels import levels


@pytest.mark.parametrize("sizes", [[1], [6], [4, 1, 9], [12, 3, 3, 7]])
@pytest.mark.parametrize("edges", [path_edges, tree_edges])
def test_levels_are_those_of_the_schedule(sizes, edges):
    torch.manual_seed(len(sizes))
    edge_index = edges(sizes)
    graph = to_networkx(Data(x=torch.zeros(sum(sizes)), edge_index=edge_index, num_nodes=sum(sizes)))
    found = levels(graph)
    schedule = Schedule(edge_index, sum(sizes))
    assert [count for _, count in sorted(Counter(found.values()).items())] == [level.size for level in schedule.levels]
    assert all(found[parent] == found[child] + 1 for child, parent in graph.edges)


@pytest.mark.parametrize(
    "batch", [balanced_tree_batch(torch.zeros(2, 5).long(), empty=10), path_batch(torch.zeros(3, 4).long())]
)
def test_a_batch_is_drawn(batch, tmp_path):
    assert imread(plot_levels(batch, tmp_path / "levels.png")).std() > 0.01
    plot_levels(batch, tmp_path / "levels.png", labels=["a"] * batch.num_nodes)


def test_a_graph_that_is_no_tree(tmp_path):
    with pytest.raises(ValueError, match="node 0 has 3 parents, expected trees and paths"):
        plot_levels(dilated_batch(torch.zeros(1, 5).long()), tmp_path / "levels.png")
