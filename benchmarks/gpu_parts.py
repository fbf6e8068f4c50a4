"""What `benchmarks/gpu.py` does, part by part: each gives records, one for each thing that was tried.

The batches of all layers are those of `tests/layer_cases.py`, their errors those of `docs/make_precision.py`, and works
and sizes those of the other benchmarks.
"""

import copy
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import torch
from layer_cases import ALL
from make_precision import error, passes
from torch import Tensor, nn
from torch_geometric.utils import to_undirected

from benchmarks import growth_cases as growth
from benchmarks import memory
from benchmarks.machine import Gemm, seconds
from benchmarks.measure import measure
from benchmarks.row import AbsentError, Row
from benchmarks.rows import ROWS, gcn, linear, paths
from gnnseq.graphs import balanced_tree_batch, path_batch
from gnnseq.layers import GCN, GCRN, GRU, LSTM, ChildSumTreeLSTM
from gnnseq.ops import Schedule, gcn_operator

Record = dict[str, Any]
Part = Callable[[torch.device, bool], Iterator[Record]]
KINDS = {  # dtype, TF32, largest error
    "float32": (torch.float32, False, 1e-5),
    "TF32": (torch.float32, True, 2e-2),
    "bfloat16": (torch.bfloat16, False, 0.1),
}
SMALL_ROWS = [
    Row("lstm-3", "LSTM, paths of 3", "torch.nn.LSTM", {}, partial(paths.equal, "lstm", 3)),
    Row("linear-trees-6", "linear recurrence", "level by level", {}, partial(linear.make, partial(linear.trees, 3, 6))),
]


def correctness(device: torch.device, small: bool) -> Iterator[Record]:
    """Every layer's outputs and gradients against float64 on the CPU."""
    for param in ALL[:3] if small else ALL:
        case = param.values[0]
        exact = passes(case, torch.float64, None)
        for kind, (dtype, tf32, bound) in KINDS.items():
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
            found = passes(case, dtype, None, device)
            errors = [error(*pair) for pair in zip(found, exact, strict=True)]
            yield {"case": str(param.id), "kind": kind, "errors": errors, "within": max(errors) <= bound}
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def determinism(device: torch.device, small: bool) -> Iterator[Record]:
    """Whether two passes agree bit by bit under `torch.use_deterministic_algorithms`, or what refuses."""
    torch.use_deterministic_algorithms(True)
    try:
        for param in ALL[:3] if small else ALL:
            try:
                first, second = (passes(param.values[0], torch.float32, None, device) for _ in range(2))
                pairs = zip((part for found in first for part in found), (p for f in second for p in f), strict=True)
                yield {"case": str(param.id), "same": all(torch.equal(a, b) for a, b in pairs)}
            except RuntimeError as reason:
                yield {"case": str(param.id), "refused": str(reason).partition("\n")[0]}
    finally:
        torch.use_deterministic_algorithms(False)


def rows(device: torch.device, small: bool) -> Iterator[Record]:
    """The rows of `make benchmark`, against the peers that are there."""
    gemm, rounds = Gemm(), 1 if small else 5
    for row in SMALL_ROWS if small else ROWS:
        try:
            yield measure(row, 1 if device.type == "cpu" else 2, rounds, gemm) | {"goal": None}
        except AbsentError as reason:
            yield {"row": row.name, "absent": str(reason)}
        except (RuntimeError, TypeError, ValueError) as reason:
            yield {"row": row.name, "failed": f"{type(reason).__name__}: {reason}".partition("\n")[0]}


class OnGraphs(nn.Module):
    """A layer on one graph, made ready, so that features are all it takes."""

    def __init__(self, layer: nn.Module, ready: Any) -> None:
        super().__init__()
        self.layer, self.ready = layer, ready

    def forward(self, x: Tensor) -> Tensor:
        """The output alone."""
        out = self.layer(x, self.ready)
        return out if isinstance(out, Tensor) else out[0]


def _prepared(batch: Any) -> Schedule:
    schedule = Schedule(batch.edge_index, batch.num_nodes)
    schedule.prepare()
    return schedule


def ready_works(small: bool) -> Iterator[tuple[str, nn.Module, Tensor]]:
    """Modules that compile as a whole, with their input; peers among them."""
    n, steps, width = (8, 2, 4) if small else (200, 4, 32)
    ring = growth._ring(n, 4 * n)
    gcrn = GCRN(8, width, 3)
    yield "GCRN", OnGraphs(gcrn, gcrn.operator(ring, n)), torch.randn(n, steps, 8)
    trees = balanced_tree_batch(torch.randn(8, 4 if small else 16, 16))
    yield "ChildSumTreeLSTM, level by level", OnGraphs(ChildSumTreeLSTM(16, width), _prepared(trees)), trees.x
    yield "GRU on trees, level by level", OnGraphs(GRU(16, width), _prepared(trees)), trees.x
    chains = path_batch(torch.randn(8, 2 if small else 20, 16))
    yield "LSTM on paths", OnGraphs(LSTM(16, width), _prepared(chains)), chains.x
    x, edges = torch.randn(n, gcn.CHANNELS), to_undirected(growth._ring(n, 4 * n))
    yield "GCN", OnGraphs(GCN(gcn.CHANNELS, gcn.CHANNELS, gcn.LAYERS), gcn_operator(edges, n)), x
    yield "GCNConv of PyG, the same", OnGraphs(gcn.Stack(), edges), x


