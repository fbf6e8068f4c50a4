"""Cached downloads with checked hashes, and archives unpacked without surprises."""

import hashlib
import os
import shutil
import stat
import warnings
import zipfile
import zlib
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from gnnseq.files import name_beside, write_atomically

_CHUNK = 1 << 16
_TIMEOUT = 30.0  # seconds without a byte


def download(url: str, sha256: str | None, path: str | Path) -> Path:
    """A file from the network, fetched once.

    The file is written beside ``path`` and then renamed, so an interrupted download leaves nothing
    behind. A file that is already there is used if its hash is right: ``sha256``, or else the one
    that was stored beside it (``path`` + ``.sha256``) when it was fetched. If it is not, a warning
    says so and the file is fetched again.

    Args:
        url: where the file lies.
        sha256: hash of the file in hexadecimal; ``None`` to trust the first download.
        path: where the file goes.

    Returns:
        ``path``.

    Raises:
        OSError: if the file cannot be fetched (``urllib.error.URLError``) or comes short.
        ValueError: if what was fetched has another hash.
    """
    path = Path(path)
    if is_intact(path, sha256):
        return path
    with write_atomically(path) as file:
        found = _fetch(url, file)
        if sha256 is not None and found != sha256.lower():
            raise ValueError(f"{url} has sha256 {found}, expected {sha256}")
        with write_atomically(_hash_path(path)) as beside:
            beside.write(f"{found}\n".encode())
    return path


def is_intact(path: str | Path, sha256: str | None = None) -> bool:
    """Whether a downloaded file is there and has its hash; a wrong hash also warns."""
    path, stored = Path(path), _hash_path(Path(path))
    if not path.is_file():
        return False
    expected = sha256 or (stored.read_text().strip() if stored.is_file() else "none stored")
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


def extract(archive: str | Path, folder: str | Path) -> Path:
    """Unpacks a zip archive into a new folder, which appears complete or not at all.

    Args:
        archive: path of the zip file.
        folder: must not exist.

    Returns:
        ``folder``.

    Raises:
        FileExistsError: if ``folder`` exists.
        ValueError: if the archive is no zip file, is damaged, or has a member that is a link or
            that would land outside ``folder``.
    """
    folder = Path(folder)
    if folder.exists():
        raise FileExistsError(f"{folder} exists, expected a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = name_beside(folder)
    try:
        work.mkdir()
        with zipfile.ZipFile(archive) as members:
            for member in members.infolist():
                _check_member(archive, member)
            members.extractall(work)
        work.rename(folder)
    except (zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{archive} is no intact zip file: {error}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def changed_members(archive: str | Path, folder: str | Path) -> list[str]:
    """Names of the files of a zip archive whose copies in ``folder`` are missing or differ (by CRC-32)."""
    changed = []
    with zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            copy = Path(folder) / member.filename
            if member.is_dir():
                continue
            if not copy.is_file() or zlib.crc32(copy.read_bytes()) != member.CRC:
                changed.append(member.filename)
    return changed


def _fetch(url: str, file: IO[bytes]) -> str:
    """Copies what lies at ``url`` into a file and returns its hash."""
    digest = hashlib.sha256()
    request = Request(url, headers={"User-Agent": "gnnseq"})
    try:
        with urlopen(request, timeout=_TIMEOUT) as reply:
            size = reply.headers.get("Content-Length")
            while chunk := reply.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
    except HTTPError as error:
        error.close()  # it holds the connection
        raise
    except HTTPException as error:
        raise OSError(f"{url} broke off: {error!r}") from error
    if size is not None and file.tell() != int(size):
        raise OSError(f"{url} broke off after {file.tell()} bytes, expected {size}")
    return digest.hexdigest()


def _check_member(archive: str | Path, member: zipfile.ZipInfo) -> None:
    name = member.filename.replace("\\", "/")
    place = PurePosixPath(name)
    outside = place.is_absolute() or ".." in place.parts or ":" in "".join(place.parts[:1])
    if outside or stat.S_ISLNK(member.external_attr >> 16):
        raise ValueError(f"{archive} has the member {member.filename!r}, expected files inside it")


def _hash_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
