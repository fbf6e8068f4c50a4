"""Files that appear complete or not at all, also where the disk is full, the process dies or the power fails."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

_CHECKSUM = "checksum"


@contextmanager
def write_atomically(path: str | Path) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of ``path`` when the block ends without an error.

    It is written beside ``path`` under a name that no other process uses, forced to the disk, and then renamed: a
    reader sees the old file or the whole new one. An error in the block or while writing leaves the old file, and
    nothing beside it. A link is followed; the file that it names keeps its permissions.

    Args:
        path: of the file; its folder is made where it is missing.

    Raises:
        OSError: if ``path`` is a folder or a device, or the file cannot be written, e.g. on a full disk.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise OSError(f"path is {path}, which is no regular file, expected a file or a new name")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = name_beside(path)
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Writes a text as UTF-8 with `write_atomically`."""
    with write_atomically(path) as file:
        file.write(text.encode())


def write_json(path: str | Path, state: Mapping[str, Any]) -> None:
    """Writes plain values as JSON with their checksum, which `read_json` verifies."""
    plain = json.loads(json.dumps(state))  # names that are numbers become texts
    write_text(path, json.dumps({**plain, _CHECKSUM: checksum(plain)}))


def read_json(path: str | Path) -> dict[str, Any]:
    """What `write_json` wrote; a file without a checksum, as older versions wrote them, is read too.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is no JSON object, is nested too deeply, or its values are not those that were written.
    """
    try:
        state = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON: {error}") from None
    if not isinstance(state, dict):
        raise ValueError(f"{path} holds a {type(state).__name__}, expected an object")
    expected = state.pop(_CHECKSUM, None)
    if expected is not None and expected != checksum(state):
        raise ValueError(f"{path} was damaged or changed: its checksum is not that of its values")
    return state


def checksum(state: Mapping[str, Any]) -> str:
    """The SHA-256 of plain values, whatever the order of their names."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def name_beside(path: Path) -> Path:
    """A hidden name in the same folder that no other process uses, for what is not complete yet."""
    return path.with_name(f".{path.name}.{uuid4().hex[:12]}")
