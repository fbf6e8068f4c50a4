import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.data.trees.binary import balanced_tree, bracketed, parse_binary, right_branching_tree

FORMULAS = st.recursive(st.sampled_from("abc"), lambda part: st.tuples(part, part).map(" ".join).map("( {} )".format))


@given(FORMULAS)
def test_brackets_round_trip(text):
    tree = parse_binary(text)
    assert " ".join(bracketed(tree)) == text
    assert tree.sentence() == [token for token in text.split() if token not in "()"]
    assert all(len(below) in (0, 2) for below in tree.children())


def test_a_not_is_a_word_and_no_label():
    tree = parse_binary("( ( not a ) ( and b ) )")
    assert tree.words == ("not", "a", "", "and", "b", "", "")
    assert tree.parents.tolist() == [2, 2, 6, 5, 5, 6, -1]
    assert tree.slots.tolist() == [0, 1, 0, 0, 1, 1, 0]
    assert tree.places.tolist() == [0, 1, -1, 2, 3, -1, -1]


@pytest.mark.parametrize(
    ("make", "expected"),
    [(right_branching_tree, "( a ( b ( c ( d e ) ) ) )"), (balanced_tree, "( ( ( a b ) c ) ( d e ) )")],
)
def test_trees_over_words_that_nobody_parsed(make, expected):
    assert " ".join(bracketed(make(list("abcde")))) == expected
    assert make(["a"]) == parse_binary("a")
    assert len(make(["w"] * 3000)) == 5999
    for words in ([], ["a", ""]):
        with pytest.raises(ValueError, match="expected at least one word and no empty one"):
            make(words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("( a )", "token 3: expected '\\(' and two parts"),
        ("( a b c )", "token 5: expected '\\(' and two parts"),
        ("( ( a b )", "expected one tree with balanced brackets, got 2 open parts"),
        ("a b", "expected one tree with balanced brackets, got 2 open parts"),
        (")", "token 1: expected"),
        ("", "got 0 open parts"),
        ("(", "got 1 open parts"),
    ],
)
def test_malformed_brackets(text, message):
    with pytest.raises(ValueError, match=message):
        parse_binary(text)


@pytest.mark.parametrize("make", [right_branching_tree, balanced_tree])
def test_a_string_is_no_list_of_words(make):
    with pytest.raises(TypeError, match="words is a str, expected one string per word"):
        make("abc")


def test_a_hard_space_is_part_of_a_word():
    assert parse_binary("(\t10\u00a0km\n( x\u2003y z ) )").sentence() == ["10\u00a0km", "x\u2003y", "z"]
