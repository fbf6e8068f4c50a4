"""A small sweep on a cluster: Dask schedules the trials, only this process writes the store.

    python examples/cluster_sweep.py
    python examples/cluster_sweep.py --scheduler tcp://10.0.0.5:8786
    python examples/cluster_sweep.py --workers 4 --lengths 5 10 20 --seeds 5 --output runs/wide

Without an address it starts a scheduler and two worker processes on this machine, which listen to this machine only.
Workers of your own need one thread each (dask worker ADDRESS --nthreads 1): threads would share random numbers. Three
recurrent layers learn palindromes at some learning rates; prints the accuracy on test data. A second run with the same
folder does only what is missing, on a cluster or not.
"""

import argparse
import hashlib
import ipaddress
import json
import statistics
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import joblib
import torch
from distributed import Client, LocalCluster
from torch import nn

from gnnseq.data import PalindromeDataset
from gnnseq.experiments import Store, run_trials
from gnnseq.experiments.command_line import (
    check_at_least_one,
    check_positive,
    exit_status,
    make_folder,
    report_failures,
)
from gnnseq.graphs import to_paths
from gnnseq.layers import GRU, LSTM, RNN
from gnnseq.models import EdgeEncoder, SequenceClassifier, SymbolEmbedding
from gnnseq.training import evaluate, fit

LAYERS = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
BATCH, WIDTH = 32, 32
CHANCE = 0.1  # ten digits


@dataclass(frozen=True)
class Trial:
    """All that decides a run: any class with a ``key`` will do."""

    layer: str
    length: int
    rate: float
    steps: int
    seed: int

    @property
    def key(self) -> str:
        """A hash of the values."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """What the progress bar shows."""
        return f"{self.layer}, palindromes {self.length}, lr {self.rate:g}, seed {self.seed}"


def run(trial: Trial) -> dict:
    """Trains and judges one model; it runs in a worker, which needs gnnseq but none of this machine's files."""
    torch.manual_seed(trial.seed)
    encoder = EdgeEncoder(LAYERS[trial.layer](16, WIDTH))
    model = SequenceClassifier(SymbolEmbedding(10, 16), encoder, None, nn.Linear(WIDTH, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=trial.rate)
    history = fit(model, partial(batches, trial, "train", trial.steps), optimizer)
    result = evaluate(model, batches(trial, "test", 10))
    return {
        "key": trial.key,
        "label": trial.label,
        "trial": asdict(trial),
        "status": "diverged" if history.diverged else "done",
        "stopped": history.stopped,
        "score": result.accuracy,
        "loss": result.loss,
        "task": {"title": f"palindromes of length {trial.length}", "metric": "accuracy", "higher_is_better": True},
    }


def batches(trial: Trial, split: str, count: int, first: int = 0) -> Iterator:
    """Batches from the first one on, up to number count; each depends on its number alone."""
    data = PalindromeDataset(trial.length, seed=trial.seed, split=split)
    for number in range(first, count):
        yield to_paths(data[number * BATCH : (number + 1) * BATCH])


@contextmanager
def connect(options: argparse.Namespace) -> Iterator[Client]:
    """A client of the scheduler at the address, or of one that is started here with its workers."""
    if options.scheduler is None:
        if not ipaddress.IPv4Address(options.host).is_loopback:
            warnings.warn(
                f"--host is {options.host}: whoever reaches it can run programs in the workers and see the dashboard, "
                "since Dask asks for no password",
                stacklevel=1,
            )
        how = {"host": options.host, "dashboard_address": f"{options.host}:0", "threads_per_worker": 1}
        try:
            cluster = LocalCluster(options.workers, **how)
        except RuntimeError as error:
            raise ValueError(f"--host is {options.host}, but no scheduler can be started there: {error}") from error
        with cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(options.scheduler, timeout=options.timeout)
    except (OSError, ValueError) as error:
        raise ValueError(f"--scheduler is {options.scheduler}, but no scheduler answers there: {error}") from error
    with client:
        if not client.ncores():
            raise ValueError(f"the scheduler at {options.scheduler} has no workers; start some with: dask worker")
        yield client


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scheduler", help="address of a running scheduler (default: one is started here)")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds to wait for it (default: 10)")
    parser.add_argument("--host", default="127.0.0.1",
                        help="address here to listen at, without any password (default: 127.0.0.1)")  # fmt: skip
    parser.add_argument("--workers", type=int, default=2, help="worker processes to start here (default: 2)")
    parser.add_argument(
        "--lengths", type=int, nargs="+", default=[5, 10], help="digits of the palindromes (default: 5 10)"
    )
    parser.add_argument(
        "--rates", type=float, nargs="+", default=[3e-3, 1e-2], help="learning rates (default: 3e-3 1e-2)"
    )
    parser.add_argument("--seeds", type=int, default=2, help="runs of each, seeds 0, 1, ... (default: 2)")
    parser.add_argument("--steps", type=int, default=200, help="training steps (default: 200)")
    parser.add_argument("--retry-failed", action="store_true", help="run once more what failed before")
    parser.add_argument("--output", type=Path, default=Path("runs/cluster"), help="folder (default: runs/cluster)")
    return parser.parse_args(arguments)


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for what no sweep could use."""
    check_at_least_one(options, ["workers", "seeds", "steps"])
    try:
        ipaddress.IPv4Address(options.host)
    except ValueError:
        raise ValueError(
            f"--host is {options.host}, expected an IPv4 address of this machine such as 127.0.0.1"
        ) from None
    check_positive(options, ["rates", "timeout"])
    for length in options.lengths:
        PalindromeDataset(length)


def tabulate(records: list[dict]) -> str:
    """Mean accuracy over seeds of each layer, length and rate; a run that diverged counts as a guess."""
    scores = defaultdict(list)
    for record in records:
        if record["status"] != "failed":
            trial, score = record["trial"], record["score"] if record["status"] == "done" else CHANCE
            scores[trial["layer"], trial["length"], trial["rate"]].append(score)
    lines = ["| layer | length | learning rate | seeds | fresh accuracy |", "|---|---:|---:|---:|---:|"]
    for (layer, length, rate), found in sorted(scores.items()):
        lines.append(f"| {layer} | {length} | {rate:g} | {len(found)} | {statistics.fmean(found):.3f} |")
    return "\n".join(lines)


def sweep(options: argparse.Namespace) -> int:
    """Runs what is missing and prints the table; 1 where a trial failed or diverged."""
    check(options)
    trials = [
        Trial(layer, length, rate, options.steps, seed)
        for seed in range(options.seeds)
        for length in options.lengths
        for rate in options.rates
        for layer in LAYERS
    ]
    make_folder(options.output)
    store = Store(options.output / "records.jsonl")
    with connect(options) as client, joblib.parallel_config("dask", client=client):
        jobs = max(2, sum(client.ncores().values()))
        records = run_trials(trials, store, jobs=jobs, retry_failed=options.retry_failed, run=run)
    print(tabulate(records))
    status = report_failures(records)
    print(f"Results: {store.path}")
    return status


def main(arguments: list[str] | None = None) -> int:
    """Runs what is missing and prints the table; 2 for what no sweep could use."""
    options = parse(arguments)
    return exit_status("cluster_sweep", options.output, lambda: sweep(options))


if __name__ == "__main__":
    sys.exit(main())
