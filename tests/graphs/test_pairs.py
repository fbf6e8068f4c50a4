import pytest
import torch
from graph_checks import assert_same_batch
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.data.trees.binary import parse_binary
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.graphs import pair_batch, parse_batch, path_batch

TEXTS = ["a", "( not a )", "( ( a b ) ( b a ) )", "( a ( b b ) )"]
CORPUS = TreeCorpus.from_trees([parse_binary(text) for text in TEXTS])
ROWS = st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=4)


@given(st.data())
def test_a_pair_is_both_graphs_one_after_the_other(data):
    one = data.draw(ROWS)
    two = data.draw(st.lists(st.integers(0, len(TEXTS) - 1), min_size=len(one), max_size=len(one)))
    left, right = parse_batch(CORPUS[one]), parse_batch(CORPUS[two])
    pairs = pair_batch(left, right, torch.arange(len(one)))
    assert pairs.num_graphs == len(one)
    for row, pair in enumerate(pairs.to_data_list()):
        first, second = left[row], right[row]
        size = int(pair.left_nodes)
        assert size == first.num_nodes
        assert pair.y.tolist() == [row]
        assert torch.equal(pair.x, torch.cat([first.x, second.x]))
        expected = torch.cat([first.edge_index, second.edge_index + size], dim=1)
        assert torch.equal(pair.edge_index, expected)
        assert torch.equal(pair.edge_slot, torch.cat([first.edge_slot, second.edge_slot]))
    alone = [
        pair_batch(parse_batch(CORPUS[[a]]), parse_batch(CORPUS[[b]]), torch.tensor([row]))[0]
        for row, (a, b) in enumerate(zip(one, two, strict=True))
    ]
    assert_same_batch(pairs, alone)


def test_numbers_that_do_not_fit():
    two, three = (path_batch([torch.arange(3)] * count) for count in (2, 3))
    with pytest.raises(ValueError, match="left has 2 graphs and right has 3, expected as many"):
        pair_batch(two, three)
    with pytest.raises(ValueError, match="y has 3 targets, expected 2, one per pair"):
        pair_batch(two, two, torch.zeros(3))
