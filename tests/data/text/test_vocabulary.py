import json

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.text.words import words

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


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"symbols": ["a", 1]}, r"symbols\[1\] is 1, expected a str"),
        ({"symbols": [["a"]]}, r"symbols\[0\] is \['a'\], expected a str"),
        ({"symbols": "ab"}, "symbols is a str, expected a list of strings"),
        ({"symbols": {"a": 1}}, "symbols is a dict, expected a list of strings"),
        ({"symbols": None}, "symbols is a NoneType, expected a list of strings"),
        ({"unknown": 1}, "unknown is 1, expected a str"),
        ({"unknown": ["a"]}, r"unknown is \['a'\], expected a str"),
        ({"separator": None}, "separator is None, expected a str"),
        ({"more": 1}, "state is no vocabulary"),
    ],
)
def test_files_of_other_kinds(tmp_path, state, message):
    path = tmp_path / "vocabulary.json"
    path.write_text(json.dumps({"symbols": ["a", "b"], "unknown": None, "separator": ""} | state))
    with pytest.raises(ValueError, match=f"^{path}: {message}"):
        Vocabulary.load(path)


@pytest.mark.parametrize(
    "bad", [{"symbols": ["a", 1]}, {"symbols": "ab", "unknown": 1}, {"symbols": "ab", "separator": 1}]
)
def test_arguments_that_are_no_strings(bad):
    with pytest.raises(TypeError, match="is 1, expected a str"):
        Vocabulary(**bad)


def test_deep_json_and_other_encodings(tmp_path):
    path = tmp_path / "vocabulary.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match=r"vocabulary.json: nested too deeply, expected a vocabulary"):
        Vocabulary.load(path)
    path.write_bytes(b'{"symbols": ["\xff"]}')
    with pytest.raises(ValueError, match=r"vocabulary.json: byte 0xff at offset 14"):
        Vocabulary.load(path)


def test_a_damaged_file_is_not_read(tmp_path):
    """Every single bit that is flipped is an error, or changes nothing."""
    path = tmp_path / "vocabulary.json"
    vocabulary = Vocabulary(["<unk>", "a", "b", "é"], unknown="<unk>", separator=" ")
    vocabulary.save(path)
    content = path.read_bytes()
    refused = 0
    for bit in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            assert Vocabulary.load(path) == vocabulary
        except ValueError:
            refused += 1
    assert refused >= 8 * len(content) - 4  # the case of a hexadecimal digit in an escape may change
    path.write_bytes(content.replace(b'"b"', b'"c"'))
    with pytest.raises(ValueError, match=r"vocabulary.json is damaged: its checksum is '[0-9a-f.]+', expected"):
        Vocabulary.load(path)
    path.write_text(json.dumps(vocabulary.state_dict()))  # as earlier versions wrote it
    assert Vocabulary.load(path) == vocabulary


@pytest.mark.parametrize("ids", [torch.tensor([0.5]), [None], torch.zeros(1, 2, dtype=torch.long)])
def test_ids_that_are_no_integers(ids):
    with pytest.raises(ValueError, match=r"ids has .*, expected 0 to 1$"):
        Vocabulary("ab").decode(ids)


@pytest.mark.parametrize("limits", [{"max_size": -1}, {"max_size": 0}, {"max_size": 1.5}, {"min_count": None}])
def test_limits_out_of_range(limits):
    with pytest.raises(ValueError, match=r"(max_size|min_count) is .*, expected an integer >= [01]"):
        Vocabulary.from_words(["a b"], **limits)


@pytest.mark.parametrize("unknown", [None, "?"])
@pytest.mark.parametrize(("texts", "wrong"), [([["a", None]], "None"), ([["a"], ["b", 3, 3]], "3")])
def test_words_that_are_no_strings(texts, wrong, unknown):
    with pytest.raises(TypeError, match=f"texts has {wrong}, expected words as str"):
        Vocabulary.from_words(texts, unknown=unknown, min_count=2)
    with pytest.raises(TypeError, match=f"texts has {wrong}, expected characters as str"):
        Vocabulary.from_characters(texts, unknown=unknown)
