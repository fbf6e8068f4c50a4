"""Mutated inputs of every reader: an answer that can be right, or an error that names the file."""

import math
import random
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from attack.flips import HISTORY, WORDS, checkpoint, unpacked, write_archive, write_records
from attack.outcome import Attack, Outcome, judge
from gnnseq.data import Vocabulary, encode_file, fairy_tales, read_brackets, read_conllu, read_vectors, sentiment_trees
from gnnseq.data.files import read_text
from gnnseq.data.signals.arrays import read_npz
from gnnseq.data.signals.edge_tables import read_adjacency, read_edges
from gnnseq.data.signals.series import Signals, read_signals
from gnnseq.data.signals.tables import Series, read_series
from gnnseq.data.signals.temporal_json import read_temporal_json
from gnnseq.experiments import Store
from gnnseq.training import History
from gnnseq.training.checkpoints.file import read_checkpoint, write_checkpoint

TOKENS = [
    *(b"\xff", b"\x00", b"\xef\xbb\xbf", b'"', b"(", b")", b"[", b"{}", b",", b"\t", b"\r\n", b"\n\n", b"'", b" "),
    *(b"1_000", b"1e400", b"-1e39", b"nan", b"-inf", b"9" * 400, b"-1", b"0", b"0x1", b"true", b"null", b"\x1c"),
    *(b"(" * 5000, b"[" * 5000, b'{"a":' * 5000, b"\xed\xa0\x80"),
    *(text.encode() for text in ("\uff11\uff12", "e\u0301", "\u2028")),
]  # fmt: skip
BRACKETS = b"(3 (2 very) (4 (2 good) (2 films)))\n(1 (2 not) (0 bad))\n(2 (2 (2 a) (2 b)) (2 c))\n"
CONLLU = b"# text = she reads\n" + b"".join(
    b"\t".join([str(n).encode(), form, b"_", b"_", b"_", b"_", str(head).encode(), relation, b"_", b"_"]) + b"\n"
    for n, form, head, relation in [(1, b"she", 2, b"nsubj"), (2, b"reads", 0, b"root"), (3, b"books", 2, b"obj")]
)
SERIES = b"north,south,west\n" + b"".join(b"%d.5,%d,-%d\n" % (n, n * n % 7, n) for n in range(25))
GRAPH = b"0,1,0.5\n1,0,0\n0.5,0,0\n"
EDGES = b"from,to,weight\nnorth,south,0.5\nsouth,west,2\nwest,north,1e-3\n"
MATRIX = b"north,south,west\n" + GRAPH
WIDE = b"time,north,south\n" + b"".join(b"2012-03-01 00:%02d,%d.5,%d\n" % (5 * n, n, n * n % 7) for n in range(12))
LONG = b"time,node,value\n" + b"".join(
    b"2012-03-01 %02d:00,%b,%d.25\n" % (hour, node, hour) for hour in range(9) for node in (b"north", b"south")
)
TEMPORAL = b'{"edges": [[0, 1], [1, 2]], "node_ids": {"a": 0, "b": 1, "c": 2}, "FX": [[1, 2, 3], [3, 4.5, -1e2]]}\n'
NAMES = ["north", "south", "west"]
VECTORS = b"2 3\nthe 0.5 -1 2e-3\ncat 1 2 3\n, 0 0 1\n"
BOOK = b"*** START OF X ***\r\nOnce upon a time.\r\n\r\n\r\nThe end.\r\n*** END OF X ***\r\n"


class Reader(NamedTuple):
    """A reader, a file that it reads, and whether an answer can be right."""

    name: str
    content: Callable[[Path], None]
    read: Callable[[Path], Any]
    can_be: Callable[[Any], bool]


def content(data: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data) and None


def are_trees(trees: list[Any]) -> bool:
    return bool(trees) and all(tree.sentence() and all(tree.sentence()) for tree in trees)


def are_dependencies(trees: list[Any]) -> bool:
    return are_trees(trees) and all(all(tree.words) and all(tree.labels) for tree in trees)


def are_signals(found: Signals) -> bool:
    finite = bool(found.values.isfinite().all() and found.adjacency.isfinite().all())
    return finite and bool((found.adjacency >= 0).all()) and len(set(found.names)) == found.values.size(1)


def is_series(found: Series) -> bool:
    T, N = found.values.shape
    times = found.times is None or (len(found.times) == T and bool((np.diff(found.times) > np.timedelta64(0)).all()))
    return times and len(set(found.names)) == N > 0 and T > 0 and not bool(found.values.isinf().any())


def is_temporal(found: tuple[Series, torch.Tensor]) -> bool:
    return is_series(found[0]) and found[1].shape == (len(found[0].names),) * 2 and bool(found[1].isfinite().all())


def are_weights(found: torch.Tensor) -> bool:
    return found.shape == (3, 3) and bool(found.isfinite().all())


def write_npz(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, data=np.arange(24.0).reshape(4, 3, 2))


def is_history(found: History) -> bool:
    columns = [found.loss, found.accuracy, found.grad_norm, found.learning_rate]
    numbers = all(isinstance(value, int | float) for column in columns for value in column)
    return numbers and len({len(column) for column in columns}) == 1


def is_vocabulary(found: Vocabulary) -> bool:
    return all(isinstance(symbol, str) and symbol for symbol in found.symbols) and len(found) > 0


