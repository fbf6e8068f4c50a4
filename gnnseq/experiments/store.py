"""Records as lines of JSON that survive whatever stops a run."""

import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class Store:
    """An append-only file of records, one JSON object a line, keyed by ``record["key"]``.

    A record is written in one call and forced to the disk, so at most the run in flight is lost. A line that was cut
    off, or that is not a record, is reported with its number, left in the file and read as missing.

    Args:
        path: of the file; made with its folder at the first record.

    Raises:
        ValueError: if the path is a folder, or cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise ValueError(f"path is {self.path}, a folder, expected a file of records")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab"):
                pass
        except OSError as error:
            raise ValueError(f"path is {self.path}, expected a file that can be written: {error}") from error

    def __iter__(self) -> Iterator[Record]:
        return iter(self.read().values())

    def __len__(self) -> int:
        return len(self.read())

    def __contains__(self, key: str) -> bool:
        return key in self.read()

    def read(self) -> dict[str, Record]:
        """All whole records by key; of two with one key the later one counts."""
        records: dict[str, Record] = {}
        for number, line in enumerate(self.path.read_bytes().splitlines(), start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                records[record["key"]] = record
            except (ValueError, KeyError, TypeError):
                warnings.warn(
                    f"{self.path}, line {number} is not a whole record; it is kept, and its run will be repeated",
                    stacklevel=2,
                )
        return records

    def append(self, record: Record) -> None:
        """Adds a record; a line that was cut off before it is ended first, so that it spoils no other."""
        line = json.dumps(record, sort_keys=True, allow_nan=True).encode() + b"\n"
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
