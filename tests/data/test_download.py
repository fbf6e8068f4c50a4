import contextlib
import errno
import hashlib
import shutil
import stat
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gnnseq.data.download import cache_folder, changed_members, download, extract, hash_file, is_intact

BODY = b"some data\n" * 50_000
SHA256 = hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path.startswith("/says"):
            self.send_header("Content-Length", self.path.removeprefix("/says"))
            self.end_headers()
            self.wfile.write(b"x" * 1000)
            return
        if self.path in ("/endless", "/slow"):
            self.end_headers()
            piece, pause = (b"x" * 65536, 0) if self.path == "/endless" else (b"x", 0.05)
            with contextlib.suppress(OSError):
                while not self.server.over:
                    self.wfile.write(piece)
                    time.sleep(pause)
            return
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n" % len(BODY) + BODY[:1000])
            self.close_connection = True
            return
        if self.path != "/unsized":
            self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY[:70_000] if self.path == "/broken" else BODY)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests, server.over = [], False
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.over = True
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("sha256", [None, SHA256, SHA256.upper()])
@pytest.mark.parametrize("page", ["/data", "/unsized"])
def test_download_once(server, tmp_path, sha256, page):
    path = tmp_path / "new" / "data"
    for _ in range(3):
        assert download(server.url + page, sha256, path) == path
        assert path.read_bytes() == BODY
    assert server.requests == [page]
    assert sorted(file.name for file in path.parent.iterdir()) == ["data", "data.sha256"]


@pytest.mark.parametrize("page", ["/broken", "/chunked", "/missing"])
def test_an_interrupted_download_leaves_nothing(server, tmp_path, page):
    with pytest.raises(OSError, match=r"broke off|404"):
        download(server.url + page, None, tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("/saysabc", "/saysabc has Content-Length 'abc', expected at most 100000 bytes"),
        ("/says-1", "has Content-Length '-1'"),
        ("/says100001", "has Content-Length '100001', expected at most 100000 bytes"),
        ("/says1001", "broke off after 1000 bytes, expected 1001|broke off: IncompleteRead"),
        ("/endless", "/endless has more than 100000 bytes"),
        ("/slow", r"/slow took too long: \d+ bytes"),
    ],
)
def test_a_server_that_lies(server, tmp_path, page, message):
    begin = time.monotonic()
    with pytest.raises(OSError, match=message):
        download(server.url + page, None, tmp_path / "data", max_bytes=100_000, max_seconds=0.3)
    assert time.monotonic() - begin < 10
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_accepted_is_not_kept(server, tmp_path):
    def refuse(path):
        assert path.read_bytes() == BODY
        raise OSError("a login page")

    with pytest.raises(OSError, match="a login page"):
        download(server.url + "/data", None, tmp_path / "data", accept=refuse)
    assert list(tmp_path.iterdir()) == []


def test_a_stored_hash_that_is_damaged(server, tmp_path):
    path = download(server.url + "/data", None, tmp_path / "data")
    (tmp_path / "data.sha256").write_bytes(b"\xff\xfe")
    with pytest.warns(UserWarning, match="was changed after its download"):
        assert download(server.url + "/data", None, path).read_bytes() == BODY


def test_no_network(tmp_path):
    with pytest.raises(OSError, match="refused"):
        download("http://127.0.0.1:9/data", None, tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_another_hash_is_refused(server, tmp_path):
    with pytest.raises(ValueError, match=f"/data has sha256 {SHA256}, expected 00ff"):
        download(server.url + "/data", "00ff", tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sha256", [None, SHA256])
def test_a_changed_file_is_found_out_and_fetched_again(server, tmp_path, sha256):
    path = download(server.url + "/data", sha256, tmp_path / "data")
    path.write_bytes(BODY[:-1] + b"!")
    with pytest.warns(UserWarning, match=f"{path} was changed after its download"):
        download(server.url + "/data", sha256, path)
    assert path.read_bytes() == BODY
    assert len(server.requests) == 2


def test_a_changed_file_stays_where_the_network_fails(server, tmp_path):
    path = download(server.url + "/data", None, tmp_path / "data")
    path.write_bytes(b"changed")
    with pytest.warns(UserWarning, match="it is not used"), pytest.raises(OSError, match="404"):
        download(server.url + "/missing", None, path)
    assert path.read_bytes() == b"changed"


def test_is_intact(server, tmp_path):
    path = tmp_path / "data"
    assert not is_intact(path)
    path.write_bytes(BODY)
    assert is_intact(path, SHA256)
    with pytest.warns(UserWarning, match="expected none stored"):
        assert not is_intact(path)


def test_hash_file(tmp_path):
    (tmp_path / "data").write_bytes(BODY)
    assert hash_file(tmp_path / "data") == SHA256


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "gnnseq"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "gnnseq"


def write_zip(path, names, mode=0):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            member = zipfile.ZipInfo(name)
            member.external_attr = mode << 16
            archive.writestr(member, f"content of {name}")
    return path


def test_extract(tmp_path):
    archive = write_zip(tmp_path / "a.zip", ["a.txt", "b/c.txt"])
    folder = extract(archive, tmp_path / "deep" / "out")
    assert (folder / "a.txt").read_text() == "content of a.txt"
    assert (folder / "b" / "c.txt").read_text() == "content of b/c.txt"
    assert list(folder.parent.iterdir()) == [folder]
    with pytest.raises(FileExistsError, match="out exists, expected a new folder"):
        extract(archive, folder)


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "C:/evil", "..\\evil", "\\evil"])
def test_members_outside_the_folder_are_refused(tmp_path, name):
    archive = write_zip(tmp_path / "a.zip", ["good", name])
    with pytest.raises(ValueError, match=r"a\.zip has the member .*evil', expected files inside it"):
        extract(archive, tmp_path / "out")
    assert list(tmp_path.rglob("*")) == [archive]


