"""Influence against its peers: agreement first, then time, interleaved, as medians of the ratio in each round.

python benchmarks/influence.py --threads 1 --rounds 5 --out influence.json
"""

import argparse
import json
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
from gnnseq.layers import GCN

NODES, CHANNELS, WIDTH, LAYERS, GRAPHS = 60, 8, 32, 6, 32


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
    goal: float
    ours: Callable[[], Tensor]
    theirs: Callable[[], Tensor]


def graph() -> Data:
    """A path in both directions."""
    nodes = torch.arange(NODES - 1)
    edges = torch.stack([nodes, nodes + 1])
    return Data(x=torch.randn(NODES, CHANNELS), edge_index=torch.cat([edges, edges.flip(0)], dim=1))


def node_by_node(model: nn.Module, data: Data) -> Tensor:
    """PyG's tool for every node; one hop more than layers, since its subgraphs are wrong at the rim."""
    return torch.stack([jacobian_l1(model, data, LAYERS + 1, v, "cpu") for v in range(NODES)])


def works() -> list[Work]:
    """The rows of the table."""
    torch.manual_seed(0)
    stack, gcn, recurrence, path = Stack(), GCN(CHANNELS, WIDTH, LAYERS), Recurrence(), graph()
    graphs = [graph() for _ in range(GRAPHS)]
    batch = Batch.from_data_list(graphs)

    def every_graph(model: nn.Module) -> Tensor:
        return torch.block_diag(*[node_by_node(model, data) for data in graphs])

    def dense() -> Tensor:
        return jacobian(lambda x: recurrence(Data(x=x)), path.x).abs().sum((1, 3))

    peer, row = "PyG jacobian_l1, node by node", "torch jacobian, row by row"
    return [
        Work("PyG GCN, a path", peer, 8, lambda: influence(stack, path), lambda: node_by_node(stack, path)),
        Work("PyG GCN, 32 paths", peer, 100, lambda: influence(stack, batch), lambda: every_graph(stack)),
        Work("our GCN, a path", peer, 40, lambda: influence(gcn, path), lambda: node_by_node(gcn, path)),
        Work("our GCN, 32 paths", peer, 100, lambda: influence(gcn, batch), lambda: every_graph(gcn)),
        Work("LSTM, a path", row, 15, lambda: influence(recurrence, path), dense),
    ]


def check(work: Work) -> None:
    """Stops where the two do not agree, or where one has a zero and the other has not."""
    ours, theirs = work.ours(), work.theirs()
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5 * float(theirs.max()))
    if not torch.equal(ours == 0, theirs == 0):
        raise SystemExit(f"{work.name}: zeros differ")


def seconds(call: Callable[[], Tensor]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(work: Work, rounds: int) -> dict[str, float | str]:
    """Ours and theirs in turn; the median of the ratios of the rounds."""
    check(work)
    pairs = [(seconds(work.ours), seconds(work.theirs)) for _ in range(rounds)]
    return {
        "work": work.name,
        "peer": work.peer,
        "ours_ms": 1e3 * statistics.median(ours for ours, _ in pairs),
        "peer_ms": 1e3 * statistics.median(theirs for _, theirs in pairs),
        "ratio": statistics.median(theirs / ours for ours, theirs in pairs),
        "goal": work.goal,
    }


def main() -> None:
    """Measures, prints the table and writes the records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"threads {options.threads}, rounds {options.rounds}, torch {torch.__version__}")
    print(f"{'work':<20}{'ours ms':>10}{'peer ms':>12}{'times faster':>14}{'goal':>6}  peer")
    records = []
    for work in works():
        r = measure(work, options.rounds)
        records.append(r)
        times = f"{r['ours_ms']:>10.1f}{r['peer_ms']:>12.1f}{r['ratio']:>14.1f}{r['goal']:>6}"
        print(f"{r['work']:<20}{times}  {r['peer']}", flush=True)
    if options.out is not None:
        facts = {"threads": options.threads, "rounds": options.rounds, "torch": torch.__version__}
        options.out.write_text(json.dumps({**facts, "records": records}, indent=1))


if __name__ == "__main__":
    main()
