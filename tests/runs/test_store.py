import errno
import json
import multiprocessing
import os
import warnings

import pandas
import pytest

import gnnseq
from gnnseq.experiments import Store
from gnnseq.runs.locks import locked


def records(store):
    return [json.loads(line) for line in store.path.read_text().splitlines()]


def test_records_are_found_by_key_and_the_later_one_counts(tmp_path):
    store = Store(tmp_path / "a" / "records.jsonl")
    store.append({"key": "x", "value": 1})
    store.append({"key": "y", "value": 2})
    store.append({"key": "x", "value": 3})
    again = Store(store.path)
    assert len(again) == 2
    assert again.read()["x"]["value"] == 3
    assert "y" in again
    assert "z" not in again
    assert [record["value"] for record in records(store)] == [1, 2, 3]


def test_every_record_tells_its_format_and_the_library(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    store.append({"key": "x"})
    assert store.read() == {"x": {"key": "x", "format": 1, "library": gnnseq.__version__}}


@pytest.mark.parametrize("cut", [2, 5, 12])
def test_a_line_cut_off_is_reported_set_aside_and_does_not_spoil_the_next(tmp_path, cut):
    store = Store(tmp_path / "records.jsonl")
    store.append({"key": "x", "value": 1})
    store.append({"key": "y", "value": 2})
    store.path.write_bytes(store.path.read_bytes()[:-cut])
    torn = store.path.read_bytes().splitlines()[-1]
    with pytest.warns(UserWarning, match="line 2 is not a whole record; it is kept"):
        assert set(store.read()) == {"x"}
    with pytest.warns(UserWarning, match=r"line 2 is not .* set aside in records.jsonl.rejected"):
        store.append({"key": "z", "value": 3})
    assert [record["key"] for record in records(store)] == ["x", "z"]
    assert store.rejected.read_bytes() == torn + b"\n"


def test_a_record_that_lacks_only_the_end_of_its_line_is_whole(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    store.append({"key": "x"})
    store.path.write_bytes(store.path.read_bytes()[:-1])
    store.append({"key": "y"})
    assert [record["key"] for record in records(store)] == ["x", "y"]
    assert not store.rejected.exists()


def test_foreign_lines_are_reported_set_aside_and_the_rest_is_used(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('[1, 2]\n{"no": "key"}\n\n{"key": "x"}\n{"key": 7}\n\xff\n{"key": "y"}\n{"key"')
    store = Store(path)
    with pytest.warns(UserWarning, match=r"line [12568] is not"):
        assert set(store.read()) == {"x", "y"}
    path.chmod(0o640)
    with pytest.warns(UserWarning, match="is not a whole record") as caught:
        assert store.repair() == 5
    assert [word for w in caught for word in str(w.message).split() if word.isdigit()] == ["8", "1", "2", "5", "6"]
    assert set(store.read()) == {"x", "y"}
    assert store.repair() == 0
    assert len(store.rejected.read_bytes().splitlines()) == 5
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(pandas.read_json(path, lines=True).key) == ["x", "y"]


def test_pandas_reads_it_in_one_line(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    for number in range(3):
        store.append({"key": str(number), "loss": float("nan") if number == 1 else number, "text": "ä\u2028\n"})
    frame = pandas.read_json(store.path, lines=True)
    assert list(frame.loss.isna()) == [False, True, False]
    assert frame.text[0] == "ä\u2028\n"


def test_records_of_a_newer_format_are_refused(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    store.append({"key": "x"})
    with store.path.open("a") as file:
        file.write('{"key": "y", "format": 2, "library": "9.9"}\n')
    before = store.path.read_bytes()
    with pytest.raises(ValueError, match=r"line 2 is a record of format 2, written by gnnseq 9.9; .* up to 1: update"):
        store.read()
    assert store.repair() == 0
    assert store.path.read_bytes() == before


def test_records_without_a_format_are_read(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('{"key": "x"}\n')
    assert set(Store(path).read()) == {"x"}


def test_a_later_attempt_is_added_and_no_attempt_twice(tmp_path):
    store, other = Store(tmp_path / "records.jsonl"), Store(tmp_path / "records.jsonl")
    assert store.append_new({"key": "x"})
    assert not other.append_new({"key": "x", "attempt": 1})
    assert other.append_new({"key": "x", "attempt": 2})
    assert not store.append_new({"key": "x"})
    assert store.attempts() == other.attempts() == {"x": 2}


def test_the_index_follows_a_file_that_was_replaced(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    store.append({"key": "x"})
    assert "x" in store
    store.path.unlink()
    Store(store.path).append({"key": "y"})
    assert "x" not in store
    assert "y" in store


def write_many(path, count):
    store = Store(path)
    for number in range(count):
        store.append_new({"key": str(number), "text": "x" * 5_000})
        store.append({"key": f"{os.getpid()} {number}", "text": "y" * 3_000})
        if number % 10 == 0:
            with locked(path) as descriptor:
                os.write(descriptor, b"{torn\n")
            store.repair()


def test_several_processes_write_one_store(tmp_path):
    path, context = tmp_path / "records.jsonl", multiprocessing.get_context("fork")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        writers = [context.Process(target=write_many, args=(path, 40)) for _ in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert [writer.exitcode for writer in writers] == [0] * 4
        Store(path).repair()
    found = [record["key"] for record in records(Store(path))]
    assert len(found) == len(set(found)) == 40 + 4 * 40
    assert Store(path).rejected.read_bytes() == b"{torn\n" * 16


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    store = Store(tmp_path / "records.jsonl")
    store.append({"key": "x"})
    before, write = store.path.read_bytes(), os.write

    def full(descriptor, data):
        if len(data) < 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:30])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        store.append({"key": "y", "text": "z" * 200})
    assert store.path.read_bytes() == before
    monkeypatch.undo()
    store.append({"key": "y"})
    assert set(store.read()) == {"x", "y"}


def test_bad_paths(tmp_path):
    with pytest.raises(ValueError, match="a folder"):
        Store(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="can be written"):
        Store(tmp_path / "file" / "records.jsonl")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(ValueError, match="can be written"):
        Store(tmp_path / "locked" / "records.jsonl")


def test_a_linked_store_stays_a_link_and_its_file_is_the_one_that_is_written(tmp_path):
    target, link = tmp_path / "disk" / "all.jsonl", tmp_path / "records.jsonl"
    target.parent.mkdir()
    link.symlink_to(target)
    store = Store(link)
    store.append({"key": "x"})
    target.write_bytes(target.read_bytes() + b"no record\n")
    with pytest.warns(UserWarning, match="line 2 is not a whole record"):
        assert store.repair() == 1
    assert link.is_symlink()
    assert [json.loads(line)["key"] for line in target.read_text().splitlines()] == ["x"]
    assert Store(target).path == Store(link).path == target
    assert [path.name for path in tmp_path.iterdir() if path != link] == ["disk"]


@pytest.fixture
def read_only(monkeypatch):
    """From here on nothing can be opened for writing, as on a mounted CD."""
    opened = os.open

    def refuse(path, flags, *how, **options):
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return opened(path, flags, *how, **options)

    def start():
        monkeypatch.setattr(os, "open", refuse)
        monkeypatch.setattr("pathlib.Path.touch", lambda path, *_: refuse(path, os.O_CREAT))
        monkeypatch.setattr("pathlib.Path.open", lambda path, mode="r", *_: refuse(path, os.O_CREAT))

    return start


def test_records_on_a_medium_that_cannot_be_written_are_read(tmp_path, read_only):
    path = tmp_path / "records.jsonl"
    Store(path).append({"key": "x"})
    path.write_bytes(path.read_bytes() + b"no record\n")
    read_only()
    store = Store(path)
    with pytest.warns(UserWarning, match="line 2 is not a whole record; it is kept"):
        assert set(store.read()) == {"x"}
    assert store.attempts() == {"x": 1}
    with pytest.raises(OSError, match="Read-only file system"):
        store.append({"key": "y"})
    with pytest.raises(ValueError, match=r"expected a file that can be written: .*Read-only"):
        Store(tmp_path / "new.jsonl")


DEEP = b'{"key": "deep", "value": ' + 100_000 * b"[" + 100_000 * b"]" + b"}"
DAMAGED = [
    DEEP,
    b'{"key": "x", "attempt": "2"}',
    b'{"key": "x", "attempt": null}',
    b'{"key": "x", "attempt": [1]}',
    b'{"key": "x", "attempt": true}',
    b'{"key": "x", "attempt": 0}',
    b'{"key": "x", "attempt": 1.5}',
    b'{"key": "x", "format": "1"}',
    b'{"key": "x", "format": {}}',
    b'{"key": ["x"]}',
    b'{"key": "x", "value": ' + 5_000 * b"9" + b"}",
    b"nan",
    b"\xff\xfe{",
]


@pytest.mark.parametrize("line", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_line_is_set_aside_with_its_number(tmp_path, line):
    path = tmp_path / "records.jsonl"
    path.write_bytes(b'{"key": "a"}\n' + line + b'\n{"key": "b", "attempt": 2}\n')
    store = Store(path)
    with pytest.warns(UserWarning, match="line 2 is not a whole record"):
        assert set(store.read()) == {"a", "b"}
    assert store.attempts() == {"a": 1, "b": 2}
    with pytest.warns(UserWarning, match="line 2 is not .*set aside"):
        assert store.repair() == 1
    assert store.rejected.read_bytes() == line + b"\n"
    assert store.append_new({"key": "x"})


def test_lines_are_numbered(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('{"key": "a"}\n\n{"key": "b"}\n')
    assert [(number, record["key"]) for number, record in Store(path).numbered()] == [(1, "a"), (3, "b")]


def within_itself():
    record = {"key": "x"}
    record["me"] = record
    return record


@pytest.mark.parametrize(
    "record",
    [
        {"key": 7},
        {"no": "key"},
        {"key": "x", "attempt": "first"},
        {"key": "x", "format": "csv"},
        {"key": "x", "format": 2},
        {"key": "x", "value": object()},
        {"key": "x", "value": {1: "a", "b": 2}},
        within_itself(),
    ],
)
def test_what_nobody_would_find_again_is_not_written(tmp_path, record):
    store = Store(tmp_path / "records.jsonl")
    with pytest.raises(TypeError):
        store.append(record)
    assert store.path.read_bytes() == b""


def test_a_full_disk_is_named_with_the_file(tmp_path, monkeypatch):
    store = Store(tmp_path / "records.jsonl")

    def full(descriptor, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*records.jsonl'"):
        store.append({"key": "y"})


def test_a_record_whose_values_changed_is_no_record(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    for key, score in (("a", 0.25), ("b", 0.5)):
        store.append({"key": key, "score": score})
    assert [(record["key"], record["score"], "checksum" in record) for record in store] == [
        ("a", 0.25, False),
        ("b", 0.5, False),
    ]
    store.path.write_text(store.path.read_text().replace("0.25", "0.75"))
    with pytest.warns(UserWarning, match="line 1 is not a whole record"):
        assert list(store.read()) == ["b"]
    with pytest.warns(UserWarning, match=r"it is set aside in records.jsonl.rejected"):
        assert store.repair() == 1
    assert Store(store.path).attempts() == {"b": 1}


def test_a_record_without_a_checksum_is_read_as_before(tmp_path):
    (tmp_path / "records.jsonl").write_text('{"format": 1, "key": "a", "score": 0.25}\n')
    assert Store(tmp_path / "records.jsonl").read()["a"]["score"] == 0.25


def test_deep_json_is_set_aside(tmp_path):
    (tmp_path / "records.jsonl").write_text('{"key": ' + "[" * 100_000 + "\n")
    with pytest.warns(UserWarning, match="line 1 is not a whole record"):
        assert list(Store(tmp_path / "records.jsonl")) == []
