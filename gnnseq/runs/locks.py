"""Locks on files, which the operating system opens again whatever ends the process that held them."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: one process at a time may write
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(path: Path, *, exclusive: bool = True) -> Iterator[int]:
    """A descriptor of a file that no other process has locked; it waits for those that have.

    The lock holds for the file that bears the name when it is given, also if another one took its place meanwhile.

    Args:
        path: of the file; an exclusive lock makes it where it is missing.
        exclusive: whether it is for writing at the end; otherwise it is for reading, and readers share it.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT if exclusive else os.O_RDONLY
    while True:
        descriptor = os.open(path, flags, 0o644)
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
            if _is_still(descriptor, path):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _is_still(descriptor: int, path: Path) -> bool:
    """Whether the name still leads to the file that was opened."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    return False


@dataclass
class _File:
    """A file of locks that this process has open, once: closing any descriptor of it would give up all its locks."""

    descriptor: int
    users: int = 0
    held: set[str] = field(default_factory=set)


_FILES: dict[str, _File] = {}
_GUARD = threading.RLock()


def _forget() -> None:
    """In a child after a fork: it holds none of its parent's locks."""
    _FILES.clear()
    _GUARD.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_GUARD.acquire, after_in_parent=_GUARD.release, after_in_child=_forget)


class Claims:
    """Names that one holder at a time has, of all processes and threads: one byte's lock each, beside the path.

    Every process that asks for the same names must come by the same path. Within a process a name can be taken once.

    Args:
        path: of what the names are about; the file of locks is hidden beside it, and stays empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = os.path.realpath(path.with_name(f".{path.name}.lock"))
        self._held: set[str] = set()
        with _GUARD:
            self._file = _FILES.get(self._path) or _File(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644))
            self._file.users += 1
            _FILES[self._path] = self._file

    def __enter__(self) -> "Claims":
        return self

    def __exit__(self, *error: object) -> None:
        for name in list(self._held):
            self.release(name)
        with _GUARD:
            self._file.users -= 1
            if not self._file.users:
                os.close(self._file.descriptor)
                _FILES.pop(self._path, None)

    def take(self, name: str) -> bool:
        """Takes a name without waiting; False where somebody holds it."""
        with _GUARD:
            if name in self._file.held:
                return False
            if fcntl is not None:
                try:
                    fcntl.lockf(self._file.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(name))
                except (BlockingIOError, PermissionError):
                    return False
            self._file.held.add(name)
            self._held.add(name)
            return True

    def release(self, name: str) -> None:
        """Gives a name back; one that is not held is no error."""
        with _GUARD:
            if name in self._held and fcntl is not None:
                fcntl.lockf(self._file.descriptor, fcntl.LOCK_UN, 1, _place(name))
            self._file.held -= self._held & {name}
            self._held.discard(name)


def _place(name: str) -> int:
    """The byte that stands for a name; two names in 2^55 share one, and then only wait for each other."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:7]) >> 1
