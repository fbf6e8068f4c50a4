"""Characters or words as integers, and back."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from reprlib import repr as shorten
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.files import read_text
from gnnseq.data.indexing import check_integer
from gnnseq.data.sequences import IntArray
from gnnseq.data.text.words import words
from gnnseq.files import write_text

_LISTED = 5  # unknown symbols that a message names
_CHECKSUM = "sha256"  # of the other three entries of a saved vocabulary


class Vocabulary:
    """Distinct symbols in a fixed order; a symbol's id is its place.

    Args:
        symbols: characters, or words.
        unknown: the symbol for all others; ``None`` if others are an error.
        separator: string between two symbols of a text: "" for characters, " " for words.

    Raises:
        TypeError: if a symbol, ``unknown`` or ``separator`` is no string.
        ValueError: if there are no symbols, one is empty or comes twice, or ``unknown`` is not one.
    """

    def __init__(self, symbols: Iterable[str], *, unknown: str | None = None, separator: str = "") -> None:
        self.symbols = tuple(symbols)
        self.unknown = unknown
        self.separator = separator
        _require_strings(self.symbols, unknown, separator)
        self._ids = {symbol: number for number, symbol in enumerate(self.symbols)}
        if not self.symbols or "" in self._ids:
            raise ValueError("symbols is or has an empty string, expected at least one symbol")
        if len(self._ids) != len(self.symbols):
            twice = next(s for n, s in enumerate(self.symbols) if self._ids[s] != n)
            raise ValueError(f"symbols has {shorten(twice)} twice, expected distinct symbols")
        if unknown is not None and unknown not in self._ids:
            raise ValueError(f"unknown is {shorten(unknown)}, expected one of the symbols or None")

    @classmethod
    def from_characters(cls, texts: Iterable[str], *, unknown: str | None = None) -> "Vocabulary":
        """The characters of a text, or of several, by code point; ``unknown`` comes first."""
        found: set[str] = set()
        for text in texts:
            found.update(text)
        _check_texts("characters", found)
        found.discard(unknown or "")
        return cls(_lead(unknown, sorted(found)), unknown=unknown)

    @classmethod
    def from_words(
        cls,
        texts: Iterable[str | Sequence[str]],
        *,
        unknown: str | None = None,
        max_size: int | None = None,
        min_count: int = 1,
    ) -> "Vocabulary":
        """The words of texts: the most frequent first, equally frequent ones by code point.

        Args:
            texts: strings, cut by :func:`gnnseq.data.text.words.words`, or lists of words.
            unknown: the symbol of all other words, which comes first.
            max_size: at most so many words, at least 1, besides ``unknown``; ``None`` for all.
            min_count: rarer words are left out.

        Raises:
            TypeError: if ``texts`` is one string, or a word is no string.
            ValueError: if no word is left, or ``max_size`` or ``min_count`` is out of range.
        """
        if max_size is not None:
            check_integer("max_size", max_size, 1)
        check_integer("min_count", min_count, 0)
        if isinstance(texts, str):
            raise TypeError("texts is a str, expected a list of texts")
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(words(text) if isinstance(text, str) else text)
        _check_texts("words", counts)
        kept = [word for word, count in counts.items() if count >= min_count and word != unknown]
        ranked = sorted(kept, key=lambda word: (-counts[word], word))[:max_size]
        return cls(_lead(unknown, ranked), unknown=unknown, separator=" ")

    def cut(self, text: str | Sequence[str]) -> str | Sequence[str]:
        """The symbols of a text: a list as it is, a string as characters or words."""
        return words(text) if isinstance(text, str) and self.separator else text

    def encode(self, text: str | Sequence[str], *, first: int = 0) -> Tensor:
        """The ids of a text.

        Args:
            text: a string, read as characters or cut into words, or a list of symbols.
            first: position of its first symbol, for the message.

        Returns:
            ``[T]``, int64.

        Raises:
            ValueError: if there are unknown symbols and no symbol for them; it names the first
                ones and their positions.
        """
        text = self.cut(text)
        if isinstance(text, str):
            ids = self._encode_characters(text)
        else:
            ids = np.fromiter((self._ids.get(symbol, -1) for symbol in text), np.int64, len(text))
        missing = np.flatnonzero(ids < 0)
        if len(missing) and self.unknown is None:
            raise ValueError(_describe_unknown(text, missing, first))
        ids[missing] = self._ids.get(self.unknown or "", -1)
        return torch.from_numpy(ids)

    def encode_rows(self, name: str, rows: Sequence[Sequence[str]]) -> Tensor:
        """The ids of several texts, end to end ``[N]``; each as `cut` gives it.

        Raises:
            ValueError: as `encode`; it names the text too, as ``name[row]``.
        """
        texts = all(isinstance(row, str) for row in rows)
        try:
            return self.encode("".join(rows) if texts else list(chain.from_iterable(rows)))  # type: ignore[arg-type]
        except ValueError:
            for number, row in enumerate(rows):
                try:
                    self.encode(row)
                except ValueError as error:
                    raise ValueError(f"{name}[{number}]: {error}") from None
            raise

    def decode(self, ids: Tensor | Sequence[int]) -> str:
        """The symbols of ids ``[T]`` as a text."""
        return self.separator.join(self.lookup(ids))

    def lookup(self, ids: Tensor | Sequence[int]) -> list[str]:
        """The symbols of ids ``[T]``, one by one.

        Raises:
            ValueError: if an id is out of range.
        """
        numbers = ids.tolist() if isinstance(ids, Tensor) else list(ids)
        for number in numbers:
            if not isinstance(number, int | np.integer) or not 0 <= number < len(self):
                raise ValueError(f"ids has {number}, expected 0 to {len(self) - 1}")
        return [self.symbols[number] for number in numbers]

    def state_dict(self) -> dict[str, Any]:
        """Everything that :meth:`from_state_dict` needs."""
        return {"symbols": list(self.symbols), "unknown": self.unknown, "separator": self.separator}

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> "Vocabulary":
        """The vocabulary of which ``state`` is the :meth:`state_dict`.

        Raises:
            ValueError: if the state is none of a vocabulary.
        """
        if not isinstance(state, Mapping) or set(state) != {"symbols", "unknown", "separator"}:
            raise ValueError("state is no vocabulary, expected symbols, unknown and separator")
        if not isinstance(state["symbols"], list | tuple):
            raise ValueError(f"symbols is a {type(state['symbols']).__name__}, expected a list of strings")
        try:
            return cls(state["symbols"], unknown=state["unknown"], separator=state["separator"])
        except TypeError as error:
            raise ValueError(str(error)) from None

    def save(self, path: str | Path) -> None:
        """Writes the vocabulary as JSON, with a checksum by which :meth:`load` detects a damaged file."""
        write_text(path, json.dumps({**self.state_dict(), _CHECKSUM: _checksum(self)}))

    @classmethod
    def load(cls, path: str | Path) -> "Vocabulary":
        """The vocabulary that :meth:`save` wrote.

        Files without a checksum, written by earlier versions, are accepted.

        Raises:
            OSError: if the file cannot be read.
            ValueError: if the file holds something else or was changed. The message names the file.
        """
        text = read_text(path)
        try:
            state = json.loads(text)
            checksum = state.pop(_CHECKSUM, None) if isinstance(state, dict) else None
            vocabulary = cls.from_state_dict(state)
        except RecursionError:
            raise ValueError(f"{path}: nested too deeply, expected a vocabulary") from None
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        if checksum not in (None, _checksum(vocabulary)):
            raise ValueError(
                f"{path} is damaged: its checksum is {shorten(checksum)}, expected {_checksum(vocabulary)!r}"
            )
        return vocabulary

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.state_dict() == other.state_dict()

    def __hash__(self) -> int:
        return hash((self.symbols, self.unknown, self.separator))

    def __repr__(self) -> str:
        kind = f"separator={self.separator!r}, unknown={self.unknown!r}"
        return f"Vocabulary({len(self)} symbols, {kind})"

    def _encode_characters(self, text: str) -> IntArray:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        places: IntArray = self._table[np.minimum(codes, len(self._table) - 1)]
        return places

    @cached_property
    def _table(self) -> IntArray:
        """The id of every code point, -1 for none; the last entry stands for all larger ones."""
        letters = {ord(symbol): n for symbol, n in self._ids.items() if len(symbol) == 1}
        table = np.full(max(letters, default=0) + 2, -1)
        table[list(letters)] = list(letters.values())
        return table


def _require_strings(symbols: tuple[object, ...], unknown: object, separator: object) -> None:
    named = [(f"symbols[{place}]", symbol) for place, symbol in enumerate(symbols) if not isinstance(symbol, str)]
    named += [("unknown", unknown)] if not isinstance(unknown, str | None) else []
    named += [("separator", separator)] if not isinstance(separator, str) else []
    if named:
        raise TypeError(f"{named[0][0]} is {shorten(named[0][1])}, expected a str")


def _check_texts(what: str, found: Iterable[object]) -> None:
    for symbol in found:
        if not isinstance(symbol, str):
            raise TypeError(f"texts has {shorten(symbol)}, expected {what} as str")


def _checksum(vocabulary: Vocabulary) -> str:
    return hashlib.sha256(json.dumps(vocabulary.state_dict()).encode()).hexdigest()


def _lead(unknown: str | None, symbols: list[str]) -> list[str]:
    return symbols if unknown is None else [unknown, *symbols]


def _describe_unknown(text: Sequence[str], missing: IntArray, first: int) -> str:
    listed = ", ".join(f"{shorten(text[n])} at position {first + n}" for n in missing[:_LISTED].tolist())
    more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
    return f"text has symbols outside the vocabulary: {listed}{more}"
