import json

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from gnnseq.data.text.vocabulary import Vocabulary, words

TEXT = st.text(max_size=40)
SYMBOLS = st.lists(st.text(min_size=1, max_size=5), min_size=1, unique=True)


@given(TEXT.filter(bool))
def test_characters_round_trip(text):
    vocabulary = Vocabulary.from_characters([text])
    ids = vocabulary.encode(text)
    assert ids.dtype == torch.int64
    assert ids.tolist() == [sorted(set(text)).index(character) for character in text]
    assert vocabulary.decode(ids) == text


@given(TEXT)
def test_words_round_trip(text):
    cut = words(text)
    assume(cut)
    vocabulary = Vocabulary.from_words([text])
    assert vocabulary.lookup(vocabulary.encode(text)) == cut
    assert vocabulary.decode(vocabulary.encode(text)) == " ".join(cut)
    assert words(" ".join(cut)) == cut
    assert vocabulary.encode(cut).tolist() == vocabulary.encode(text).tolist()


@given(TEXT)
def test_words_leave_out_white_space_only(text):
    assert "".join(words(text)) == "".join(text.split())


def test_words():
    text = "It's Snow-white, who said: 'No!' in 1812 \n (twice)."
    expected = "It's|Snow-white|,|who|said|:|'|No|!|'|in|1812|(|twice|)|."
    assert words(text) == expected.split("|")


def test_order_does_not_depend_on_the_order_of_the_texts():
    assert Vocabulary.from_characters(["cab", "d"]).symbols == ("a", "b", "c", "d")
    assert Vocabulary.from_characters("dbca").symbols == ("a", "b", "c", "d")
    texts = ["b a b", "c c b", "d a"]
    for order in (texts, texts[::-1]):
        assert Vocabulary.from_words(order).symbols == ("b", "a", "c", "d")


def test_from_words_of_lists_with_limits():
    texts = [["x y", "z"], ["z", "x y"], ["z", "w"]]
    assert Vocabulary.from_words(texts).symbols == ("z", "x y", "w")
    assert Vocabulary.from_words(texts, max_size=1, unknown="?").symbols == ("?", "z")
    assert Vocabulary.from_words(texts, min_count=3).symbols == ("z",)
    with pytest.raises(TypeError, match="texts is a str"):
        Vocabulary.from_words("one text")


@pytest.mark.parametrize("separator", ["", " "])
def test_unknown_symbols_are_listed_with_their_positions(separator):
    vocabulary = Vocabulary("abc", separator=separator)
    text = separator.join("abxcyxzuvw")
    message = "'x' at position 2, 'y' at position 4, 'x' at position 5, 'z' at position 6, 'u' at position 7"
    with pytest.raises(ValueError, match=f"^text has symbols outside the vocabulary: {message} and 2 more$"):
        vocabulary.encode(text)
    with pytest.raises(ValueError, match=r"vocabulary: 'd' at position 13$"):
        vocabulary.encode("abcd"[-1:], first=13)


def test_unknown_symbol():
    letters = Vocabulary.from_characters(["abc"], unknown="?")
    assert letters.symbols == ("?", "a", "b", "c")
    assert letters.encode("axb?\U0010ffff").tolist() == [1, 0, 2, 0, 0]
    named = Vocabulary.from_words(["a b a"], unknown="<unk>")
    assert named.encode("b c a").tolist() == [2, 0, 1]
    assert named.decode([2, 0]) == "b <unk>"
    long = Vocabulary(["<unk>", "a"], unknown="<unk>")
    assert long.encode("ab").tolist() == [1, 0]


def test_encoding_nothing():
    assert Vocabulary("ab").encode("").tolist() == []
    assert Vocabulary("ab", separator=" ").encode("  ").dtype == torch.int64


@given(SYMBOLS, st.sampled_from(["", " "]), st.booleans())
def test_state_round_trip(symbols, separator, unknown):
    vocabulary = Vocabulary(symbols, separator=separator, unknown=symbols[-1] if unknown else None)
    state = json.loads(json.dumps(vocabulary.state_dict()))
    copy = Vocabulary.from_state_dict(state)
    assert copy == vocabulary
    assert hash(copy) == hash(vocabulary)
    assert copy.symbols == tuple(symbols)


def test_save_and_load(tmp_path):
    vocabulary = Vocabulary.from_characters(["Grüße \ud800 日本 \U0001f600"], unknown="\ufffd")
    vocabulary.save(tmp_path / "new" / "vocabulary.json")
    assert Vocabulary.load(tmp_path / "new" / "vocabulary.json") == vocabulary
    assert torch.equal(vocabulary.encode("日x"), Vocabulary.load(tmp_path / "new" / "vocabulary.json").encode("日x"))


def test_different_vocabularies_are_not_equal():
    vocabulary = Vocabulary("ab")
    assert vocabulary != Vocabulary("ba")
    assert vocabulary != Vocabulary("ab", unknown="a")
    assert vocabulary != "ab"


@pytest.mark.parametrize("content", ["{", "[1]", '{"symbols": ["a"]}'])
def test_load_of_something_else(tmp_path, content):
    path = tmp_path / "vocabulary.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"vocabulary.json: "):
        Vocabulary.load(path)


@pytest.mark.parametrize(
    ("symbols", "unknown", "message"),
    [
        ([], None, "expected at least one symbol"),
        (["a", ""], None, "expected at least one symbol"),
        (["a", "b", "a"], None, "symbols has 'a' twice"),
        (["a"], "?", "unknown is '\\?', expected one of the symbols or None"),
    ],
)
def test_bad_symbols(symbols, unknown, message):
    with pytest.raises(ValueError, match=message):
        Vocabulary(symbols, unknown=unknown)


@pytest.mark.parametrize("ids", [[0, 2], [-1], torch.tensor([5])])
def test_ids_out_of_range(ids):
    with pytest.raises(ValueError, match=r"expected 0 to 1$"):
        Vocabulary("ab").decode(ids)


def test_membership_and_length():
    vocabulary = Vocabulary("abc")
    assert len(vocabulary) == 3
    assert "a" in vocabulary
    assert "x" not in vocabulary
    assert repr(vocabulary) == "Vocabulary(3 symbols, separator='', unknown=None)"


def test_no_text():
    with pytest.raises(ValueError, match="at least one symbol"):
        Vocabulary.from_characters([""])
    with pytest.raises(ValueError, match="at least one symbol"):
        Vocabulary.from_words(["  "])
