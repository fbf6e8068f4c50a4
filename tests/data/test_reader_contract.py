"""What every reader of files keeps: clear errors that name the file, one kind of line end, no byte order mark.

A reader of :mod:`gnnseq.data` is a public function or method that takes a path. Each has a row in ``READERS``, a file
that it reads and a way to read it, or stands in ``NO_READERS``.
"""

import inspect
import pkgutil
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import gnnseq.data
from gnnseq.data.files import read_chunks, read_rows, read_text
from gnnseq.data.signals.edge_tables import read_adjacency, read_edges
from gnnseq.data.signals.numbers import read_table
from gnnseq.data.signals.series import read_signals
from gnnseq.data.signals.tables import read_series
from gnnseq.data.signals.temporal_json import read_temporal_json
from gnnseq.data.synthetic.listops_file import read_listops
from gnnseq.data.text.encode import encode_file, read_pieces
from gnnseq.data.text.grimm import fairy_tales
from gnnseq.data.text.vectors import read_vectors
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.binary import balanced_tree
from gnnseq.data.trees.enhanced import DependencyGraph, read_enhanced
from gnnseq.data.trees.pairs import read_logic, read_sick
from gnnseq.data.trees.sentiment import sentiment_trees
from gnnseq.data.trees.treebank import read_brackets, read_conllu


class Reader(NamedTuple):
    """A file that is read without an error, and what reads it; the result can be compared."""

    content: bytes
    read: Callable[[Path], Any]
    name: str = "file"


TREES = "(3 (2 a) (4 (2 très) (3 b)))\n(2 (1 c)\n  (0 d))\n".encode()
CONLLU = (
    b"# text\n1\tGo\t_\t_\t_\t_\t0\troot\t_\t_\n1.1\t_\t_\t_\t_\t_\t_\t_\t_\t_\n2\thome\t_\t_\t_\t_\t1\tadv\t_\t_\n\n"
)
ENHANCED = (
    b"1\tGo\t_\t_\t_\t_\t0\troot\t0:root\t_\n1.1\tyou\t_\t_\t_\t_\t_\t_\t1:nsubj|2:obj\t_\n"
    b"2\thome\t_\t_\t_\t_\t1\tadv\t1:adv\t_\n\n"
)
LOGIC = b"#\t( not d )\t( not b )\n<\tb\t( c ( or f ) )\n"
SICK = "sentence_A\tsentence_B\trelatedness_score\tentailment_judgment\nune très\tb\t2.5\tNEUTRAL\n".encode()
LISTS = b"0\t( ( ( [SM 6 ) 4 ) ] )\n7\t7\n3\t( ( ( [MAX 1 ) ( ( ( [MED 3 ) 4 ) ] ) ) ] )\n"
TEXT = "Once upon a time, très loin.\n\nThe end.\n".encode()
LETTERS = Vocabulary.from_characters([TEXT.decode()])
BOOK = (
    b"Licence\n*** START OF THE BOOK ***\n\nProduced by A\n\n"
    + TEXT
    + b"\nEnd of Project Gutenberg\n*** END OF THE BOOK\n"
)
SAVED = b'{"symbols": ["a", "b\\u00e9"], "unknown": "a", "separator": " "}'

SERIES = "north,süd\n".encode() + b"".join(b"%d.5,%d\n" % (step, step * step % 7) for step in range(25))
TIMES = b"time,north,b\n2012-03-01 00:00,1.5,2\n2012-03-01 00:05,,-3\n2012-03-01 00:15,4,1e3\n"
EDGES = "from,to,weight\na,süd,0.5\nsüd,a,2\n".encode()
WEIGHTS = "a,süd\n0,0.5\n2,0\n".encode()
TEMPORAL = '{"edges": [[0, 1]], "node_ids": {"a": 0, "è": 1},\n "FX": [[1, 2], [3, 4.5]]}\n'.encode()
NODES = ["a", "süd"]
VECTORS = "2 3\nO 0.5 -1 2e-3\nè 1 2 3\n".encode()


