import hashlib
import stat
import threading
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
        server.requests = []
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
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
