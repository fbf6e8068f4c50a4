"""One way to write a file: whole or not at all, whatever happens, and used by everything that writes."""

import ast
import os
import resource
import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from gnnseq.files import name_beside, read_json, write_atomically, write_json, write_text

ROOT = Path(__file__).parents[1]
SOURCES = [*sorted((ROOT / "gnnseq").rglob("*.py")), *sorted((ROOT / "examples").glob("*.py"))]


def test_names_that_are_numbers_become_texts(tmp_path):
    write_json(tmp_path / "a.json", {"counts": {number: number for number in range(12)}})
    assert read_json(tmp_path / "a.json") == {"counts": {str(number): number for number in range(12)}}


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "file.bin"
    for content in (b"first", b"second"):
        with write_atomically(path) as file:
            file.write(content)
            file.flush()
            assert not path.exists() or path.read_bytes() == b"first"
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def interrupt():
        with write_atomically(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        interrupt()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_what_was_there(tmp_path):
    """The limit of a file's size stands for the disk's: the bytes after it cannot be written."""
    path, before = tmp_path / "file.bin", resource.getrlimit(resource.RLIMIT_FSIZE)
    path.write_bytes(b"old")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"), write_atomically(path) as file:
            file.write(bytes(1 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_forced_to_the_disk_before_it_takes_the_place(tmp_path, monkeypatch):
    path, seen = tmp_path / "file.bin", []
    monkeypatch.setattr(os, "fsync", lambda descriptor: seen.append((os.fstat(descriptor).st_size, path.exists())))
    write_text(path, "whole")
    assert seen == [(5, False)]


def write_often(path, content):
    for _ in range(100):
        write_text(path, content)


def test_processes_that_write_one_file_do_not_collide(tmp_path):
    path, contents = tmp_path / "file.txt", ["a" * 5_000, "b" * 7_000, "c" * 90_000]
    with ProcessPoolExecutor(3, get_context("spawn")) as pool:
        list(pool.map(write_often, [path] * 3, contents))
    assert path.read_text() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed_and_permissions_stay(tmp_path):
    real, link = tmp_path / "a" / "real.txt", tmp_path / "link.txt"
    write_text(real, "old")
    real.chmod(0o600)
    link.symlink_to(real)
    write_text(link, "new")
    assert link.is_symlink()
    assert (real.read_text(), stat.S_IMODE(real.stat().st_mode)) == ("new", 0o600)


def test_a_folder_or_a_device_is_refused_before_anything_is_written(tmp_path):
    for path in (tmp_path, Path("/dev/null")):
        with pytest.raises(OSError, match=rf"path is {path}, which is no regular file"):
            write_text(path, "x")
    assert list(tmp_path.iterdir()) == []


def test_a_long_name_leaves_room_for_the_name_beside(tmp_path):
    write_text(tmp_path / ("n" * 240), "x")
    assert name_beside(Path("a/b")) != name_beside(Path("a/b"))


def test_plain_values_and_their_checksum(tmp_path):
    path, state = tmp_path / "state.json", {"b": [0.1, float("inf")], "a": {"é": None}}
    write_json(path, state)
    assert read_json(path) == state
    path.write_text(path.read_text().replace("0.1", "0.2"))
    with pytest.raises(ValueError, match=r"state.json was damaged or changed: its checksum"):
        read_json(path)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_else_writes_files(source):
    """Only gnnseq/files.py makes files; a store appends to its own, and draws a lock beside it."""
    if source == ROOT / "gnnseq" / "files.py":
        return
    calls = [node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Call)]
    assert [f"line {call.lineno}: {ast.unparse(call)}" for call in calls if writes(call)] == []


def writes(call):
    """Whether a call writes a file past `write_atomically`."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = call.func.value.id if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) else ""
    if name == "open":
        modes = [word.value for word in call.args[:2] if isinstance(word, ast.Constant)]
        modes += [word.value.value for word in call.keywords if word.arg == "mode"]
        return any(isinstance(mode, str) and len(mode) <= 3 and set(mode) & set("wx+") for mode in modes)
    if name == "write_text":
        return isinstance(call.func, ast.Attribute)
    if name == "savefig":
        return not (isinstance(call.args[0], ast.Name) and call.args[0].id == "file")
    return name == "write_bytes" or (name in ("replace", "rename") and owner == "os")
