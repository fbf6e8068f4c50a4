import nltk
import pytest
from hypothesis import given
from tree_strategies import BRACKETS

from gnnseq.data.trees.brackets import parse_brackets


@given(BRACKETS)
def test_brackets_round_trip(text):
    tree = parse_brackets(text)
    assert str(tree) == text
    assert parse_brackets(str(tree)) == tree


@given(BRACKETS)
def test_agrees_with_nltk(text):
    tree, expected = parse_brackets(text), nltk.Tree.fromstring(text)
    assert tree.sentence() == expected.leaves()
    below = [expected[position] for position in expected.treepositions("postorder")]
    assert list(tree.labels) == [node.label() for node in below if isinstance(node, nltk.Tree)]
    assert int(tree.depths().max()) == expected.height() - 2


def test_parse():
    tree = parse_brackets(" (3 (2 very)\n (4 (3 good)\t(2 film)) )\n")
    assert tree.labels == ("2", "3", "2", "4", "3")
    assert tree.words == ("very", "good", "film", "", "")
    assert tree.parents.tolist() == [4, 3, 3, 4, -1]
    assert tree.slots.tolist() == [0, 0, 1, 1, 0]
    assert tree.places.tolist() == [0, 1, 2, -1, -1]


def test_one_word():
    tree = parse_brackets("(2 Yes)")
    assert tree.words == ("Yes",)
    assert tree.parents.tolist() == [-1]


def test_the_penn_treebank_s_empty_bracket_is_taken_off():
    assert str(parse_brackets("( (S (NP he) (VP left)) )")) == "(S (NP he) (VP left))"
    assert str(parse_brackets("((S he))")) == "(S he)"


def test_words_without_labels():
    text = "(S (NP the black cat) sat (PP on (NP it)) down)"
    tree = parse_brackets(text, require_labels=False)
    assert tree.sentence() == ["the", "black", "cat", "sat", "on", "it", "down"]
    assert tree.labels == ("", "", "", "NP", "", "", "NP", "PP", "", "S")
    assert str(tree) == text
    assert parse_brackets("((A a) (B b))", require_labels=False).labels == ("A", "B", "")


def test_a_hard_space_is_part_of_a_word():
    assert parse_brackets("(2 8\u00a01\\/2)").words == ("8\u00a01\\/2",)


def test_deep_trees():
    depth = 5000
    text = "(1 (0 a) " * depth + "(2 b)" + ")" * depth
    tree = parse_brackets(text)
    assert int(tree.depths().max()) == depth
    assert len(tree.sentence()) == depth + 1
    assert parse_brackets(str(tree)) == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"line 7, column 1: expected '\(', got nothing"),
        (" \n ", r"line 7, column 1: expected '\(', got nothing"),
        ("word", r"line 7, column 1: expected '\(', got 'word'"),
        (")", r"line 7, column 1: expected '\(', got '\)'"),
        ("(2 a", r"line 7, column 5: expected '\)' for the bracket of line 7, column 1, got the end"),
        ("(2\n (3 a)\n (3 b)", r"line 9, column 7: expected '\)' for the bracket of line 7, column 1"),
        ("(2 a))", r"line 7, column 6: expected the end of the tree, got '\)'"),
        ("(2 a)\n(2 b)", r"line 8, column 1: expected the end of the tree, got '\('"),
        ("(2 a) b", r"line 7, column 7: expected the end of the tree, got 'b'"),
        ("()", r"line 7, column 2: expected a word or a tree before '\)'"),
        ("(2)", r"line 7, column 3: expected a word or a tree before '\)'"),
        ("(2 (3 a)\n (3))", r"line 8, column 4: expected a word or a tree before '\)'"),
        ("(2 (3 a) ((3 b) (3 c)))", r"line 7, column 10: expected a label after '\('"),
        ("(2 (3 a) b)", r"line 7, column 10: expected a label of 'b'"),
        ("(2 a b)", r"line 7, column 4: expected a label of 'a'"),
        ("((2 a) (2 b))", r"line 7, column 1: expected a label after '\('"),
    ],
)
def test_malformed_trees(text, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        parse_brackets(text, line=7)
