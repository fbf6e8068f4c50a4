"""Text and numbers from files, with errors that name file and line."""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from reprlib import repr as shorten

import torch
from torch import Tensor

_CHUNK = 1 << 20
_LARGEST = torch.finfo(torch.float32).max


def read_number(text: str) -> float:
    """A decimal number that is finite in float32.

    Raises:
        ValueError: for anything else, also for Python's own forms of numbers, such as ``1_000``.
    """
    try:
        value = float(text)
    except ValueError:
        value = None
    if value is None or "_" in text:
        raise ValueError(f"{shorten(text)} is no number, expected a finite number")
    if not -_LARGEST <= value <= _LARGEST:
        raise ValueError(f"{shorten(text)} is too large for float32 or is not finite, expected a finite number")
    return value


def read_rows(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file that hold something, each with the number of its first line.

    Raises:
        ValueError: if the file is not UTF-8, or a quote is not closed; it names the file and the line.
    """
    reader = csv.reader(io.StringIO(read_text(path)), strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}, line {line}: {error}") from None


def check_finite(name: str, values: Tensor) -> None:
    """Raises a ValueError that names the first value which is not finite."""
    if not bool(torch.isfinite(values).all()):
        place = (~torch.isfinite(values)).nonzero()[0].tolist()
        raise ValueError(
            f"{name} holds values that are not finite in {values.dtype}: {place} is {values[tuple(place)]}"
        )


def read_text(path: str | Path) -> str:
    """A UTF-8 file as text, without a byte order mark and with one kind of line end.

    Raises:
        ValueError: if some bytes are not UTF-8; it names the first and its offset in the file.
    """
    return "".join(read_chunks(path))


def read_chunks(path: str | Path, size: int = _CHUNK) -> Iterator[str]:
    """The text of a file of any length, piece by piece; see :func:`read_text`."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    before = 0
    with open(path, "rb") as file:
        while True:
            data = file.read(size)
            try:
                text = newlines.decode(data, final=not data)
            except UnicodeDecodeError as error:
                # The error counts from bytes that were kept back, or from behind the order mark.
                offset = before + len(data) - len(error.object) + error.start
                message = f"{path}: byte 0x{error.object[error.start]:02x} at offset {offset}"
                raise ValueError(f"{message} is not UTF-8 ({error.reason})") from None
            if text:
                yield text
            if not data:
                return
            before += len(data)
