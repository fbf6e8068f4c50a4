import numpy as np
import pytest
import torch
from hypothesis import given
from tree_strategies import heads

from gnnseq.data.trees.heads import HeadError, dependency_tree

SENTENCE = ["From", "the", "AP", "comes", "this", "story"]
TREE = dependency_tree(SENTENCE, [2, 2, 3, -1, 5, 3], ["case", "det", "obl", "root", "det", "nsubj"])


@pytest.mark.parametrize("made", [np.array, torch.tensor, lambda heads: [np.int64(head) for head in heads]])
def test_heads_of_numpy_and_torch(made):
    tree = dependency_tree(["she", "reads", "books"], made([1, -1, 1]), ["nsubj", "root", "obj"])
    assert tree.words == ("she", "books", "reads")
    assert tree.parents.tolist() == [2, 2, -1]


@pytest.mark.parametrize("head", [1.0, "1", None])
def test_heads_that_are_no_integers_are_named(head):
    with pytest.raises(HeadError, match=rf"heads\[2\] is {head!r}, expected an integer") as error:
        dependency_tree(["she", "reads", "books"], [1, -1, head], ["nsubj", "root", "obj"])
    assert error.value.word == 2


def test_dependency_tree():
    assert str(TREE) == "(root comes (obl AP (case From) (det the)) (nsubj story (det this)))"
    assert TREE.words == ("From", "the", "AP", "this", "story", "comes")
    assert TREE.parents.tolist() == [2, 2, 5, 4, 5, -1]
    assert TREE.slots.tolist() == [0, 1, 0, 0, 1, 0]
    assert TREE.places.tolist() == [0, 1, 2, 4, 5, 3]
    assert TREE.sentence() == SENTENCE
    assert TREE.depths().tolist() == [2, 2, 1, 2, 1, 0]
    assert TREE.children() == [[], [], [0, 1], [], [3], [2, 4]]


@given(heads())
def test_dependency_trees_give_their_heads_back(given_heads):
    size = len(given_heads)
    names = [f"w{place}" for place in range(size)]
    tree = dependency_tree(names, given_heads, [f"r{place}" for place in range(size)])
    assert tree.sentence() == names
    places = tree.places.tolist()
    found = [-1] * size
    for node, parent in enumerate(tree.parents.tolist()):
        found[places[node]] = -1 if parent < 0 else places[parent]
        assert tree.labels[node] == f"r{places[node]}"
    assert found == given_heads
    for below in tree.children():
        assert [places[child] for child in below] == sorted(places[child] for child in below)
        assert tree.slots[below].tolist() == list(range(len(below)))


@pytest.mark.parametrize(
    ("given_heads", "word", "message"),
    [
        ([1, 0], 0, "^no word is the root, expected one head 0$"),
        ([-1, 0, -1], 2, "^words 1 and 3 are both the root, expected one head 0$"),
        ([-1, 3], 1, "^word 2 has head 4 of 2 words, expected a word or 0 for the root$"),
        ([-1, -2], 1, "^word 2 has head -1 of 2 words"),
        ([-1, 2, 1, 2], 1, "^words 2 -> 3 -> 2 form a cycle, expected a tree$"),
        ([-1, 1], 1, "^words 2 -> 2 form a cycle"),
    ],
)
def test_heads_that_make_no_tree(given_heads, word, message):
    with pytest.raises(HeadError, match=message) as caught:
        dependency_tree(["w"] * len(given_heads), given_heads, [""] * len(given_heads))
    assert caught.value.word == word


@pytest.mark.parametrize(
    ("words", "heads", "labels", "message"),
    [
        (["she", "reads", "books"], [1, -1], ["a", "b", "c"], "heads has 2 entries, expected 3, one per word"),
        (["she", "reads"], [1, -1], ["a", "b", "c"], "labels has 3 entries, expected 2, one per word"),
        (["she", "reads"], [1, -1], ["a"], "labels has 1 entries, expected 2"),
        ([], [], [], "words is empty, expected at least one word"),
        (["she", ""], [1, -1], ["a", "b"], r"words\[1\] is empty, expected a word"),
        (["she", "reads"], [1.0, -1], ["a", "b"], r"heads\[0\] is 1.0, expected an integer"),
        (["she", "reads"], [None, -1], ["a", "b"], r"heads\[0\] is None, expected an integer"),
    ],
)
def test_words_heads_and_labels_that_do_not_fit(words, heads, labels, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        dependency_tree(words, heads, labels)


@pytest.mark.parametrize("make", [np.array, lambda heads: [np.int32(head) for head in heads], tuple])
def test_heads_of_numpy(make):
    labels = ["case", "det", "obl", "root", "det", "nsubj"]
    assert dependency_tree(SENTENCE, make([2, 2, 3, -1, 5, 3]), labels) == TREE


@pytest.mark.parametrize(
    ("words", "labels", "columns", "name"),
    [
        ("ab", ["x", "y"], {}, "words"),
        (["a", "b"], "xy", {}, "labels"),
        (["a", "b"], ["x", "y"], {"upos": "NV"}, r"columns\['upos'\]"),
    ],
)
def test_a_string_is_no_list_of_words(words, labels, columns, name):
    with pytest.raises(TypeError, match=f"^{name} is a str, expected one string per word"):
        dependency_tree(words, [1, -1], labels, columns)
