"""Word vectors from a text file."""

import codecs
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from gnnseq.data.files import read_number
from gnnseq.data.text.vocabulary import Vocabulary

_DIGITS = 10  # that no size in a first line has; longer ones are numbers of a vector


class WordVectors(NamedTuple):
    """Vectors of a vocabulary.

    Args:
        values: ``[V, D]``, float32; zeros for words that have none.
        found: ``[V]``, whether a word has one.
    """

    values: Tensor
    found: Tensor


def read_vectors(path: str | Path, vocabulary: Vocabulary, *, lower_case: bool = False) -> WordVectors:
    """Reads the vectors of a vocabulary's words from a file as GloVe and word2vec have it.

    A line is a word and D numbers, with a space between them; a word may have spaces itself. A byte order mark is
    skipped, and a first line of two integers, of which the second is D. If a word comes twice, its first vector counts.

    Args:
        path: of a UTF-8 file of any length.
        vocabulary: V words; the vectors of others are passed over, once they are seen to begin with a number.
        lower_case: whether a word without a vector gets that of its lower-case form, such as "The" that of "the".

    Raises:
        ValueError: if a line has another number of numbers than the first vector, a number cannot be read
            or is not finite in float32, or there is no vector. The message names the file, the line and which of the
            vector's numbers it is.
    """
    rows = [(_encode(symbol), _encode(symbol.lower())) for symbol in vocabulary.symbols]
    wanted = {form for forms in rows for form in forms[: 1 + lower_case]}
    vectors: dict[bytes, list[float]] = {}
    width = stated = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            if width and line.count(b" ") == width:
                word, first = line.split(b" ", 2)[:2]
                if word not in wanted and _is_number(first):
                    continue
            if number == 1 and b"\r" in line.rstrip(b"\r\n"):
                raise ValueError(f"{path}, line 1 ends with a carriage return alone, expected a line feed")
            fields = line.split()
            if number == 1 and len(fields) == 2 and all(field.isdigit() and len(field) < _DIGITS for field in fields):
                stated = int(fields[1])
            elif fields:
                width = width or stated or _width(fields)
                name = _word(fields, width)
                if name is None:
                    got = f"{sum(map(_is_number, fields[1:]))} numbers"
                    raise ValueError(f"{path}, line {number}: expected a word and {width} numbers, got {got}")
                if name in wanted and name not in vectors:
                    vectors[name] = _numbers(path, number, fields[-width:])
    if not width:
        raise ValueError(f"{path} holds no vectors, expected a word and numbers in every line")
    values, found = torch.zeros(len(vocabulary), width), torch.zeros(len(vocabulary), dtype=torch.bool)
    given = [next((vectors[form] for form in forms[: 1 + lower_case] if form in vectors), None) for forms in rows]
    places = torch.tensor([row for row, vector in enumerate(given) if vector is not None], dtype=torch.long)
    values[places] = torch.tensor([vector for vector in given if vector is not None]).reshape(-1, width)
    found[places] = True
    return WordVectors(values, found)


def _encode(word: str) -> bytes:
    return word.encode(errors="surrogatepass")  # no line of UTF-8 has half a character


def _width(fields: list[bytes]) -> int:
    """The number of numbers at the end of the first vector's line."""
    width = 0
    while width < len(fields) - 1 and _is_number(fields[-1 - width]):
        width += 1
    return width


def _word(fields: list[bytes], width: int) -> bytes | None:
    """What stands before the last ``width`` fields, unless that is no word or no number follows."""
    if width < 1 or len(fields) <= width or not _is_number(fields[-width]):
        return None
    if len(fields) == width + 1:
        return fields[0]
    rest = fields[1:-width]
    return None if any(_is_number(field) for field in rest) else b" ".join(fields[:-width])


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _numbers(path: str | Path, line: int, fields: list[bytes]) -> list[float]:
    values = []
    for place, field in enumerate(fields, 1):
        try:
            values.append(read_number(field.decode(errors="replace")))
        except ValueError as error:
            raise ValueError(f"{path}, line {line}, number {place} of {len(fields)}: {error}") from None
    return values
