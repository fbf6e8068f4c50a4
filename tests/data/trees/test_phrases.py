import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree_strategies import BRACKETS, heads

from gnnseq.data.sequences import UNLABELLED
from gnnseq.data.trees.brackets import parse_brackets
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.data.trees.heads import dependency_tree
from gnnseq.data.trees.phrases import Phrases
from gnnseq.data.trees.tree import Tree


def words_under(tree, node):
    """The words from the first to the last place below a node."""
    below, places = tree.children(), []
    stack = [node]
    while stack:
        node = stack.pop()
        stack.extend(below[node])
        if tree.places[node] >= 0:
            places.append(int(tree.places[node]))
    order = sorted(place for place in tree.places.tolist() if place >= 0)
    return tree.sentence()[order.index(min(places)) : order.index(max(places)) + 1]


def check(trees):
    corpus = TreeCorpus.from_trees(trees)
    phrases = Phrases.from_corpus(corpus)
    rows, labels = phrases.take(np.arange(len(phrases)))
    assert labels.tolist() == corpus.labels.tolist()
    found = [corpus.words.lookup(row) for row in rows]
    assert found == [words_under(tree, node) for tree in trees for node in range(len(tree))]
    assert [found[root] for root in phrases.roots] == [tree.sentence() for tree in trees]


@given(st.lists(BRACKETS, min_size=1, max_size=5))
def test_phrases_are_the_words_under_every_node(texts):
    check([parse_brackets(text) for text in texts])


@given(st.lists(heads(), min_size=1, max_size=4))
def test_phrases_of_dependency_trees(sentences):
    words = [[f"w{n}" for n in range(len(one))] for one in sentences]
    check([dependency_tree(row, one, ["r"] * len(one)) for row, one in zip(words, sentences, strict=True)])


@given(st.lists(BRACKETS, min_size=1, max_size=6), st.integers(0, 4), st.integers(0, 9))
def test_samples(texts, count, seed):
    corpus = TreeCorpus.from_trees([parse_brackets(text) for text in texts])
    corpus.labels[:: 1 + seed % 3] = UNLABELLED
    phrases = Phrases.from_corpus(corpus)
    rows = np.arange(len(texts))[::2]
    nodes = phrases.sample(rows, count, np.random.default_rng(seed))
    assert len(set(nodes.tolist())) == len(nodes)
    assert (phrases.labels[nodes] != UNLABELLED).all()
    for row in rows.tolist():
        first, stop = phrases.ptr[row], phrases.ptr[row + 1]
        own = set(nodes[(nodes >= first) & (nodes < stop)].tolist())
        assert (stop - 1 in own) == (phrases.labels[stop - 1] != UNLABELLED)
        labelled = phrases.labels[first : stop - 1] != UNLABELLED
        possible = labelled & (phrases.stop - phrases.first > 1)[first : stop - 1]
        assert len(own - {stop - 1}) == min(count, possible.sum())
        assert own - {stop - 1} <= set((first + np.flatnonzero(possible)).tolist())


def test_every_phrase_is_drawn_alike():
    corpus = TreeCorpus.from_trees([parse_brackets("(1 (1 (1 a) (1 b)) (1 (1 (1 c) (1 d)) (1 e)))")])
    phrases, random = Phrases.from_corpus(corpus), np.random.default_rng(0)
    drawn = np.concatenate([phrases.sample(np.arange(1), 1, random) for _ in range(600)])
    counts = np.bincount(drawn, minlength=9)
    assert counts[8] == 600
    assert counts[[0, 1, 3, 4, 6]].sum() == 0
    assert (abs(counts[[2, 5, 7]] - 200) < 50).all()


def test_trees_without_words():
    corpus = TreeCorpus.from_trees([parse_brackets("(1 a)")])
    corpus.places[:] = -1
    with pytest.raises(ValueError, match="corpus has 1 trees without words"):
        Phrases.from_corpus(corpus)


def test_a_chain_takes_no_longer_than_its_words():
    size = 60_000
    chain = dependency_tree(["w"] * size, [place - 1 for place in range(size)], ["r"] * size)
    corpus = TreeCorpus.from_trees([chain, parse_brackets("(1 (1 a) (1 b))")])
    start = time.process_time()
    phrases = Phrases.from_corpus(corpus)
    assert time.process_time() - start < 2
    assert phrases.first[:3].tolist() == [59_999, 59_998, 59_997]
    assert set(phrases.stop[:size].tolist()) == {size}
    assert phrases.first[size:].tolist() == [60_000, 60_001, 60_000]


def test_what_is_no_corpus():
    with pytest.raises(TypeError, match="corpus is a list, expected a TreeCorpus, such as"):
        Phrases.from_corpus([parse_brackets("(1 a)")])
    with pytest.raises(ValueError, match="corpus is empty"):
        Phrases.from_corpus(TreeCorpus.from_trees([parse_brackets("(1 a)")])[:0])


def test_words_of_pruned_trees_stay_in_order_and_in_their_sentence():
    whole = parse_brackets("(1 (1 (1 a) (1 b)) (1 (1 c) (1 d)))")
    pruned = Tree(
        np.array([4, 3, 3, 4, -1]),
        np.array([0, 0, 1, 1, 0]),
        np.array([4, 9, 7, -1, -1]),
        ("b", "d", "c", "", ""),
        ("1",) * 5,
    )
    check([pruned, whole, pruned])
    corpus = TreeCorpus.from_trees([pruned, whole])
    rows, _ = Phrases.from_corpus(corpus).take(np.array([4, 3]))
    assert [corpus.words.lookup(row) for row in rows] == [["b", "c", "d"], ["c", "d"]]