def test_a_member_without_a_name_is_refused(tmp_path):
    archive = write_zip(tmp_path / "a.zip", ["good", ""])
    with pytest.raises(ValueError, match=r"a\.zip has the member '', expected files inside it"):
        extract(archive, tmp_path / "out")


def test_links_are_refused(tmp_path):
    archive = write_zip(tmp_path / "a.zip", ["link"], mode=stat.S_IFLNK | 0o777)
    with pytest.raises(ValueError, match="has the member 'link'"):
        extract(archive, tmp_path / "out")


@pytest.mark.parametrize("damage", ["cut", "changed", "other"])
def test_damaged_archives(tmp_path, damage):
    archive = write_zip(tmp_path / "a.zip", ["a.txt"])
    data = archive.read_bytes()
    bad = {"cut": data[:-30], "changed": data.replace(b"content of", b"CONTENT OF"), "other": b"<html>"}
    archive.write_bytes(bad[damage])
    with pytest.raises(ValueError, match="is no intact zip file"):
        extract(archive, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [archive]


def harmed(data, kind):
    """A zip file whose header says what zipfile answers with another error than BadZipFile."""
    entry, local = data.index(b"PK\x01\x02"), data.index(b"PK\x03\x04")
    out = bytearray(data)
    if kind == "method":  # NotImplementedError
        out[entry + 10] = out[local + 8] = 99
    elif kind == "encrypted":  # RuntimeError
        out[entry + 8] |= 1
        out[local + 6] |= 1
    elif kind == "bz2":  # OSError without a number
        out[entry + 10] = out[local + 8] = zipfile.ZIP_BZIP2
    elif kind == "cut":  # EOFError
        out[entry + 20], out[entry + 24] = 250, 250
    elif kind == "swallowed":  # no error at all: the second member is taken for the first one's comment
        out[entry + 32] = len(out) - 22 - entry - 46 - 5
    elif kind == "name":  # UnicodeDecodeError
        out[entry + 8 + 1] |= 8
        out[entry + 46] = 0xFF
    return bytes(out)


@pytest.mark.parametrize("kind", ["method", "encrypted", "bz2", "cut", "name", "twice", "long", "swallowed"])
def test_every_damage_is_one_error_with_the_name_of_the_archive(tmp_path, kind):
    names = {"twice": ["a", "a/b"], "long": ["n" * 300], "swallowed": ["a.txt", "b.txt"]}.get(kind, ["a.txt"])
    archive = write_zip(tmp_path / "a.zip", names)
    archive.write_bytes(harmed(archive.read_bytes(), kind))
    with pytest.raises(ValueError, match=r"a\.zip is no intact zip file: ."):
        extract(archive, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [archive]


def test_flipped_bits_are_named_or_change_nothing(tmp_path):
    archive = write_zip(tmp_path / "a.zip", ["a.txt", "b/c.txt"])
    whole, refused = archive.read_bytes(), 0
    for bit in range(8 * len(whole)):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << bit % 8
        archive.write_bytes(broken)
        try:
            folder = extract(archive, tmp_path / "out")
        except ValueError as error:
            assert str(error).startswith(str(archive))  # noqa: PT017
            refused += 1
            continue
        assert all(file.read_text().startswith("content of") for file in folder.rglob("*") if file.is_file())
        shutil.rmtree(folder)
    assert refused > 4 * len(whole)


def test_archives_that_are_too_large(tmp_path):
    archive = write_zip(tmp_path / "a.zip", ["a", "b", "c"])
    with pytest.raises(ValueError, match=r"a\.zip has 3 members, expected at most 2"):
        extract(archive, tmp_path / "out", max_members=2)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("zeros", bytes(1 << 20))
    assert archive.stat().st_size < 2000
    with pytest.raises(ValueError, match=r"a\.zip has 1048576 bytes when unpacked, expected at most 1000000"):
        extract(archive, tmp_path / "out", max_bytes=1_000_000)
    assert list(tmp_path.iterdir()) == [archive]


def test_a_full_disk_is_no_fault_of_the_archive(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "extractall", full)
    with pytest.raises(OSError, match="No space left"):
        extract(write_zip(tmp_path / "a.zip", ["a"]), tmp_path / "out")
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


def test_a_folder_that_another_process_made_meanwhile(tmp_path, monkeypatch):
    unpack = zipfile.ZipFile.extractall

    def second(members, work):
        unpack(members, work)
        unpack(members, tmp_path / "out")

    archive = write_zip(tmp_path / "a.zip", ["a"])
    monkeypatch.setattr(zipfile.ZipFile, "extractall", second)
    with pytest.raises(FileExistsError, match="out exists, expected a new folder"):
        extract(archive, tmp_path / "out")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.zip", "out"]


def test_changed_members_of_a_damaged_archive(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"<html>")
    with pytest.raises(ValueError, match=r"a\.zip is no intact zip file"):
        changed_members(tmp_path / "a.zip", tmp_path)


def test_changed_members(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.mkdir("folder")
        archive.writestr("folder/one", "1")
        archive.writestr("two", "2")
    folder = extract(tmp_path / "a.zip", tmp_path / "out")
    assert changed_members(tmp_path / "a.zip", folder) == []
    (folder / "two").write_text("3")
    (folder / "folder" / "one").unlink()
    assert changed_members(tmp_path / "a.zip", folder) == ["folder/one", "two"]
