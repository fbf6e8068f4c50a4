from statistics import median

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from gnnseq.data.padded import pad
from gnnseq.data.synthetic.listops import ListOps, ListOpsSequences, ListOpsTrees
from gnnseq.data.trees.corpus import TreeCorpus

OPERATORS = {
    "[MIN": min,
    "[MAX": max,
    "[MED": lambda values: int(median(values)),
    "[SM": lambda values: sum(values) % 10,
}
OPTIONS = st.fixed_dictionaries(
    {
        "depth": st.integers(3, 8),
        "arguments": st.integers(2, 9),
        "seed": st.integers(0, 9),
        "split": st.sampled_from(["train", "validation", "test"]),
    }
)


def evaluate(symbols):
    """The value of a list of symbols, its deepest level of nesting, and its most arguments."""
    stack, deepest, most = [], 0, 0
    for symbol in symbols:
        if symbol in OPERATORS:
            stack.append([symbol])
            deepest = max(deepest, len(stack))
            continue
        value = int(symbol) if symbol != "]" else None
        if value is None:
            operator, *arguments = stack.pop()
            most = max(most, len(arguments))
            assert len(arguments) >= 2
            value = OPERATORS[operator](arguments)
            if not stack:
                return value, deepest + 1, most
        stack[-1].append(value)
    raise AssertionError("a list is open")


@given(OPTIONS)
def test_values_are_exact(options):
    sequences, values = ListOpsSequences(**options)[:30]
    for sequence, value in zip(sequences, values.tolist(), strict=True):
        found, depth, most = evaluate(ListOps.vocabulary.lookup(sequence))
        assert found == value
        assert depth <= options["depth"]
        assert most <= options["arguments"]
        assert len(sequence) >= 6


def flatten(tree):
    """The flat symbols of a tree, from its brackets."""
    children = tree.children()
    symbols, stack = [], [len(tree) - 1]
    while stack:
        node = stack.pop()
        if node < 0:
            symbols.append("]")
            continue
        symbols.append(tree.words[node])
        if children[node]:
            stack.append(-1)
            stack.extend(reversed(children[node]))
    return symbols


@given(OPTIONS)
def test_trees_and_sequences_are_the_same_samples(options):
    trees, (sequences, values) = ListOpsTrees(**options)[:20], ListOpsSequences(**options)[:20]
    assert isinstance(trees, TreeCorpus)
    assert torch.from_numpy(trees.root_labels).equal(values)
    for tree, sequence in zip(trees, sequences, strict=True):
        symbols = ListOps.vocabulary.lookup(sequence)
        assert flatten(tree) == symbols
        assert [symbols[place] for place in tree.places] == list(tree.words)
        for below in tree.children():
            assert tree.slots[below].tolist() == list(range(len(below)))


def test_every_node_s_label_is_its_value():
    for tree in ListOpsTrees()[:20]:
        children = tree.children()
        for node, below in enumerate(children):
            arguments = [int(tree.labels[child]) for child in below]
            expected = OPERATORS[tree.words[node]](arguments) if below else int(tree.words[node])
            assert int(tree.labels[node]) == expected


@given(st.lists(st.integers(0, 999), min_size=1, max_size=8), st.sampled_from([None, 12]))
def test_a_sample_depends_on_its_number_alone(rows, most):
    trees = ListOpsTrees(1000, depth=6, lengths=(6, most))
    assert list(trees[rows]) == [trees[row] for row in rows]
    sequences = ListOpsSequences(depth=6, lengths=(6, most))
    assert [s.tolist() for s in sequences[rows][0]] == [sequences[row][0].tolist() for row in rows]


def test_streams_differ():
    heads = {
        tuple(map(tuple, (s.tolist() for s in ListOpsSequences(seed=seed, split=split)[:5][0])))
        for seed in range(3)
        for split in ("train", "validation", "test")
    }
    assert len(heads) == 9


@pytest.mark.parametrize("lengths", [(4, 4), (10, 20), (30, None), (6, 7)])
def test_lengths(lengths):
    sequences, _ = ListOpsSequences(lengths=lengths)[:50]
    found = [len(sequence) for sequence in sequences]
    assert min(found) >= lengths[0]
    assert lengths[1] is None or max(found) <= lengths[1]


def test_every_choice_is_made_evenly():
    trees = ListOpsTrees(lengths=(4, None), depth=4, arguments=4)[:4000]
    counts = np.bincount(trees.symbols, minlength=14)
    assert (abs(counts[:10] / counts[:10].mean() - 1) < 0.1).all()
    assert (abs(counts[10:] / counts[10:].mean() - 1) < 0.1).all()
    roots = [len(trees[row].children()[-1]) for row in range(1000)]
    assert (abs(np.bincount(roots)[2:] / 333 - 1) < 0.2).all()
    nested = (trees.symbols[trees.places > 0] >= 10).sum() / (trees.places > 0).sum()
    # 3 arguments on average, a quarter of them lists, down to the last level.
    assert nested == pytest.approx((3 + 9 / 4) / 4 / (3 + 9 / 4 + 27 / 16), abs=0.01)


def test_loaders():
    sequences = DataLoader(ListOpsSequences(10), batch_size=4, collate_fn=pad)
    trees = DataLoader(ListOpsTrees(10), batch_size=4, collate_fn=lambda corpus: corpus)
    for flat, corpus in zip(sequences, trees, strict=True):
        assert flat.y.tolist() == corpus.root_labels.tolist()
    assert len(ListOpsTrees(10)[:0]) == 0
    assert ListOpsSequences(10)[:0][0] == []
    with pytest.raises(IndexError, match="index 10 is out of range"):
        ListOpsTrees(10)[10]
    with pytest.raises(TypeError, match="num_samples is None"):
        len(ListOpsTrees())
    assert repr(ListOpsTrees(10)).startswith("ListOpsTrees(num_samples=10, depth=20, arguments=5, lengths=(6, None)")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 1}, "depth is 1, expected an integer >= 2"),
        ({"arguments": 1}, "arguments is 1, expected an integer from 2 to 9"),
        ({"num_samples": 0}, "num_samples is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"split": "dev"}, "split is 'dev', expected one of train, validation, test"),
        ({"lengths": (3, None)}, r"lengths is \(3, None\), expected a least length from 4 to"),
        ({"lengths": (9, 8)}, r"lengths is \(9, 8\), expected a least length"),
        ({"lengths": (8, None), "depth": 2}, "expected a least length from 4 to 7 "),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        ListOpsTrees(**options)


def test_lengths_that_are_too_rare(monkeypatch):
    monkeypatch.setattr("gnnseq.data.synthetic.listops._MOST_TRIES", 50)
    with pytest.raises(ValueError, match="expected a range that is not so rare"):
        ListOpsTrees(lengths=(5000, 5001))[0]
