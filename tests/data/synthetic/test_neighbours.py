import math

import pytest
import torch

from gnnseq.data.synthetic.neighbours import NeighborsMatchDataset


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_the_answer_is_the_value_of_the_leaf_with_the_roots_key(depth):
    dataset = NeighborsMatchDataset(depth)
    features, answers = dataset[:40]
    leaves = 2**depth
    assert features.shape == (40, leaves + 1, 2 * leaves)
    for nodes, answer in zip(features.tolist(), answers.tolist(), strict=True):
        hot = [[place for place, value in enumerate(node) if value] for node in nodes]
        memory = {key: value - leaves for key, value in hot[:-1]}
        assert list(memory) == list(range(leaves))
        assert sorted(memory.values()) == list(range(leaves))
        assert len(hot[-1]) == 1
        assert answer == memory[hot[-1][0]]


def test_all_trees_of_depth_two_occur():
    features, _ = NeighborsMatchDataset(2, seed=1)[:3000]
    assert len(torch.unique(features.flatten(1), dim=0)) == 4 * math.factorial(4) == 96


def test_constants_are_right_by_chance():
    dataset = NeighborsMatchDataset(3, seed=2)
    _, answers = dataset[:20_000]
    counts = torch.bincount(answers, minlength=8).double() / 20_000
    assert torch.allclose(counts, torch.full((8,), dataset.chance).double(), atol=4 * math.sqrt(0.11 / 20_000))


def test_depth_out_of_range():
    with pytest.raises(ValueError, match="depth is 11, expected an integer from 1 to 10"):
        NeighborsMatchDataset(11)
