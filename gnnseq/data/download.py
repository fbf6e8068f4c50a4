"""Cached downloads with checked hashes, and archives unpacked without surprises."""

import errno
import hashlib
import os
import shutil
import stat
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from gnnseq.files import name_beside, write_atomically

_CHUNK = 1 << 16
_TIMEOUT = 30.0  # seconds without a byte
_BYTES = 1 << 30
_BY_THE_ARCHIVE = {None, errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOTDIR}


def download(
    url: str,
    sha256: str | None,
    path: str | Path,
    *,
    accept: Callable[[Path], object] | None = None,
    max_bytes: int = _BYTES,
    max_seconds: float = 600.0,
) -> Path:
    """A file from the network, fetched once.

    The file is written beside ``path`` and then renamed, so an interrupted download leaves nothing
    behind. A file that is already there is used if its hash is right: ``sha256``, or else the one
    that was stored beside it (``path`` + ``.sha256``) when it was fetched. If it is not, a warning
    is reported and the file is fetched again.

    Args:
        url: address of the file.
        sha256: hash of the file in hexadecimal; ``None`` to trust the first download.
        path: file to write.
        accept: called with the file before it takes its place; what it raises leaves nothing behind. A file that no
            hash names should be looked at: a network's login page comes with status 200.
        max_bytes: size that the file may have.
        max_seconds: time that it may take; the last piece may take 30 more.

    Returns:
        ``path``.

    Raises:
        OSError: if the file cannot be fetched, comes short, is too large or takes too long; the message names the
            address.
        ValueError: if what was fetched has another hash.
    """
    path = Path(path)
    if is_intact(path, sha256):
        return path
    with write_atomically(path) as file:
        found = _fetch(url, file, max_bytes, time.monotonic() + max_seconds)
        if sha256 is not None and found != sha256.lower():
            raise ValueError(f"{url} has sha256 {found}, expected {sha256}")
        if accept is not None:
            file.flush()
            accept(Path(file.name))
        with write_atomically(_hash_path(path)) as beside:
            beside.write(f"{found}\n".encode())
    return path


def is_intact(path: str | Path, sha256: str | None = None) -> bool:
    """Whether a downloaded file is there and has its hash; a wrong hash also warns."""
    path, stored = Path(path), _hash_path(Path(path))
    if not path.is_file():
        return False
    expected = sha256 or (stored.read_text(errors="replace").strip() if stored.is_file() else "none stored")
    found = hash_file(path)
    if found == expected.lower():
        return True
    message = f"{path} was changed after its download: sha256 is {found}, expected {expected}"
    warnings.warn(f"{message}; it is not used", stacklevel=3)
    return False


def hash_file(path: str | Path) -> str:
    """The SHA-256 of a file in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_folder() -> Path:
    """Where downloads go by default: ``gnnseq`` in ``$XDG_CACHE_HOME`` or in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gnnseq"


