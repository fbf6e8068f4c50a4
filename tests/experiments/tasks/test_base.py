import pytest
import torch

from gnnseq.experiments import PalindromeTask
from gnnseq.experiments.tasks.base import HasAnswers, elements, find_view, sequence_hops, sequence_views
from gnnseq.graphs import to_balanced_trees

DIGITS = torch.tensor([[3, 1, 4, 1], [2, 2, 0, 5]])


def test_views_of_symbols_features_and_node_targets():
    assert list(sequence_views(10)) == ["path", "path both ways", "dilated", "balanced tree", "symbols"]
    assert "symbols" not in sequence_views(None)
    assert list(sequence_views(10, "node")) == ["path", "path both ways", "dilated"]


@pytest.mark.parametrize("view", sequence_views(6))
@pytest.mark.parametrize("position", [0, 2, 3])
def test_elements_find_a_symbol_in_every_view(view, position):
    batch = sequence_views(6)[view]((DIGITS, torch.zeros(2, dtype=torch.long)))
    found = elements(batch, position)
    if view == "symbols":
        nodes = torch.arange(len(batch.x)).unsqueeze(1).expand_as(batch.x).flatten()
        assert (nodes[found] % 6).tolist() == DIGITS[:, position].tolist()
        assert (found % 4).tolist() == [position] * 2
    assert batch.x.flatten()[found].tolist() == DIGITS[:, position].tolist()


def test_elements_of_features():
    batch = sequence_views(None)["path"]((torch.rand(3, 5, 2), torch.zeros(3)))
    assert elements(batch, 1).tolist() == [1, 6, 11]


@pytest.mark.parametrize(
    ("view", "hops"), [("path", 18), ("path both ways", 18), ("dilated", 2), ("balanced tree", 5), ("symbols", 18)]
)
def test_hops_over_a_distance_of_18(view, hops):
    assert sequence_hops(view, 18) == hops


@pytest.mark.parametrize("leaves", range(2, 20))
def test_hops_in_a_balanced_tree_are_those_of_its_edges(leaves):
    tree = to_balanced_trees(([torch.zeros(leaves, dtype=torch.long)], torch.zeros(1)), empty=1)
    parents = dict(tree.edge_index.t().tolist())
    for leaf in range(leaves):
        node, hops = leaf, 0
        while node in parents:
            node, hops = parents[node], hops + 1
        assert sequence_hops("balanced tree", leaves - 1 - leaf, leaf) == hops


def test_an_unknown_view_names_those_there_are():
    with pytest.raises(ValueError, match=r"view is 'tree', expected one that palindromes of length 5 offer: path, "):
        find_view(PalindromeTask(5), "tree")


def test_palindromes_know_where_the_answer_is():
    assert isinstance(PalindromeTask(5), HasAnswers)
