import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.text.words import words

TEXT = st.text(max_size=40)


@given(TEXT)
def test_words_leave_out_white_space_only(text):
    assert "".join(words(text)) == "".join(text.split())


def test_words():
    text = "It's Snow-white, who said: 'No!' in 1812 \n (twice)."
    expected = "It's|Snow-white|,|who|said|:|'|No|!|'|in|1812|(|twice|)|."
    assert words(text) == expected.split("|")


@pytest.mark.parametrize(
    "text",
    [
        "हिन्दी भाषा",
        "தமிழ் மொழி",
        "مُحَمَّدٌ رَسُولٌ",
        "שָׁלוֹם עוֹלָם",
        "cafe\u0301 ole\u0301",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0628\u0631\u0648",  # a zero-width non-joiner
        "Donau\u00addampf Schiff\u00adfahrt",  # soft hyphens
        "l'e\u0301te\u0301 vis-a\u0300-vis",
        "\u2764\ufe0f \U0001d400\U0001e8d0",  # a variation selector, a mark outside the first plane
    ],
)
def test_marks_belong_to_their_letter(text):
    assert words(text) == text.split()
    assert Vocabulary.from_words([text]).lookup(Vocabulary.from_words([text]).encode(text)) == text.split()


def test_marks_without_a_letter():
    assert words("a \u0301\u0301 b") == ["a", "\u0301\u0301", "b"]
    assert words("a\u200bb") == ["a", "\u200b", "b"]  # the zero-width space ends a word
    assert words("a-\u0301b") == ["a", "-\u0301", "b"]


MARKED = st.text("a'-! \u0301\u093e\u200b\u200c\u200d\u00ad\u0915", max_size=12)


@given(MARKED)
def test_words_with_marks_round_trip(text):
    assert words(" ".join(words(text))) == words(text)
    assert "".join(words(text)) == "".join(text.split())