def extract(archive: str | Path, folder: str | Path, *, max_bytes: int = _BYTES, max_members: int = 10_000) -> Path:
    """Unpacks a zip archive into a new folder, which appears complete or not at all.

    Args:
        archive: path of the zip file.
        folder: must not exist.
        max_bytes: that all members may have together, unpacked.
        max_members: files and folders that the archive may have.

    Returns:
        ``folder``.

    Raises:
        FileExistsError: if ``folder`` exists, also if another process made it meanwhile.
        ValueError: if the archive is no zip file, is damaged, encrypted or too large, or has a member that is a link
            or that would land outside ``folder``. The message names the archive.
    """
    folder = Path(folder)
    if folder.exists():
        raise FileExistsError(f"{folder} exists, expected a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = name_beside(folder)
    try:
        work.mkdir()
        with _open(archive) as members:
            _check_members(archive, members.infolist(), max_bytes, max_members)
            with _named(archive):
                members.extractall(work)
        work.rename(folder)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise FileExistsError(f"{folder} exists, expected a new folder") from None
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def changed_members(archive: str | Path, folder: str | Path) -> list[str]:
    """Names of the files of a zip archive whose copies in ``folder`` are missing or differ (by CRC-32).

    Raises:
        ValueError: if the archive is no zip file or is damaged.
    """
    changed = []
    with _open(archive) as members:
        for member in members.infolist():
            copy = Path(folder) / member.filename
            if member.is_dir():
                continue
            if not copy.is_file() or zlib.crc32(copy.read_bytes()) != member.CRC:
                changed.append(member.filename)
    return changed


def _fetch(url: str, file: IO[bytes], max_bytes: int, deadline: float) -> str:
    """Downloads ``url`` into a file and returns its hash."""
    digest = hashlib.sha256()
    with _network(url):
        reply = urlopen(Request(url, headers={"User-Agent": "gnnseq"}), timeout=_TIMEOUT)
    with reply:
        size = reply.headers.get("Content-Length")
        if size is not None and not (size.isdecimal() and int(size) <= max_bytes):
            raise OSError(f"{url} has Content-Length {size!r}, expected at most {max_bytes} bytes")
        while True:
            with _network(url):
                chunk = reply.read1(_CHUNK)
            if not chunk:
                break
            digest.update(chunk)
            file.write(chunk)
            if file.tell() > max_bytes:
                raise OSError(f"{url} has more than {max_bytes} bytes, the most that are taken")
            if time.monotonic() > deadline:
                raise OSError(f"{url} took too long: {file.tell()} bytes in the time that is given")
    if size is not None and file.tell() != int(size):
        raise OSError(f"{url} broke off after {file.tell()} bytes, expected {size}")
    return digest.hexdigest()


@contextmanager
def _network(url: str) -> Iterator[None]:
    """Gives the network's errors the address."""
    try:
        yield
    except HTTPError as error:
        error.close()  # it holds the connection
        raise OSError(f"{url} cannot be fetched: {error}") from error
    except (OSError, HTTPException) as error:
        raise OSError(f"{url} cannot be fetched, or broke off: {str(error) or repr(error)}") from error


@contextmanager
def _named(archive: str | Path) -> Iterator[None]:
    """Turns whatever zipfile raises for a damaged archive into one error with the archive's name.

    Beside BadZipFile that is zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError, IndexError,
    struct.error and more, and an OSError where names contradict each other; other OSErrors are those of the disk.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.errno not in _BY_THE_ARCHIVE:
            raise
        raise ValueError(f"{archive} is no intact zip file: {str(error) or type(error).__name__}") from None


def _open(archive: str | Path) -> zipfile.ZipFile:
    with _named(archive):
        members = zipfile.ZipFile(archive)
        with open(archive, "rb") as file:  # zipfile takes a member whose neighbour's length is damaged for a comment
            file.seek(-12 - len(members.comment), os.SEEK_END)
            count = int.from_bytes(file.read(2), "little")
        if count not in (len(members.infolist()), 0xFFFF):
            members.close()
            raise zipfile.BadZipFile(f"it lists {len(members.infolist())} of {count} members")
        return members


def _check_members(archive: str | Path, members: list[zipfile.ZipInfo], max_bytes: int, max_members: int) -> None:
    """Checks the archive's directory; zipfile takes no more of a member than that."""
    if len(members) > max_members:
        raise ValueError(f"{archive} has {len(members)} members, expected at most {max_members}")
    size = sum(member.file_size for member in members)
    if size > max_bytes:
        raise ValueError(f"{archive} has {size} bytes when unpacked, expected at most {max_bytes}")
    for member in members:
        _check_member(archive, member)


def _check_member(archive: str | Path, member: zipfile.ZipInfo) -> None:
    name = member.filename.replace("\\", "/")
    place = PurePosixPath(name)
    outside = not name or place.is_absolute() or ".." in place.parts or ":" in "".join(place.parts[:1])
    if outside or stat.S_ISLNK(member.external_attr >> 16):
        raise ValueError(f"{archive} has the member {member.filename!r}, expected files inside it")


def _hash_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
