"""Influence against its peers: agreement first, then time, interleaved, as medians of the ratio in each round.

python benchmarks/influence.py --threads 1 2 --rounds 5 --out influence.json
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GCNConv
from torch_geometric.utils.influence import jacobian_l1

from gnnseq.analysis import influence
from gnnseq.layers import GCN, LSTM

NODES, CHANNELS, WIDTH, LAYERS, GRAPHS = 60, 8, 32, 6, 32
COLUMNS = ("threads", "ours ms", "peer ms", "times", "CPU ms", "CPU times", "goal")


class Stack(nn.Module):
    """PyG's GCNConv with a ReLU between layers."""

    def __init__(self) -> None:
        super().__init__()
        widths = [CHANNELS] + [WIDTH] * LAYERS
        self.convs = nn.ModuleList(GCNConv(widths[i], widths[i + 1]) for i in range(LAYERS))

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Node features."""
        for number, conv in enumerate(self.convs):
            x = conv(x if number == 0 else x.relu(), edge_index)
        return x


class Recurrence(nn.Module):
    """torch.nn.LSTM in a module of the user's own."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(CHANNELS, WIDTH, batch_first=True)

    def forward(self, data: Data) -> Tensor:
        """A state for every node."""
        out: Tensor = self.lstm(data.x.unsqueeze(0))[0][0]
        return out


class Work(NamedTuple):
    """Something that ours and a peer's code can both do."""

    name: str
    peer: str
    goal: float | None
    ours: Callable[[], Tensor]
    theirs: Callable[[], Tensor]


class Time(NamedTuple):
    """Seconds of one call."""

    wall: float
    cpu: float


def graph(both: bool = True) -> Data:
    """A path, in both directions or forward."""
    nodes = torch.arange(NODES - 1)
    edges = torch.stack([nodes, nodes + 1])
    edges = torch.cat([edges, edges.flip(0)], dim=1) if both else edges
    return Data(x=torch.randn(NODES, CHANNELS), edge_index=edges)


def node_by_node(model: nn.Module, data: Data) -> Tensor:
    """PyG's tool for every node; one hop more than layers, since its subgraphs are wrong at the rim."""
    return torch.stack([jacobian_l1(model, data, LAYERS + 1, v, "cpu") for v in range(NODES)])


def works() -> list[Work]:
    """The rows of the table."""
    torch.manual_seed(0)
    stack, gcn, recurrence, path = Stack(), GCN(CHANNELS, WIDTH, LAYERS), Recurrence(), graph()
    lstm, directed = LSTM.from_torch(recurrence.lstm), graph(both=False)
    graphs = [graph() for _ in range(GRAPHS)]
    batch = Batch.from_data_list(graphs)

    def every_graph(model: nn.Module) -> Tensor:
        return torch.block_diag(*[node_by_node(model, data) for data in graphs])

    def row_by_row(model: Callable[[Tensor], Tensor], data: Data) -> Tensor:
        return jacobian(model, data.x).abs().sum((1, 3))

    peer, row = "PyG jacobian_l1, node by node", "torch jacobian, row by row"
    return [
        Work("PyG GCN, a path", peer, 8, lambda: influence(stack, path), lambda: node_by_node(stack, path)),
        Work("PyG GCN, 32 paths", peer, 100, lambda: influence(stack, batch), lambda: every_graph(stack)),
        Work("our GCN, a path", peer, 40, lambda: influence(gcn, path), lambda: node_by_node(gcn, path)),
        Work("our GCN, 32 paths", peer, None, lambda: influence(gcn, batch), lambda: every_graph(gcn)),
        Work(
            "torch LSTM, a path",
            row,
            15,
            lambda: influence(recurrence, path),
            lambda: row_by_row(lambda x: recurrence(Data(x=x)), path),
        ),
        Work(
            "our LSTM, a path",
            row,
            15,
            lambda: influence(lstm, directed),
            lambda: row_by_row(lambda x: lstm(x, directed.edge_index)[0], directed),
        ),
    ]


def check(work: Work) -> None:
    """Stops where the two do not agree, or where one has a zero and the other has not."""
    ours, theirs = work.ours(), work.theirs()
    torch.testing.assert_close(ours.to(theirs), theirs, rtol=1e-3, atol=1e-5 * float(theirs.max()))
    if not torch.equal(ours == 0, theirs == 0):
        raise SystemExit(f"{work.name}: zeros differ")


def timed(call: Callable[[], Tensor]) -> Time:
    """Wall-clock time, and time that this process had on processors, of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Time(time.perf_counter() - wall, time.process_time() - cpu)


def measure(work: Work, rounds: int, threads: list[int]) -> list[dict[str, float | str | None]]:
    """In each round ours and theirs in turn with each number of threads; medians, and of ratios within a round."""
    check(work)
    pairs: dict[int, list[tuple[Time, Time]]] = {number: [] for number in threads}
    loads = []
    for _ in range(rounds):
        for number in threads:
            torch.set_num_threads(number)
            pairs[number].append((timed(work.ours), timed(work.theirs)))
        loads.append(os.getloadavg()[0])
    return [
        {
            "work": work.name,
            "peer": work.peer,
            "goal": work.goal,
            "threads": number,
            "ours_ms": 1e3 * statistics.median(ours.wall for ours, _ in found),
            "peer_ms": 1e3 * statistics.median(theirs.wall for _, theirs in found),
            "ratio": statistics.median(theirs.wall / ours.wall for ours, theirs in found),
            "ours_cpu_ms": 1e3 * statistics.median(ours.cpu for ours, _ in found),
            "cpu_ratio": statistics.median(theirs.cpu / ours.cpu for ours, theirs in found),
            "load": statistics.median(loads),
        }
        for number, found in pairs.items()
    ]


def line(record: dict[str, float | str | None]) -> str:
    """One row of the table."""
    goal = "" if record["goal"] is None else f"{record['goal']:g}"
    numbers = [f"{record[key]:>10.1f}" for key in ("ours_ms", "peer_ms", "ratio", "ours_cpu_ms", "cpu_ratio")]
    start = f"{record['work']:<20}{record['threads']:>10}"
    return f"{start}{''.join(numbers)}{goal:>10}{record['load']:>8.1f}  {record['peer']}"


def main() -> None:
    """Measures, prints the table and writes the records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="works whose name contains this")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    facts = {
        "rounds": options.rounds,
        "torch": torch.__version__,
        "processors": os.cpu_count(),
        "load": os.getloadavg(),
        "when": time.strftime("%Y-%m-%d %H:%M"),
    }
    load = " ".join(f"{value:.1f}" for value in facts["load"])
    print(f"rounds {options.rounds}, torch {torch.__version__}, {os.cpu_count()} processors, load {load}")
    print(f"{'work':<20}{''.join(f'{name:>10}' for name in COLUMNS)}{'load':>8}  peer")
    records = []
    for work in works():
        if options.only in work.name:
            records += measure(work, options.rounds, options.threads)
            for record in records[-len(options.threads) :]:
                print(line(record), flush=True)
    if options.out is not None:
        options.out.write_text(json.dumps({**facts, "records": records}, indent=1))


if __name__ == "__main__":
    main()