def series(path: Path) -> tuple[list[list[float]], list[str]]:
    graph = path.with_name("graph.csv")
    graph.write_text("0,1\n1,0\n")
    signals = read_signals(path, graph)
    return signals.values.tolist(), signals.names


def enhanced(graph: DependencyGraph) -> list[Any]:
    return [graph.words, graph.edges.tolist(), graph.relations]


def times(path: Path) -> tuple[list[str], str, list[str]]:
    found = read_series(path, time="time")
    return found.names, str(found.values.tolist()), [] if found.times is None else found.times.tolist()


def temporal(path: Path) -> tuple[list[list[float]], list[str], list[list[float]]]:
    found, adjacency = read_temporal_json(path)
    return found.values.tolist(), found.names, adjacency.tolist()


READERS: dict[str, Reader] = {
    "Vocabulary.load": Reader(SAVED, Vocabulary.load),
    "encode_file": Reader(TEXT, lambda path: encode_file(path, path.parent / "ids.npy", LETTERS).tolist()),
    "fairy_tales": Reader(BOOK, fairy_tales),
    "read_brackets": Reader(TREES, read_brackets),
    "read_chunks": Reader(TEXT, lambda path: "".join(read_chunks(path, 3))),
    "read_conllu": Reader(CONLLU, read_conllu),
    "read_enhanced": Reader(ENHANCED, lambda path: [enhanced(graph) for graph in read_enhanced(path).graphs]),
    "read_listops": Reader(LISTS, read_listops),
    "read_logic": Reader(LOGIC, read_logic),
    "read_sick": Reader(SICK, lambda path: read_sick(path, lambda text: balanced_tree(text.split()))),
    "read_pieces": Reader(TEXT, lambda path: "".join(read_pieces(path, whole_words=True))),
    "read_text": Reader(TEXT, read_text),
    "sentiment_trees": Reader(TREES, lambda path: sentiment_trees("dev", path.parent), "dev.txt"),
    "read_rows": Reader(SERIES, lambda path: list(read_rows(path))),
    "read_adjacency": Reader(WEIGHTS, lambda path: read_adjacency(path, NODES).tolist()),
    "read_edges": Reader(EDGES, lambda path: read_edges(path, NODES).tolist()),
    "read_series": Reader(TIMES, times),
    "read_signals": Reader(SERIES, series),
    "read_table": Reader(SERIES, lambda path: [str(part) for part in read_table(path, header=True)]),
    "read_temporal_json": Reader(TEMPORAL, temporal),
    "read_vectors": Reader(VECTORS, lambda path: [part.tolist() for part in read_vectors(path, LETTERS)]),
}
NO_READERS = {
    "Vocabulary.save",
    "changed_members",
    "check_names",
    "collect",
    "download",
    "extract",
    "hash_file",
    "is_intact",
    "read_cells",  # a part of read_series
    "read_npz",  # no text: tests/attack flips its bytes
}

MARK = b"\xef\xbb\xbf"
PIECES = [
    *(
        MARK,
        b"\xff",
        b"\xed\xa0\x80",
        b"\x00",
        b"\r",
        b"\n",
        b"\n\n",
        b"\t",
        b" ",
        b"\xc2\xa0",
        b"\xe2\x80\xa8",
        b"\x0c",
    ),
    *(b"(", b")", b"()", b"[", b"]", b"{", b"}", b'"', b",", b"\\", b"\\ud800", b"-", b".", b"0", b"-1", b"9" * 5000),
    *(b"1e999", b"NaN", b"null", b"1_000", b"#", b"*** START OF", b"*** END OF", b"(" * 5000, b"[" * 100_000),
]


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """The content with bytes replaced, put in, cut out, moved or turned into another encoding."""
    for _ in range(draw(st.integers(1, 5))):
        first, last = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=3), st.just(content[first:last])))
        kept = draw(st.sampled_from([first, min(first + 1, len(content)), last]))
        content = content[:first] + piece + content[kept:]
    return content if draw(st.integers(0, 9)) else content.decode(errors="replace").encode("utf-16")


def written(folder: Path, reader: Reader, content: bytes) -> Path:
    path = folder / reader.name
    path.write_bytes(content)
    return path


