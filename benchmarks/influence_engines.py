"""The ways to an influence matrix against each other: agreement first, then processor time, interleaved, as medians.

python -m benchmarks.influence_engines --rounds 5 --out docs/results/influence_engines.json
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import jvp, vmap
from torch_geometric.data import Batch, Data

from benchmarks.influence import CHANNELS, LAYERS, NODES, WIDTH, Stack
from gnnseq.analysis import l1
from gnnseq.analysis.calls import ModelCall, in_double
from gnnseq.analysis.jacobian.forward.forward_jacobian import ForwardJacobian
from gnnseq.analysis.jacobian.linear import Linearised, decomposed
from gnnseq.analysis.jacobian.measured import one_output_each
from gnnseq.analysis.jacobian.products.block_jacobian import BlockJacobian
from gnnseq.layers import GCN, LSTM
from gnnseq.models import EdgeEncoder, SequenceClassifier


class ByJvp(Linearised):
    """Products from the right by `torch.func.vmap` over `torch.func.jvp`, the simplest way forward."""

    def push(self, tangents: Tensor) -> Tensor:
        """The model is run again for each chunk of vectors."""
        call = self._call

        def product(tangent: Tensor) -> Tensor:
            return jvp(lambda x: call.rows(call(x))[0], (self.x,), (tangent,))[1]

        with torch.no_grad(), decomposed():
            return vmap(product)(tangents.view(-1, *self.x.shape))


class LargeChunks(ByJvp):
    """The same with as many vectors at once as were fastest for a recurrence, beyond the bound on memory."""

    def chunk(self, chunk_size: int | None = None) -> int:
        """Vectors at once."""
        return 800


Way = Callable[[nn.Module, Data], Tensor]


def forward(model: nn.Module, data: Data) -> Tensor:
    """The way forward in blocks."""
    found = ForwardJacobian.of(Linearised(ModelCall(model, data)))
    assert found is not None
    entries = found.sizes(l1)
    assert entries is not None
    return entries.dense()


def products(model: nn.Module, data: Data, kind: type[Linearised] = Linearised) -> Tensor:
    """Products with vectors, which nodes far from each other share."""
    return BlockJacobian.of(kind(ModelCall(model, data)), data).sizes(l1).dense()


def one_each(model: nn.Module, data: Data) -> Tensor:
    """One backward pass from each channel."""
    found = one_output_each(Linearised(ModelCall(model, data)), l1, None)
    assert found is not None
    return found.dense()


WAYS: dict[str, Way] = {
    "forward in blocks": forward,
    "products": products,
    "products by jvp": lambda model, data: products(model, data, ByJvp),
    "products by jvp, 800 at once": lambda model, data: products(model, data, LargeChunks),
    "one backward pass a channel": one_each,
}
ON_NODES = ("forward in blocks", "products", "products by jvp")


class Work(NamedTuple):
    """A model at a batch, and the ways that suit it."""

    name: str
    model: nn.Module
    data: Data
    ways: tuple[str, ...]


def path(nodes: int, both: bool = True, graphs: int = 1) -> Data:
    """Paths, in both directions or forward."""
    ahead = torch.arange(nodes - 1)
    edges = torch.stack([ahead, ahead + 1])
    edges = torch.cat([edges, edges.flip(0)], dim=1) if both else edges
    return Batch.from_data_list([Data(x=torch.randn(nodes, CHANNELS), edge_index=edges) for _ in range(graphs)])


def near(nodes: int, radius: float) -> Data:
    """Random points of the unit square, joined where they are near."""
    place = torch.rand(nodes, 2)
    edges = (torch.cdist(place, place) < radius).fill_diagonal_(False).nonzero().t().contiguous()
    return Batch.from_data_list([Data(x=torch.randn(nodes, CHANNELS), edge_index=edges)])


def works() -> list[Work]:
    """The rows of the table."""
    torch.manual_seed(0)
    lstm = LSTM(CHANNELS, WIDTH)
    classifier = SequenceClassifier(None, EdgeEncoder(lstm), None, nn.Linear(WIDTH, 10))
    convolutions = SequenceClassifier(None, EdgeEncoder(GCN(CHANNELS, WIDTH, LAYERS)), None, nn.Linear(WIDTH, 10))
    long = ("forward in blocks", "products", "products by jvp, 800 at once")
    few = ("one backward pass a channel", "products")
    return [
        Work(f"LSTM, a path of {NODES}", lstm, path(NODES, False), ON_NODES),
        Work("LSTM, a path of 300", lstm, path(300, False), long),
        Work("GCN, a path of 2,000", GCN(CHANNELS, WIDTH, LAYERS), path(2000), ON_NODES),
        Work("GCN of 2 layers, 1,000 points", GCN(CHANNELS, WIDTH, 2), near(1000, 0.045), ON_NODES),
        Work(f"PyG's GCN, 32 paths of {NODES}", Stack(), path(NODES, graphs=32), ON_NODES[:2]),
        Work("LSTM classifier, 4 paths of 20", classifier, path(20, False, 4), few),
        Work("LSTM classifier, 4 paths of 100", classifier, path(100, False, 4), few),
        Work("GCN classifier, 4 paths of 20", convolutions, path(20, graphs=4), few),
    ]


def timed(way: Way, work: Work) -> tuple[float, Tensor]:
    """Milliseconds of processor time, and the result."""
    start = time.process_time()
    found = way(work.model, work.data)
    return 1e3 * (time.process_time() - start), found


def measure(work: Work, rounds: int) -> dict[str, Any]:
    """In each round every way in turn; all results are compared with the first one, zeros included."""
    times: dict[str, list[float]] = {name: [] for name in work.ways}
    expected: Tensor | None = None
    with in_double(work.model):
        for _ in range(rounds):
            for name in work.ways:
                milliseconds, found = timed(WAYS[name], work)
                times[name].append(milliseconds)
                expected = found if expected is None else expected
                torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-300)
                assert torch.equal(found == 0, expected == 0), f"{work.name}, {name}: zeros differ"
    medians = {name: statistics.median(own) for name, own in times.items()}
    ratios = {
        name: statistics.median(b / a for a, b in zip(times[work.ways[0]], own, strict=True))
        for name, own in times.items()
    }
    return {"work": work.name, "cpu_ms": medians, "ratio": ratios}


def main() -> None:
    """Measures, prints a table and writes each record when it is made; `--only` measures some works again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="works whose name contains this")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    facts = {"rounds": options.rounds, "torch": torch.__version__, "processors": os.cpu_count(), "threads": 1}
    every = works()
    for work in every:
        if options.only not in work.name:
            continue
        record = measure(work, options.rounds)
        record |= facts | {"load": os.getloadavg()[0], "when": time.strftime("%Y-%m-%d %H:%M")}
        print(line(record), flush=True)
        if options.out is not None:
            store(record, options.out, [work.name for work in every])


