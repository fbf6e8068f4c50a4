"""Grimms' Fairy Tales, from Project Gutenberg or from a file."""

import hashlib
import re
import warnings
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from gnnseq.data.download import cache_folder, is_intact
from gnnseq.data.download import download as fetch
from gnnseq.data.files import read_text

Source: TypeAlias = Literal["path", "cache", "download", "python topics"]

_URL = "https://www.gutenberg.org/cache/epub/2591/pg2591.txt"
_SHA256 = "152c67d9fd0ae0e7b5bacc8aa4c1de7a42fbf2134ee9f636f31b59bf2cdb8744"  # of the normalised text
_START = re.compile(r"^\*\*\* ?START OF .*$", re.MULTILINE)
_PRODUCERS = re.compile(r"\A\s*Produced by .*(\n.+)*\n")
_END = re.compile(r"^\*\*\* ?END OF .*$", re.MULTILINE)
_LAST_LINE = re.compile(r"End of (the )?Project Gutenberg")
_QUOTES = str.maketrans(dict.fromkeys("\u2018\u2019\u201a\u201b", "'") | dict.fromkeys("\u201c\u201d\u201e\u201f", '"'))


class Book(NamedTuple):
    """A text and its source.

    Args:
        text: the normalised text.
        source: "path", "cache" or "download" for the fairy tales; "python topics" for the English
            Python's own help texts as a replacement.
    """

    text: str
    source: Source

    @property
    def is_substitute(self) -> bool:
        """Whether this is another text, because the fairy tales could not be had."""
        return self.source == "python topics"


def fairy_tales(path: str | Path | None = None, cache: str | Path | None = None, download: bool = True) -> Book:
    """Grimms' Fairy Tales in the English of E. Taylor and M. Edwardes (Project Gutenberg 2591).

    The licence around the START and END marks is cut off, and the text is normalised by
    :func:`normalise`. Without ``path`` the book is taken from the cache, or else downloaded to it.
    If neither works, Python's English help texts (``pydoc_data.topics``) take its
    place, with a warning.

    Args:
        path: a local copy of the book.
        cache: folder of the downloaded file; ``None`` for
            :func:`gnnseq.data.download.cache_folder`.
        download: whether the network may be used.

    Warns:
        UserWarning: if another text takes the book's place, if the text is not that of the known
            edition (editions change), or if the cached file was changed.

    Raises:
        OSError: if ``path`` cannot be read.
        ValueError: if the file is not UTF-8 or holds no text.
    """
    if path is not None:
        return Book(_read(Path(path)), "path")
    file = Path(cache or cache_folder()) / Path(_URL).name
    if is_intact(file) and not _drop_other_page(file):
        return Book(_read(file), "cache")
    reason = "download is False"
    if download:
        try:
            fetch(_URL, None, file, accept=_require_book, max_bytes=1 << 26)
            return Book(_read(file), "download")
        except OSError as error:
            reason = str(error)
    return _substitute(reason)


def normalise(text: str) -> str:
    """The text between the START and END marks, if there are any, with plain quotes and spaces.

    A leading "Produced by" goes too. Curly quotes become ``'`` and ``"``, tabs and hard spaces
    become spaces, spaces at the end of a line go, and so do all but one of several empty lines.
    Lines stay lines.
    """
    start, end = _START.search(text), _END.search(text)
    body = text[start.end() if start else 0 : end.start() if end else None].removeprefix("\ufeff")
    body = body.translate(_QUOTES).replace("\r\n", "\n")
    if end:
        body = _without_last_line(body)
    body = re.sub(r"[^\S\n]", " ", _PRODUCERS.sub("", body))
    lines = "\n".join(line.rstrip(" ") for line in body.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def _without_last_line(body: str) -> str:
    """The text without the line "End of Project Gutenberg's ..." that stands before some END marks."""
    last = body.rfind("\n", 0, len(body.rstrip())) + 1
    return body[:last] if _LAST_LINE.match(body, last) else body


def _read(path: Path) -> str:
    text = normalise(read_text(path))
    if text.isspace():
        raise ValueError(f"{path} is empty, expected a book")
    found = hashlib.sha256(text.encode()).hexdigest()
    if found != _SHA256:
        warnings.warn(
            f"{path} is another edition than the one measured with: its text has sha256 {found}, "
            f"expected {_SHA256}; numbers may differ",
            stacklevel=3,
        )
    return text


def _drop_other_page(file: Path) -> bool:
    """Whether the cache held something else, which earlier versions took from a network's login page."""
    try:
        _require_book(file)
    except OSError as error:
        warnings.warn(f"{file} is deleted: {error}", stacklevel=3)
        file.unlink()
        return True
    return False


def _require_book(file: Path) -> None:
    """Raises an OSError for another page, a network's login page for instance."""
    try:
        text = read_text(file)
    except ValueError:
        raise OSError(f"{_URL} gave no book, but bytes that are no UTF-8") from None
    for name, mark in (("START", _START), ("END", _END)):
        if not mark.search(text):
            raise OSError(f"{_URL} gave no book: there is no {name} mark")
    if normalise(text).isspace():
        raise OSError(f"{_URL} gave no book: there is nothing between its marks")


def _substitute(reason: str) -> Book:
    from pydoc_data.topics import topics

    warnings.warn(
        "THESE ARE NOT THE FAIRY TALES: they could not be had "
        f"({reason}), so the English help texts of Python take their place; give path= or a network",
        stacklevel=3,
    )
    return Book(normalise("\n\n".join(topics[name] for name in sorted(topics))), "python topics")
