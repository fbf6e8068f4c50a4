import nltk
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree_strategies import BRACKETS, heads

from gnnseq.data.trees.brackets import parse_brackets
from gnnseq.data.trees.heads import dependency_tree
from gnnseq.data.trees.tree import Tree, binarize

SENTENCE = ["From", "the", "AP", "comes", "this", "story"]
TREE = dependency_tree(SENTENCE, [2, 2, 3, -1, 5, 3], ["case", "det", "obl", "root", "det", "nsubj"])


def test_equality():
    again = dependency_tree(SENTENCE, [2, 2, 3, -1, 5, 3], ["case", "det", "obl", "root", "det", "nsubj"])
    other = dependency_tree(SENTENCE, [2, 2, 3, -1, 3, 3], ["case", "det", "obl", "root", "det", "nsubj"])
    assert again == TREE
    assert other != TREE
    assert TREE != "tree"


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ([], "parents does not end with -1, expected the root last"),
        ([1, 0], "parents does not end with -1"),
        ([1, -1, -1], r"parents\[1\] is -1, expected a later node of 3"),
        ([0, -1], r"parents\[0\] is 0, expected a later node of 2"),
        ([5, 2, -1], r"parents\[0\] is 5, expected a later node of 3"),
    ],
)
def test_bad_parents(parents, message):
    size = len(parents)
    zeros = np.zeros(size, np.int64)
    with pytest.raises(ValueError, match=message):
        Tree(np.array(parents, np.int64), zeros, zeros, ("",) * size, ("",) * size)


def test_lengths_that_differ():
    one = np.array([-1])
    with pytest.raises(ValueError, match="words has 2 entries, expected 1, one per node"):
        Tree(one, one, one, ("a", "b"), ("",))


@given(BRACKETS)
def test_binarize_is_nltk_s_normal_form(text):
    tree = binarize(parse_brackets(text))
    expected = nltk.Tree.fromstring(text)
    expected.chomsky_normal_form()
    for subtree in expected.subtrees():
        if "|<" in subtree.label():
            subtree.set_label("")
    found = nltk.Tree.fromstring(str(tree))
    assert found == expected
    assert max(map(len, tree.children())) <= 2
    assert tree.sentence() == parse_brackets(text).sentence()
    for below in tree.children():
        assert tree.slots[below].tolist() == list(range(len(below)))


@given(heads())
def test_binarize_keeps_words_of_dependency_trees(given_heads):
    words = [f"w{place}" for place in range(len(given_heads))]
    tree = binarize(dependency_tree(words, given_heads, ["r"] * len(words)))
    assert tree.sentence() == words
    assert max(map(len, tree.children())) <= 2
    assert (np.array(tree.words) == "").tolist() == (tree.places < 0).tolist()


@given(st.integers(1, 30))
def test_binarize_leaves_binary_trees_alone(size):
    tree = parse_brackets("(a " * size + "(b w) (c v)" + ")" * size)
    assert binarize(tree) == tree


def joined(parents=(2, 2, -1), slots=(0, 1, 0), places=(0, 1, -1), words=("a", "b", ""), labels=("", "", "")):
    return Tree(*(np.array(row) for row in (parents, slots, places)), words, labels)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"parents": (2.0, 2, -1)}, r"parents is float64 \[3\], expected integers \[n\]"),
        ({"slots": (False, True, False)}, r"slots is bool \[3\], expected integers \[n\]"),
        ({"places": ((0,), (1,), (2,))}, r"places is int64 \[3, 1\], expected integers \[n\]"),
        ({"places": (1, 1, -1)}, r"places\[1\] is 1, expected distinct places, or -1 for none"),
        ({"places": (0, 1, -2)}, r"places\[2\] is -2, expected distinct places, or -1 for none"),
        ({"slots": (1, 1, 0)}, r"slots\[1\] is 1, expected another than those of its siblings, and >= 0"),
        ({"slots": (0, -1, 0)}, r"slots\[1\] is -1, expected another than those of its siblings, and >= 0"),
    ],
)  # fmt: skip
def test_numbers_that_make_no_tree(changed, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        joined(**changed)


@pytest.mark.parametrize("name", ["words", "labels"])
def test_a_string_is_no_list_of_words(name):
    with pytest.raises(TypeError, match=f"^{name} is a str, expected one string per node"):
        joined(**{name: "abc"})


def test_a_tree_has_numbers_of_its_own_in_int64():
    parents = np.array([2, 2, -1], np.int32)
    tree = joined(parents=parents)
    parents[0] = 1
    assert tree.parents.tolist() == [2, 2, -1]
    assert tree.parents.dtype == np.int64
    assert joined(slots=(3, 0, 0)).children() == [[], [], [1, 0]]
