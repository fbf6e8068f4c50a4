"""A server on this machine that lies, and what of it enters the cache."""

import contextlib
import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch
from urllib.parse import unquote

from attack.outcome import Outcome, judge
from gnnseq.data.download import download
from gnnseq.data.text import grimm

BOOK = b"*** START OF X ***\n" + b"Once upon a time.\n" * 2000 + b"*** END OF X ***\n"
PORTAL = b"<html><body><form>Please log in to this network</form></body></html>"
LIMITS = {"max_bytes": 1 << 20, "max_seconds": 0.5}


class Liar(BaseHTTPRequestHandler):
    """Answers in the way that the path names."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with contextlib.suppress(OSError):
            LIES[unquote(self.path.strip("/"))](self)
        self.close_connection = True

    def head(self, *headers: tuple[str, object], status: int = 200) -> None:
        self.send_response(status)
        for name, value in (("Connection", "close"), *headers):
            self.send_header(name, str(value))
        self.end_headers()

    def sized(self, body: bytes, size: object) -> None:
        self.head(("Content-Length", size))
        self.wfile.write(body)

    def unsized(self, body: bytes) -> None:
        self.head()
        self.wfile.write(body)

    def raw(self, data: bytes) -> None:
        self.wfile.write(data)

    def endless(self, piece: bytes, pause: float) -> None:
        self.head()
        while not self.server.over:  # type: ignore[attr-defined]
            self.wfile.write(piece)
            time.sleep(pause)

    def chunked(self, body: bytes) -> None:
        self.head(("Transfer-Encoding", "chunked"))
        self.wfile.write(body)

    def damaged(self) -> None:
        body = bytearray(BOOK)
        body[random.randrange(len(body))] ^= 1 << random.randrange(8)
        self.sized(bytes(body), len(body))

    def log_message(self, *args: object) -> None:
        pass


LIES: dict[str, Callable[[Liar], None]] = {
    "the truth": lambda liar: liar.sized(BOOK, len(BOOK)),
    "a login page": lambda liar: liar.sized(PORTAL, len(PORTAL)),
    "a login page in Latin-1": lambda liar: liar.sized(b"\xe9" + PORTAL, len(PORTAL) + 1),
    "a redirect to a login page": lambda liar: liar.head(("Location", "/a%20login%20page"), status=302),
    "a redirect to itself": lambda liar: liar.head(("Location", liar.path), status=302),
    "nothing": lambda liar: liar.sized(b"", 0),
    "too short": lambda liar: liar.sized(BOOK[:-100], len(BOOK)),
    "too long": lambda liar: liar.sized(BOOK, len(BOOK) - 100),
    "a length that is no number": lambda liar: liar.sized(BOOK, "abc"),
    "a negative length": lambda liar: liar.sized(BOOK, -1),
    "a huge length": lambda liar: liar.sized(BOOK, 10**18),
    "two lengths": lambda liar: liar.sized(BOOK, f"{len(BOOK)}, 5"),
    "cut off, without a length": lambda liar: liar.unsized(BOOK[:-100]),
    "an endless body": lambda liar: liar.endless(b"x" * 65536, 0.0),
    "a slow body": lambda liar: liar.endless(b"x", 0.02),
    "a broken chunk": lambda liar: liar.chunked(b"%x\r\n" % len(BOOK) + BOOK[:1000]),
    "a chunk of no size": lambda liar: liar.chunked(b"zz\r\n" + BOOK),
    "no HTTP": lambda liar: liar.raw(b"\x00\x01\x02 hello\r\n\r\n"),
    "an error": lambda liar: liar.send_error(500),
    "hanging up": lambda liar: None,
}
DAMAGE = {"one flipped bit": Liar.damaged}  # only a hash finds it
LIES |= DAMAGE


@contextlib.contextmanager
def lying() -> Iterator[str]:
    """The address of the server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Liar) as server:
        server.over = False  # type: ignore[attr-defined]
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.over = True  # type: ignore[attr-defined]
        server.shutdown()


def lies(folder: Path, times: int, seed: int) -> Outcome:
    """Every lie, as often each, to a download with a hash and to one that is looked at."""
    outcome, whole = Outcome(), hashlib.sha256(BOOK).hexdigest()
    random.seed(seed)
    paths = {lie: lie.replace(" ", "%20") for lie in LIES}
    with lying() as address:
        for number in range(times):
            for lie in LIES:
                for kind, sha256, accept in (("hash", whole, None), ("look", None, grimm._require_book)):
                    if lie in DAMAGE and sha256 is None:
                        continue
                    target = folder / f"{number} {kind}" / "book.txt"
                    url = f"{address}/{paths[lie]}"
                    fetch = partial(download, url, sha256, target, accept=accept, **LIMITS)
                    with patch.object(grimm, "_URL", url):
                        judge(outcome, lambda fetch=fetch: fetch().read_bytes(), BOOK.__eq__, url, f"{lie}, {kind}")
                    files = sorted(file.name for file in target.parent.iterdir()) if target.parent.exists() else []
                    if files not in ([], ["book.txt", "book.txt.sha256"]):
                        outcome.add("lost", f"{lie}, {kind} left {files}")
                    for file in files:
                        (target.parent / file).unlink()
    return outcome
