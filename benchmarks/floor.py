"""What a training step and a short path cost at the least, beside what they cost here.

    python benchmarks/floor.py --out docs/results/floor.json

Two tables, process CPU time on one thread, medians over rounds in which all ways take turns:

- A training step of the comparison: forward and backward alone; a bare loop of torch on a batch that is there
  (zero the gradients, forward, loss, backward, clip, fused Adam), which every trainer pays; `fit`; and `fit` without
  one of its parts.
- RNN, GRU and LSTM on 128 paths of 10: torch's module; the same and a copy of its output in the order of the nodes,
  which its kernels do not give; our layer on a ready schedule; and on edges.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterable
from itertools import repeat
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import facts, load, seconds
from benchmarks.row import backward
from benchmarks.rows.paths import BATCH, UNITS, pair
from benchmarks.rows.training import STEPS, Training
from gnnseq.graphs import path_batch
from gnnseq.ops import Schedule
from gnnseq.training import Step, fit

Ways = dict[str, Callable[[], object]]


class _WithoutClip(Step):
    def clip(self) -> float:
        return 0.0


class _WithoutUpdate(Step):
    def setup(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        super().setup(model, optimizer)
        optimizer.step = lambda: None  # type: ignore[method-assign]


def step_ways(name: str) -> Ways:
    """A training step of a family; all but the first two are `fit`."""
    one = Training(name)
    trained = list(one.model.parameters())

    def bare() -> None:
        for _ in range(STEPS):
            one.optimizer.zero_grad()
            cross_entropy(one.model(one.batch), one.batch.y).backward()
            nn.utils.clip_grad_norm_(trained, one.max_norm)
            one.optimizer.step()

    def fitted(step: Step, batches: Iterable[Any] | None = None) -> None:
        fit(one.model, one.batches(STEPS) if batches is None else batches, one.optimizer, step=step)

    def without_update() -> None:
        try:
            fitted(_WithoutUpdate(max_norm=one.max_norm))
        finally:
            del one.optimizer.step

    return {
        "forward and backward": one.alone,
        "bare loop": bare,
        "fit": one.whole,
        "fit, one batch again": lambda: fitted(Step(max_norm=one.max_norm), repeat(one.batch, STEPS)),
        "fit without accuracy": lambda: fitted(Step(max_norm=one.max_norm, metric=lambda logits, y: (0.0, len(y)))),
        "fit without norm and clipping": lambda: fitted(_WithoutClip()),
        "fit without the optimizer's step": without_update,
    }


def path_ways(name: str, steps: int = 10) -> Ways:
    """A forward and backward pass on paths."""
    layer, module = pair(name)
    x = torch.randn(BATCH, steps, UNITS)
    batch, grad = path_batch(x), torch.randn(BATCH * steps, UNITS)
    schedule = Schedule(batch.edge_index, batch.num_nodes)

    def copied() -> object:
        return backward(module, module(x)[0].reshape(-1, UNITS), grad)

    return {
        "torch.nn": lambda: backward(module, module(x)[0], grad.view(BATCH, steps, UNITS)),
        "torch.nn, in the order of the nodes": copied,
        "ready schedule": lambda: backward(layer, layer(batch.x, schedule)[0], grad),
        "edges": lambda: backward(layer, layer(batch.x, batch.edge_index)[0], grad),
    }


def measured(ways: Ways, calls: int, rounds: int) -> dict[str, float]:
    """Milliseconds of each way."""
    for call in ways.values():
        call()
    taken = [[seconds(call, calls, 1) for call in ways.values()] for _ in range(rounds)]
    return {name: 1e3 * statistics.median(times) for name, times in zip(ways, zip(*taken, strict=True), strict=True)}


def table(record: dict[str, Any], of: str) -> str:
    """Markdown of one of the two tables, a work a row."""
    rows = record[of]
    ways = list(next(iter(rows.values())))
    lines = [f"| ms | {' | '.join(ways)} |", "|---" * (len(ways) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(f'{row[way]:.2f}' for way in ways)} |" for name, row in rows.items()]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints both tables and writes the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["lstm", "tree-lstm-balanced", "gcn", "gcrn", "bag"])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    before = load()
    steps = {}
    for name in options.models:
        found = measured(step_ways(name), 1, options.rounds)
        steps[name] = {way: took / STEPS for way, took in found.items()}
    short = {name: measured(path_ways(name), 3, options.rounds) for name in ("rnn", "gru", "lstm")}
    record = {**facts(), "load": [before, load()], "rounds": options.rounds, "steps": steps, "paths of 10": short}
    for of in ("steps", "paths of 10"):
        print(table(record, of))
    if options.out is not None:
        options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
