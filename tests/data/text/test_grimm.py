import hashlib
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_data import real_file

from gnnseq.data.text import grimm as module
from gnnseq.data.text.grimm import fairy_tales, normalise

BODY = "FAIRY TALES\n\n  \u2018Once\u2019\u00a0upon a \u201ctime\u201d  \n\n\n\nthe end\u2014really.\n"
TEXT = "FAIRY TALES\n\n  'Once' upon a \"time\"\n\nthe end\u2014really.\n"
START = "\ufeffLicence\n*** START OF THIS PROJECT GUTENBERG EBOOK GRIMMS ***\n\n\nProduced by A, B\nand C\n\n"
END = "\n\nEnd of Project Gutenberg\u2019s Tales, by G\n\n*** END OF THIS PROJECT GUTENBERG EBOOK GRIMMS ***\nmore"
BOOK = (START + BODY + END).replace("\n", "\r\n").encode()


@pytest.fixture(autouse=True)
def known(monkeypatch, tmp_path):
    """The book of these tests is the known edition, and nothing is fetched by default."""
    monkeypatch.setattr(module, "_SHA256", hashlib.sha256(TEXT.encode()).hexdigest())
    monkeypatch.setattr(module, "_URL", "http://127.0.0.1:9/pg.txt")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))


@pytest.fixture
def site(monkeypatch):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requests += 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.server.body) + self.server.missing))
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests, server.body, server.missing = 0, BOOK, 0
        monkeypatch.setattr(module, "_URL", f"http://127.0.0.1:{server.server_port}/pg.txt")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_normalise():
    assert normalise((START + BODY + END).removeprefix("\ufeff")) == TEXT


@pytest.mark.parametrize("end", ["*** END OF THE PROJECT GUTENBERG EBOOK X ***", "***END OF THIS"])
def test_marks_of_other_editions(end):
    assert normalise(f"a\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\nb\n{end}\nc") == "b\n"


@given(st.text("ab \n\t'\u2019\u201c\u00a0"))
def test_normalising_again_changes_nothing(text):
    once = normalise(text)
    assert normalise(once) == once
    assert not set("\t\u2019\u201c\u00a0") & set(once)
    assert " \n" not in once
    assert "\n\n\n" not in once


def test_path(tmp_path):
    (tmp_path / "book").write_bytes(BOOK)
    book = fairy_tales(tmp_path / "book")
    assert book == (TEXT, "path")
    assert not book.is_substitute


def test_another_edition_warns(tmp_path):
    (tmp_path / "book").write_text("Another book.")
    with pytest.warns(UserWarning, match="book is another edition than the one measured with"):
        assert fairy_tales(tmp_path / "book").text == "Another book.\n"


def test_download_then_cache(site, tmp_path):
    assert fairy_tales(cache=tmp_path / "cache") == (TEXT, "download")
    assert fairy_tales(cache=tmp_path / "cache") == (TEXT, "cache")
    assert fairy_tales(cache=tmp_path / "cache", download=False) == (TEXT, "cache")
    assert site.requests == 1
    assert fairy_tales().source == "download"
    assert (tmp_path / "home" / "gnnseq" / "pg.txt").read_bytes() == BOOK


def test_a_changed_cache_is_found_out(site, tmp_path):
    fairy_tales(cache=tmp_path)
    (tmp_path / "pg.txt").write_bytes(BOOK.replace(b"Once", b"ONCE"))
    with pytest.warns(UserWarning, match="was changed after its download"):
        assert fairy_tales(cache=tmp_path) == (TEXT, "download")
    assert site.requests == 2


