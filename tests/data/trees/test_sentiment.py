import hashlib
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from real_data import real_file

from gnnseq.data.trees import sentiment as module
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.data.trees.sentiment import sentiment_trees

TREES = "(3 (2 very) (4 good))\n(1 (2 not) (0 bad))\n"


@pytest.fixture
def site(monkeypatch, tmp_path):
    with zipfile.ZipFile(tmp_path / "trees.zip", "w") as archive:
        for part in ("train", "dev", "test"):
            archive.writestr(f"trees/{part}.txt", TREES if part == "train" else TREES[:22])
    data = (tmp_path / "trees.zip").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requests += 1
            self.send_response(200)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests = 0
        monkeypatch.setattr(module, "_URL", f"http://127.0.0.1:{server.server_port}/trees.zip")
        monkeypatch.setattr(module, "_SHA256", hashlib.sha256(data).hexdigest())
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_download_once(site, tmp_path):
    for part, size in (("train", 2), ("dev", 1), ("test", 1), ("train", 2)):
        trees = sentiment_trees(part, cache=tmp_path / "cache")
        assert [str(tree) for tree in trees] == TREES.splitlines()[:size]
    assert site.requests == 1


def test_first_runs_that_unpack_at_once_all_succeed(site, tmp_path):
    start, found = threading.Barrier(6), []

    def run():
        start.wait()
        found.append(len(sentiment_trees("train", cache=tmp_path / "cache")))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 6
    assert sorted(file.name for file in (tmp_path / "cache").iterdir()) == ["trees", "trees.zip", "trees.zip.sha256"]


def test_another_archive_is_refused(site, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_SHA256", "00")
    with pytest.raises(ValueError, match="expected 00"):
        sentiment_trees("train", cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_files_that_are_not_as_they_were_unpacked(site, tmp_path, harm):
    sentiment_trees("train", cache=tmp_path / "cache")
    file = tmp_path / "cache" / "trees" / "trees" / "dev.txt"
    file.unlink() if harm == "missing" else file.write_text(TREES)
    with pytest.raises(ValueError, match=r"dev.txt is not as it was unpacked; delete .*trees to unpack it again"):
        sentiment_trees("train", cache=tmp_path / "cache")


def test_an_archive_without_the_treebank(site, monkeypatch, tmp_path):
    (tmp_path / "cache").mkdir()
    with zipfile.ZipFile(tmp_path / "cache" / "trees.zip", "w") as archive:
        archive.writestr("readme", "nothing here")
    found = hashlib.sha256((tmp_path / "cache" / "trees.zip").read_bytes()).hexdigest()
    monkeypatch.setattr(module, "_SHA256", found)
    with pytest.raises(FileNotFoundError, match=r"holds no train.txt, expected the treebank"):
        sentiment_trees("train", cache=tmp_path / "cache")


def test_path(tmp_path):
    (tmp_path / "dev.txt").write_text(TREES)
    assert len(sentiment_trees("dev", tmp_path)) == 2
    with pytest.raises(FileNotFoundError):
        sentiment_trees("train", tmp_path)
    with pytest.raises(ValueError, match="part is 'validation', expected one of train, dev, test"):
        sentiment_trees("validation", tmp_path)


def test_other_labels(tmp_path):
    (tmp_path / "dev.txt").write_text(TREES + "(3 (5 x) (2 y))")
    with pytest.raises(ValueError, match=r"dev.txt, tree 3 has the label '5', expected 0 to 4"):
        sentiment_trees("dev", tmp_path)


def test_the_real_treebank():
    folder = real_file("sst/train.txt").parent
    train, dev = sentiment_trees("train", folder), sentiment_trees("dev", folder)
    assert (len(train), len(dev)) == (8544, 1101)
    corpus = TreeCorpus.from_trees(train)
    assert corpus.classes.symbols == tuple("01234")
    two = corpus.relabel({"0": "-", "1": "-", "3": "+", "4": "+"})
    assert len(two[np.flatnonzero(two.root_labels >= 0)]) == 6920
