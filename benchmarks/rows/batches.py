"""Batches of paths from sequences, against a PyG Data for each and Batch.from_data_list."""

from functools import partial

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from benchmarks.row import Row, Side
from gnnseq.graphs import path_batch

STEPS = 60


def path_data(sequence: Tensor) -> Data:
    """One path, as PyG's documentation makes a graph."""
    nodes = torch.arange(len(sequence) - 1)
    return Data(x=sequence, edge_index=torch.stack([nodes, nodes + 1]))


def make(count: int, equal: bool) -> tuple[Side, Side]:
    """Both sides, from symbols ``[B, T]`` or from a list."""
    symbols = torch.randint(10, (count, STEPS))
    lengths = torch.full((count,), STEPS) if equal else torch.randint(1, STEPS + 1, (count,))
    sequences = [row[: int(length)] for row, length in zip(symbols, lengths, strict=True)]

    def ours() -> Batch:
        return path_batch(symbols if equal else sequences)

    def theirs() -> Batch:
        return Batch.from_data_list([path_data(sequence) for sequence in sequences])

    return Side(ours, lambda: _parts(ours())), Side(theirs, lambda: _parts(theirs()))


def _parts(batch: Batch) -> dict[str, Tensor]:
    """What the batch holds, and what it gives back graph by graph."""
    graphs = batch.to_data_list()
    return {
        "x": batch.x,
        "edge_index": batch.edge_index,
        "batch": batch.batch,
        "ptr": batch.ptr,
        "graphs.x": torch.cat([graph.x for graph in graphs]),
        "graphs.edge_index": torch.cat([graph.edge_index for graph in graphs], dim=1),
    }


def rows() -> list[Row]:
    """Equal and unequal lengths, few and many."""
    peer = "Data and Batch.from_data_list"
    return [
        Row(f"batch-{kind}-{count}", f"{count:,} paths of {title}", peer, {1: goal, 2: goal},
            partial(make, count, kind == "equal"))
        for kind, title, goals in (("equal", "60", (30.0, 200.0)), ("unequal", "1 to 60", (13.0, 20.0)))
        for count, goal in zip((128, 4096), goals, strict=True)
    ]  # fmt: skip
