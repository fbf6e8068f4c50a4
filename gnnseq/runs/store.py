"""Records as lines of JSON that survive whatever stops a run."""

import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gnnseq
from gnnseq.files import checksum, write_atomically
from gnnseq.runs.locks import locked

Record = dict[str, Any]

_FORMAT = 1  # of a record; a file with a higher one is refused


class Store:
    """An append-only file of records, one JSON object a line, keyed by ``record["key"]``.

    A record is written under a lock and forced to the disk, so several processes may write one store, and at most the
    run in flight is lost. A line that was cut off, that is no record, or whose checksum is not that of its values, is
    reported with its number and set aside in ``<path>.rejected`` before the next record is written; the rest is used.
    ``pandas.read_json(path, lines=True)`` reads the file. A file that is there may lie on a medium that cannot be
    written: its records can be read.

    Args:
        path: of the file; it is made with its folder. A link is followed.

    Raises:
        ValueError: if the path is a folder, or can neither be written nor read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
        if self.path.is_dir():
            raise ValueError(f"path is {self.path}, a folder, expected a file of records")
        try:
            if not self.path.is_file():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.touch()
            with locked(self.path, exclusive=False):
                pass
        except OSError as error:
            raise ValueError(f"path is {self.path}, expected a file that can be written: {error}") from error
        self._index: dict[str, int] = {}  # attempts by key, of what was read so far
        self._read: tuple[int, bytes] = (0, b"")  # how much of the file that was, and its last bytes

    def __iter__(self) -> Iterator[Record]:
        return iter(self.read().values())

    def __len__(self) -> int:
        return len(self.read())

    def __contains__(self, key: str) -> bool:
        return key in self.attempts()

    @property
    def rejected(self) -> Path:
        """Where lines that are no records are set aside."""
        return self.path.with_name(f"{self.path.name}.rejected")

    def read(self) -> dict[str, Record]:
        """All whole records by key; of two with one key the later one counts.

        Raises:
            ValueError: for a record of a newer format than this version supports.
        """
        return {record["key"]: record for _, record in self.numbered()}

    def numbered(self) -> list[tuple[int, Record]]:
        """All whole records with the numbers of their lines, from 1.

        Raises:
            ValueError: for a record of a newer format than this version supports.
        """
        with locked(self.path, exclusive=False) as descriptor:
            data = _bytes(descriptor)
        records = []
        for number, line in enumerate(data.split(b"\n"), start=1):
            record = decode(line)
            if record is not None:
                self._check_format(record, number)
                records.append((number, record))
            elif line.strip():
                self._report(number, "it is kept")
        return records

    def attempts(self) -> dict[str, int]:
        """How often each key was tried, by its latest record; only what was added since the last call is read."""
        with locked(self.path, exclusive=False) as descriptor:
            return dict(self._refresh(descriptor))

    def append(self, record: Record) -> None:
        """Adds a record, with the format and the library's version; a line cut off before it is set aside.

        Raises:
            TypeError: if it holds what JSON does not, or its ``key`` or ``attempt`` has another type than the store's.
            OSError: if it cannot be written as a whole, e.g. on a full disk; the file is then as it was.
        """
        with locked(self.path) as descriptor:
            self._mend_end(descriptor)
            self._write(descriptor, record)

    def append_new(self, record: Record) -> bool:
        """Adds a record unless its key is there with the same or a later ``attempt`` (1 by default).

        Returns:
            Whether it was added. Of several processes that try, one does.
        """
        with locked(self.path) as descriptor:
            self._mend_end(descriptor)
            if self._refresh(descriptor).get(record["key"], 0) >= record.get("attempt", 1):
                return False
            self._write(descriptor, record)
            return True

    def repair(self) -> int:
        """Sets aside all lines that are no records, and reports them with their numbers; how many there were."""
        with locked(self.path) as descriptor:
            found = self._mend_end(descriptor)
            lines = _bytes(descriptor).split(b"\n")
            broken = [number for number, line in enumerate(lines, 1) if line.strip() and decode(line) is None]
            if broken:
                self._set_aside([(number, lines[number - 1]) for number in broken])
                self._replace([line for number, line in enumerate(lines, 1) if number not in set(broken)])
        return found + len(broken)

    def _write(self, descriptor: int, record: Record) -> None:
        line = encode(record)
        size = os.fstat(descriptor).st_size
        try:
            while line:
                line = line[os.write(descriptor, line) :]
            os.fsync(descriptor)
        except OSError as error:
            os.ftruncate(descriptor, size)
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        except BaseException:
            os.ftruncate(descriptor, size)
            raise

    def _refresh(self, descriptor: int) -> dict[str, int]:
        """The index, up to the last whole line of the locked file."""
        done, end = self._read
        if os.pread(descriptor, len(end), done - len(end)) != end:  # another file took its place
            self._index, done, end = {}, 0, b""
        data = _bytes(descriptor, done)
        whole = data[: data.rfind(b"\n") + 1]
        for record in map(decode, whole.split(b"\n")):
            if record is not None:
                self._index[record["key"]] = record.get("attempt", 1)
        self._read = (done + len(whole), (end + whole)[-64:])
        return self._index

    def _mend_end(self, descriptor: int) -> int:
        """Ends the last line where only its end is missing, and sets it aside where more is."""
        size = os.fstat(descriptor).st_size
        if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
            return 0
        data = _bytes(descriptor)
        keep = data.rfind(b"\n") + 1
        if decode(data[keep:]) is not None:
            os.write(descriptor, b"\n")
            return 0
        self._set_aside([(data.count(b"\n") + 1, data[keep:])])
        os.ftruncate(descriptor, keep)
        return 1

    def _set_aside(self, lines: list[tuple[int, bytes]]) -> None:
        with self.rejected.open("ab") as file:
            for number, line in lines:
                file.write(line + b"\n")
                self._report(number, f"it is set aside in {self.rejected.name}")
            file.flush()
            os.fsync(file.fileno())

    def _replace(self, lines: list[bytes]) -> None:
        with write_atomically(self.path) as file:
            file.write(b"\n".join(lines))

    def _report(self, number: int, what: str) -> None:
        message = f"{self.path}, line {number} is not a whole record; {what}, and its run will be repeated"
        warnings.warn(message, stacklevel=4)

    def _check_format(self, record: Record, number: int) -> None:
        found = record.get("format", _FORMAT)
        if found > _FORMAT:
            raise ValueError(
                f"{self.path}, line {number} is a record of format {found}, written by gnnseq "
                f"{record.get('library', 'of another version')}; this is gnnseq {gnnseq.__version__}, which reads "
                f"formats up to {_FORMAT}: update it, or name another file"
            )


def _bytes(descriptor: int, start: int = 0) -> bytes:
    """The locked file from a place on."""
    parts = []
    while part := os.pread(descriptor, 1 << 24, start):
        parts.append(part)
        start += len(part)
    return b"".join(parts)


def encode(record: Record) -> bytes:
    """A record as a line of a store, with the format and the library's version.

    Raises:
        TypeError: if it holds what JSON does not, or its ``key``, ``attempt`` or ``format`` is none that a store's
            records have: such a line would be found by nobody, or make the file unreadable.
    """
    stamped = {"format": _FORMAT, "library": gnnseq.__version__} | record
    stamped.pop("checksum", None)
    try:
        plain = json.loads(json.dumps(stamped, sort_keys=True, allow_nan=True))
        line = json.dumps(plain | {"checksum": checksum(plain)}, sort_keys=True).encode() + b"\n"
    except (ValueError, RecursionError) as error:  # a record inside itself, or one too deep
        raise TypeError(f"record holds what JSON does not: {error}") from None
    if decode(line) is None or plain["format"] > _FORMAT:
        found = {name: stamped.get(name) for name in ("key", "attempt", "format")}
        raise TypeError(
            f"record has {found}, expected a text as key, a positive integer or no attempt, and {_FORMAT} or no format"
        )
    return line


def decode(line: bytes) -> Record | None:
    """The record in a line without its checksum; None where it holds none, or the checksum is another's."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("key"), str):
        return None
    expected = record.pop("checksum", None)  # older records have none
    if expected is not None and expected != checksum(record):
        return None
    numbers = (record.get("attempt", 1), record.get("format", _FORMAT))
    return record if all(type(number) is int and number >= 1 for number in numbers) else None