def read(reader: Reader, path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* is another edition", category=UserWarning)
        return reader.read(path)


def paths_of(function: Callable[..., Any]) -> bool:
    annotations = [parameter.annotation for parameter in inspect.signature(function).parameters.values()]
    return any(annotation is Path or Path in get_args(annotation) for annotation in annotations)


def public() -> Iterator[str]:
    """Every public function and method in the modules of gnnseq.data that takes a path."""
    for module in pkgutil.walk_packages(gnnseq.data.__path__, "gnnseq.data."):
        for name, value in vars(import_module(module.name)).items():
            if name.startswith("_") or getattr(value, "__module__", None) != module.name:
                continue
            if inspect.isfunction(value) and paths_of(value):
                yield name
            if inspect.isclass(value):
                methods = inspect.getmembers(
                    value, lambda member: inspect.isfunction(member) or inspect.ismethod(member)
                )
                yield from (f"{name}.{method}" for method, call in methods if method[0] != "_" and paths_of(call))


def test_every_reader_has_a_row():
    assert set(public()) == set(READERS) | NO_READERS
    assert not set(READERS) & NO_READERS


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_a_damaged_file_is_read_or_named(tmp_path_factory, name, data):
    reader = READERS[name]
    path = written(tmp_path_factory.mktemp("read"), reader, data.draw(damaged(reader.content), "content"))
    try:
        read(reader, path)
    except (ValueError, OSError) as error:
        message = str(error)
        if isinstance(error, UnicodeError) or str(path) not in message or len(message) > 1000:
            raise AssertionError(f"no clear error: {type(error)}: {message[:1000]}") from None


@pytest.mark.parametrize("name", READERS)
def test_a_byte_order_mark_and_line_ends_change_nothing(tmp_path, name):
    reader = READERS[name]
    expected = read(reader, written(tmp_path, reader, reader.content))
    assert read(reader, written(tmp_path, reader, MARK + reader.content)) == expected
    for end in (b"\r\n", b"\r")[: 1 if name == "read_vectors" else 2]:
        assert read(reader, written(tmp_path, reader, reader.content.replace(b"\n", end))) == expected


def test_vectors_whose_lines_end_otherwise_are_refused(tmp_path):
    path = written(tmp_path, READERS["read_vectors"], VECTORS.replace(b"\n", b"\r"))
    with pytest.raises(ValueError, match=f"{path}, line 1 ends with a carriage return alone, expected a line feed"):
        read(READERS["read_vectors"], path)


# Words of vectors are bytes: those in another encoding are passed over.
@pytest.mark.parametrize("name", [name for name in READERS if name != "read_vectors"])
def test_bytes_that_are_not_utf8_are_placed(tmp_path, name):
    reader = READERS[name]
    for mark in (b"", MARK):
        content = mark + reader.content[:9] + b"\xff" + reader.content[9:]
        path = written(tmp_path, reader, content)
        with pytest.raises(ValueError, match=rf"^{path}: byte 0xff at offset {len(mark) + 9} is not UTF-8"):
            read(reader, path)


@pytest.mark.parametrize("name", READERS)
def test_files_that_are_missing_or_folders(tmp_path, name):
    reader = READERS[name]
    path = tmp_path / reader.name
    with pytest.raises(FileNotFoundError, match=str(path)):
        read(reader, path)
    path.mkdir()
    with pytest.raises(OSError, match=str(path)):
        read(reader, path)


@given(data=st.data())
@example(data=None)
def test_vocabularies_of_any_json(tmp_path_factory, data):
    """Values of all kinds where a vocabulary has strings."""
    import json

    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=5,
    )
    state: Any = {"symbols": ["a"], "unknown": None, "separator": "", "sha256": None}
    if data is not None:
        state |= data.draw(st.dictionaries(st.sampled_from([*state, "other"]), anything, max_size=3))
    path = tmp_path_factory.mktemp("read") / "file"
    path.write_text(json.dumps(state))
    try:
        vocabulary = Vocabulary.load(path)
    except ValueError as error:
        assert str(path) in str(error), error  # noqa: PT017
    else:
        assert all(isinstance(symbol, str) for symbol in vocabulary.symbols)
