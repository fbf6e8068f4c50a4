import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from gnnseq.data import ListOpsBinaryTrees, ListOpsSequences, ListOpsTrees
from gnnseq.data.trees.corpus import TreeCorpus

OPTIONS = st.fixed_dictionaries(
    {
        "depth": st.integers(3, 8),
        "arguments": st.integers(2, 9),
        "seed": st.integers(0, 9),
        "split": st.sampled_from(["train", "validation", "test"]),
    }
)


def nested(tree, node):
    """A flat tree as (operator, value, arguments), or a digit."""
    below = tree.children()[node]
    if not below:
        return tree.words[node]
    return tree.words[node], tree.labels[node], [nested(tree, child) for child in below]


def taken_apart(tree, node):
    """The same from a binary tree."""
    below = tree.children()[node]
    if not below:
        return tree.words[node]
    arguments, value, head = [], tree.labels[node], node
    while below := tree.children()[head]:
        head, argument = below
        arguments.append(taken_apart(tree, argument))
    return tree.words[head], value, arguments[::-1]


@given(OPTIONS)
def test_binary_trees_are_the_trees(options):
    binary, flat = ListOpsBinaryTrees(**options)[:10], ListOpsTrees(**options)[:10]
    assert isinstance(binary, TreeCorpus)
    for two, tree in zip(binary, flat, strict=True):
        assert taken_apart(two, len(two) - 1) == nested(tree, len(tree) - 1)
        assert len(two) == 2 * len(tree) - 1
        assert all(len(below) in (0, 2) for below in two.children())
        assert two.sentence() == tree.sentence()
        assert sorted(two.places[two.places >= 0]) == sorted(tree.places)
        labelled = sorted(label for label in two.labels if label)
        assert labelled == sorted(tree.labels)


@given(OPTIONS)
def test_a_value_stands_where_its_list_ends(options):
    sequences, values = ListOpsSequences(**options).with_values(slice(0, 10))
    for sequence, row, tree in zip(sequences, values, ListOpsTrees(**options)[:10], strict=True):
        depth, opened, expected = 0, [], np.full(len(sequence), -100)
        labels = dict(zip(tree.places.tolist(), tree.labels, strict=True))
        for place, symbol in enumerate(sequence.tolist()):
            if symbol == 14:
                expected[place] = int(labels[opened.pop()])
            elif symbol >= 10:
                opened.append(place)
            else:
                expected[place] = symbol
            depth = max(depth, len(opened))
        assert row.tolist() == expected.tolist()


def test_single_samples_batches_and_loaders():
    binary, sequences = ListOpsBinaryTrees(num_samples=4), ListOpsSequences(num_samples=4)
    assert binary[2] == binary[1:3][1] == next(iter(DataLoader(binary, 4, collate_fn=lambda corpus: corpus)))[2]
    ids, value = sequences[2]
    assert value == sequences.with_values([2])[1][0][-1]
    assert torch.equal(ids, sequences.with_values(2)[0][0])
    assert len(sequences.with_values([])[0]) == 0
    with pytest.raises(IndexError):
        binary[4]