def _train(module: Callable[[Tensor], Tensor], x: Tensor) -> None:
    module(x).sum().backward()


def compiled(device: torch.device, small: bool) -> Iterator[Record]:
    """Forward and backward: eager, by `torch.compile`, and as a CUDA graph, in turn."""
    for name, module, x in islice(ready_works(small), 2 if small else None):
        torch._dynamo.reset()
        calls: dict[str, Callable[[], object]] = {"eager": partial(_train, module, x)}
        record: Record = {"work": name}
        start, began = time.perf_counter(), _own_seconds()
        try:
            calls["compiled"] = partial(_train, torch.compile(module, backend="aot_eager" if small else "inductor"), x)
            calls["compiled"]()
            record |= {"first_call_s": time.perf_counter() - start, "first_call_cpu_s": _own_seconds() - began}
        except RuntimeError as reason:
            del calls["compiled"]
            record["not_compiled"] = str(reason).partition("\n")[0]
        if device.type == "cuda":
            try:
                calls["graph"] = partial(_train, torch.cuda.make_graphed_callables(module, (x.requires_grad_(),)), x)
            except RuntimeError as reason:
                record["no_graph"] = str(reason).partition("\n")[0]
        else:
            record["no_graph"] = "CUDA graphs need a GPU"
        yield record | {f"{kind}_ms": 1e3 * took for kind, took in in_turn(calls, 2 if small else 15).items()}


def _own_seconds() -> float:
    """CPU time of this process and of those that it has waited for, such as a compiler."""
    return sum(os.times()[:4])


def in_turn(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least time of each call, in seconds; one after the other in every round."""
    for call in calls.values():
        call()
    taken = [[seconds(call, 3, 1) for call in calls.values()] for _ in range(rounds)]
    return dict(zip(calls, map(min, zip(*taken, strict=True)), strict=True))


def transfer(device: torch.device, small: bool) -> Iterator[Record]:
    """A batch to the device from pageable memory, and from pinned memory without waiting."""
    if device.type != "cuda":
        yield {"absent": "copies to a GPU need one"}
        return
    batch = path_batch(torch.randn(512, 100, 64, device="cpu")).cpu()
    pinned = batch.clone().pin_memory()
    there = copy.copy(pinned).to(device, non_blocking=True)
    torch.cuda.synchronize()
    ways: dict[str, Callable[[], object]] = {
        "pageable": lambda: copy.copy(batch).to(device),
        "pinned": lambda: copy.copy(pinned).to(device, non_blocking=True),
    }
    took = in_turn(ways, 10)
    yield {
        "megabytes": batch.x.numel() * 4 / 1e6,
        "same": all(torch.equal(there[key].cpu(), batch[key]) for key in batch.to_dict()),
        **{f"{way}_ms": 1e3 * time for way, time in took.items()},
    }


def large(device: torch.device, small: bool) -> Iterator[Record]:
    """Memory of a pass on a path of a million nodes."""
    size = 1_000 if small else growth.MILLION
    works = {"GCN, 2 layers": partial(growth.filters, "GCN", size, width=64)}
    works["one GCRN step, K = 2"] = partial(growth.signals, "GCRN", 1, size, width=64)
    for name, make in works.items():
        call = make()
        yield {"work": name, "nodes": size, "bytes": memory.peak(call), "seconds": seconds(call, 1, 1)}
        del call


def throughput(device: torch.device, small: bool) -> Iterator[Record]:
    """Graphs per second against the size of a batch."""
    works: dict[str, Callable[..., Callable[[], object]]] = {
        "LSTM, paths of 30": partial(growth.paths, LSTM, width=64),
        "ChildSumTreeLSTM, 64 nodes": partial(growth.trees, False, width=64),
        "GCRN, 20 nodes, 10 steps": partial(growth.signals, "GCRN", width=64),
    }
    for name, make in works.items():
        for batch in (2, 4) if small else (1, 8, 64, 512):
            call = make(batch=batch)
            call()
            took = min(seconds(call, 1, 1) for _ in range(1 if small else 5))
            yield {"work": name, "batch": batch, "graphs_per_s": batch / took}


PARTS: dict[str, Part] = {
    part.__name__: part for part in (correctness, rows, compiled, determinism, transfer, large, throughput)
}