def are_records(found: list[Mapping[str, Any]]) -> bool:
    return all(isinstance(record["key"], str) for record in found)


def are_ids(found: Any) -> bool:
    return len(found) > 0 and int(np.max(found)) < 256


def encoded(path: Path) -> Any:
    return encode_file(path, path.with_suffix(".npy"), Vocabulary(map(chr, range(1, 256))))


def sibling(path: Path, data: bytes) -> Path:
    """Another file beside it, which is as it should be."""
    other = path.with_name("other.csv")
    other.write_bytes(data)
    return other


def tales(path: Path) -> str:
    """A book, which is another edition than the known one and said to be."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is another edition")
        return fairy_tales(path).text


def part(path: Path) -> Any:
    return sentiment_trees("dev", path.parent)


READERS = [
    Reader("trees.txt", content(BRACKETS), lambda path: read_brackets(path).trees, are_trees),
    Reader("skipped.txt", content(BRACKETS), lambda path: read_brackets(path, on_error="skip"), lambda _: True),
    Reader("dev.txt", content(BRACKETS), part, are_trees),
    Reader("words.conllu", content(CONLLU + b"\n" + CONLLU), lambda path: read_conllu(path).trees, are_dependencies),
    Reader("series.csv", content(SERIES), lambda path: read_signals(path, sibling(path, GRAPH)), are_signals),
    Reader("graph.csv", content(GRAPH), lambda path: read_signals(sibling(path, SERIES), path), are_signals),
    Reader("wide.csv", content(WIDE), lambda path: read_series(path, time="time", frequency="5min"), is_series),
    Reader("long.csv", content(LONG), lambda path: read_series(path, time="time", node="node", value="value"),
           is_series),
    Reader("edges.csv", content(EDGES), lambda path: read_edges(path, NAMES), are_weights),
    Reader("matrix.csv", content(MATRIX), lambda path: read_adjacency(path, NAMES), are_weights),
    Reader("temporal.json", content(TEMPORAL), read_temporal_json, is_temporal),
    Reader("pems.npz", write_npz, read_npz, is_series),
    Reader("glove.txt", content(VECTORS), lambda path: read_vectors(path, WORDS).values,
           lambda found: bool(found.isfinite().all())),
    Reader("book.txt", content(BOOK), lambda path: read_text(path), lambda found: isinstance(found, str)),
    Reader("tales.txt", content(BOOK), tales, lambda found: bool(found.strip())),
    Reader("ids.txt", content(BOOK), encoded, are_ids),
    Reader("words.json", WORDS.save, Vocabulary.load, is_vocabulary),
    Reader("history.json", HISTORY.to_json, History.from_json, is_history),
    Reader("records.jsonl", write_records, lambda path: list(Store(path)), are_records),
    Reader("training.pt", lambda path: write_checkpoint(path, "training", checkpoint()),
           lambda path: read_checkpoint(path, "training"), lambda found: isinstance(found, dict)),
    Reader("trees.zip", write_archive, unpacked, lambda found: all(re.match("content of", t) for t in found.values())),
]  # fmt: skip


def mutated(data: bytes, generator: random.Random) -> bytes:
    """The same with one to three changes."""
    for _ in range(generator.choice((1, 1, 2, 3))):
        place = generator.randrange(len(data) + 1)
        end = min(len(data), place + generator.choice((1, 3, 10, 60)))
        numbers = [(found.start(), found.end()) for found in re.finditer(rb"\d[\d.e-]*", data)]
        kind = generator.randrange(6)
        if kind == 0 and data:
            place = min(place, len(data) - 1)
            data = data[:place] + bytes([data[place] ^ 1 << generator.randrange(8)]) + data[place + 1 :]
        elif kind == 1:
            data = data[:place] + data[end:]
        elif kind == 2:
            data = data[:place] + data[place:end] * generator.choice((2, 3, 50)) + data[end:]
        elif kind == 3:
            lines = data.split(b"\n")
            one, two = generator.randrange(len(lines)), generator.randrange(len(lines))
            lines[one], lines[two] = lines[two], lines[one]
            data = b"\n".join(lines)
        elif kind == 4 and numbers:
            start, stop = generator.choice(numbers)
            data = data[:start] + generator.choice(TOKENS) + data[stop:]
        else:
            data = data[:place] + generator.choice(TOKENS) + data[place:]
    return data


def mutations(reader: Reader) -> Attack:
    """An attack on one reader."""

    def attack(folder: Path, times: int, seed: int) -> Outcome:
        path, generator, outcome = folder / reader.name, random.Random(f"{reader.name} {seed}"), Outcome()
        torch.manual_seed(seed)
        reader.content(path)
        whole = path.read_bytes()
        for number in range(times):
            data = mutated(whole, generator)
            path.write_bytes(data)
            what = f"{reader.name}, mutation {number} of seed {seed}"
            judge(outcome, lambda: reader.read(path), reader.can_be, path.name, what)
        return outcome

    return attack


def all_readers(folder: Path, times: int, seed: int) -> Outcome:
    """Every reader, as many times each."""
    whole = Outcome()
    for reader in READERS:
        own = folder / reader.name.replace(".", "_")
        own.mkdir(exist_ok=True)
        found = mutations(reader)(own, math.ceil(times / len(READERS)), seed)
        whole.counts += found.counts
        whole.bad += found.bad
    return whole
