"""Locks on files, which the operating system opens again whatever ends the process that held them."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


class Claims:
    """Names that one process at a time holds: one byte's lock each, in a file beside the path.

    Every process that asks for the same names must come by the same path. Within a process a name can be taken once.

    Args:
        path: of what the names are about; the file of locks is hidden beside it, and stays empty.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
        self._held: set[str] = set()

    def __enter__(self) -> "Claims":
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)

    def take(self, name: str) -> bool:
        """Takes a name without waiting; False where somebody holds it."""
        if name in self._held:
            return False
        if fcntl is not None:
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(name))
            except (BlockingIOError, PermissionError):
                return False
        self._held.add(name)
        return True

    def release(self, name: str) -> None:
        """Gives a name back; one that is not held is no error."""
        if name in self._held and fcntl is not None:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _place(name))
        self._held.discard(name)


def _place(name: str) -> int:
    """The byte that stands for a name; two names in 2^55 share one, and then only wait for each other."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:7]) >> 1
