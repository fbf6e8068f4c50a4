"""Files that appear complete or not at all, and text that says where it cannot be read."""

import codecs
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

_CHUNK = 1 << 20


@contextmanager
def write_atomically(path: str | Path) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of ``path`` when the block ends without an error.

    It is written beside ``path`` and then renamed, so a reader sees the old file or the whole new
    one, and an interrupted write leaves nothing behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = name_beside(path)
    try:
        with open(part, "xb") as file:
            yield file
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def name_beside(path: Path) -> Path:
    """A hidden name in the same folder that nobody else uses, for what is not complete yet."""
    return path.with_name(f".{path.name}.{uuid4().hex}")


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
