"""A text cut into words and punctuation marks."""

import re
import unicodedata
from functools import cache
from itertools import chain


def words(text: str) -> list[str]:
    """The words, numbers and punctuation marks of a text, in order, without white space.

    A word is a run of letters, digits and "_", with single apostrophes and hyphens inside. As in Unicode's word
    boundaries (https://unicode.org/reports/tr29, rule WB4), combining marks, joiners and other format characters belong
    to the character before them: vowel signs of Hindi and Tamil, the points of Arabic and Hebrew, the accent of a
    decomposed "é". ``words(" ".join(words(text)))`` equals ``words(text)``.
    """
    return (_word_pattern("") if text.isascii() else _word_pattern(_extenders())).findall(text)


@cache
def _word_pattern(extenders: str) -> re.Pattern[str]:
    """The pattern of a word or a punctuation mark, each followed by any of ``extenders``, a class of characters."""
    word, mark = rf"\w[\w{extenders}]*", f"[{extenders}]*" if extenders else ""
    return re.compile(rf"{word}(?:['’-]{word})*|[^\w\s]{mark}")


@cache
def _extenders() -> str:
    """All combining marks and format characters, as ranges; the zero-width space ends a word."""
    assigned = chain(range(0x80, 0x20000), range(0xE0000, 0xE1000))  # ideographs and private characters lie between
    codes = [code for code in assigned if _extends(chr(code))]
    starts = [code for code, before in zip(codes, [-1, *codes], strict=False) if code != before + 1]
    ends = [code for code, after in zip(codes, [*codes[1:], -1], strict=True) if code + 1 != after]
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))


def _extends(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf") and character != "\u200b"