def test_a_changed_cache_is_not_used_without_a_network(site, tmp_path):
    fairy_tales(cache=tmp_path)
    (tmp_path / "pg.txt").write_bytes(BOOK.replace(b"Once", b"ONCE"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        book = fairy_tales(cache=tmp_path, download=False)
    assert book.is_substitute
    assert ["was changed" in str(caught[0].message), "NOT THE FAIRY" in str(caught[1].message)] == [True, True]


def test_an_interrupted_download_leaves_nothing(site, tmp_path):
    site.missing = 10
    with pytest.warns(UserWarning, match="broke off"):
        assert fairy_tales(cache=tmp_path / "cache").is_substitute
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_page_that_is_no_book_is_not_kept(site, tmp_path):
    site.body = b"<html>please log in</html>"
    with pytest.warns(UserWarning, match="gave no book: there is no START mark"):
        assert fairy_tales(cache=tmp_path).is_substitute
    site.body = BOOK
    assert fairy_tales(cache=tmp_path) == (TEXT, "download")


PAGES = {
    "bytes": b"<html>\xff\xfe log in</html>",
    "start": START.encode() + b"Please log in",
    "empty": START.encode() + b"\r\n" + END.encode(),
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_nothing_enters_the_cache_that_is_no_book(site, tmp_path, page):
    site.body = page
    with pytest.warns(UserWarning, match="gave no book"):
        assert fairy_tales(cache=tmp_path / "cache").is_substitute
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_that_an_earlier_version_kept_is_replaced(site, tmp_path, page):
    (tmp_path / "pg.txt").write_bytes(page)
    (tmp_path / "pg.txt.sha256").write_text(hashlib.sha256(page).hexdigest())
    with pytest.warns(UserWarning, match="pg.txt is deleted: .* gave no book"):
        assert fairy_tales(cache=tmp_path) == (TEXT, "download")
    assert fairy_tales(cache=tmp_path) == (TEXT, "cache")


@pytest.mark.parametrize("download", [True, False])
def test_python_s_own_text_takes_the_place_loudly(download):
    with pytest.warns(UserWarning, match="THESE ARE NOT THE FAIRY TALES") as caught:
        book = fairy_tales(download=download)
    assert book.source == "python topics"
    assert book.is_substitute
    assert len(book.text) > 100_000
    assert " statement" in book.text
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize("content", [b"", b" \n ", START.encode() + END.encode()])
def test_empty_books(tmp_path, content):
    (tmp_path / "book").write_bytes(content)
    with pytest.raises(ValueError, match="book is empty, expected a book"):
        fairy_tales(tmp_path / "book")


def test_books_that_cannot_be_read(tmp_path):
    (tmp_path / "book").write_bytes(b"abc\xe9")
    with pytest.raises(ValueError, match="book: byte 0xe9 at offset 3"):
        fairy_tales(tmp_path / "book")
    with pytest.raises(FileNotFoundError):
        fairy_tales(tmp_path / "none")


def test_the_real_book(monkeypatch):
    path = real_file("grimm/*.txt")
    monkeypatch.undo()
    text = fairy_tales(path).text
    assert (len(text), len(set(text))) == (520_534, 78)
    assert text.startswith("FAIRY TALES\n\nBy The Brothers Grimm\n\nPREPARER'S NOTE\n")
    assert text.endswith("children's reading ever\nsince.\n")


@pytest.mark.parametrize("text", [" " * 100_000 + "x", "a\nEnd of Project Gutenberg" + " " * 100_000 + "x\n***END OF",
                                  "Produced by x" + " \n" * 100_000 + "y"])  # fmt: skip
def test_long_runs_of_spaces_take_no_longer(text):
    start = time.process_time()
    normalise(text)
    assert time.process_time() - start < 2


def test_a_byte_order_mark_is_dropped():
    assert normalise("\ufeffOnce upon a time") == "Once upon a time\n"


def test_the_last_line_goes_only_before_an_end_mark():
    end = "***END OF THIS"
    assert normalise(f"a\n\nEnd of the Project Gutenberg X\n\n\n{end}") == "a\n"
    assert normalise(f"a\nEnd of Project Gutenberg X\nb\n{end}") == "a\nEnd of Project Gutenberg X\nb\n"
    assert normalise("a\nEnd of Project Gutenberg X") == "a\nEnd of Project Gutenberg X\n"
    assert normalise(f"\nProduced by A\n{end}") == "\n"