def line(record: dict[str, Any]) -> str:
    """One row of the table, with times relative to the first way."""
    cells = [f"{name} {ms:,.1f} ms ({record['ratio'][name]:.2f})" for name, ms in record["cpu_ms"].items()]
    return f"{record['work']:<34}{'; '.join(cells)}"


def table(records: Sequence[dict[str, Any]]) -> str:
    """The table of docs/influence_speed.md: medians of processor time, and how many times the first way's."""
    lines = [f"| work | {' | '.join(WAYS)} |", "|---" + "|---:" * len(WAYS) + "|"]
    for record in records:
        cells = []
        for name in WAYS:
            ms, ratio = record["cpu_ms"].get(name), record["ratio"].get(name)
            cells.append("" if ms is None else f"{ms:,.0f}" if ratio == 1 else f"{ms:,.0f} ({ratio:.1f} x)")
        lines.append(f"| {record['work']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def store(record: dict[str, Any], path: Path, order: Sequence[str]) -> None:
    """Puts a record in the place of the one of the same work."""
    by_name = {other["work"]: other for other in (json.loads(path.read_text()) if path.exists() else [])}
    by_name[record["work"]] = record
    path.write_text(json.dumps([by_name[name] for name in order if name in by_name], indent=1) + "\n")


if __name__ == "__main__":
    main()
