"""A sweep by the number of processes, and of torch's threads in each: seconds for the same trials.

    python benchmarks/sweep.py
    python benchmarks/sweep.py --trials 16 --repeats 5 --width 256

The settings take turns, and the fastest of the repeats counts, so that a busy machine disturbs all alike. Processes are
started, and have imported everything, before the clock runs.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from gnnseq.data import PalindromeDataset
from gnnseq.experiments import Store, run_trials
from gnnseq.graphs import to_paths
from gnnseq.layers import GCN, LSTM
from gnnseq.models import EdgeEncoder, SequenceClassifier, SymbolEmbedding
from gnnseq.training import fit

LAYERS = {"lstm": LSTM, "gcn": lambda features, width: GCN(features, width, num_layers=4)}


@dataclass(frozen=True)
class Trial:
    """One training."""

    layer: str
    width: int
    steps: int
    number: int

    @property
    def key(self) -> str:
        """Its values."""
        return f"{self.layer} {self.width} {self.steps} {self.number}"


def run(trial: Trial) -> dict:
    """Trains on palindromes of length 20 in batches of 64."""
    torch.manual_seed(trial.number)
    encoder = EdgeEncoder(LAYERS[trial.layer](16, trial.width))
    model = SequenceClassifier(SymbolEmbedding(10, 16), encoder, None, nn.Linear(trial.width, 10))
    data = PalindromeDataset(20, seed=trial.number)
    batches = (to_paths(data[step * 64 : (step + 1) * 64]) for step in range(trial.steps))
    history = fit(model, batches, torch.optim.Adam(model.parameters()))
    return {"key": trial.key, "status": "done", "score": history.accuracy[-1], "loss": history.loss}


def measure(trials: list[Trial], jobs: int, threads: int) -> tuple[float, list]:
    """Seconds of a sweep, and its losses."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "records.jsonl")
        start = time.perf_counter()
        records = run_trials(trials, store, jobs=jobs, threads=threads, progress=False, run=run)
        return time.perf_counter() - start, [record["loss"] for record in records]


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    settings = [(1, 1), (1, cores), (cores, 1), (cores, cores)]
    print(f"{cores} cores, load {os.getloadavg()[0]:.1f}; {options.trials} trials of {options.steps} steps, "
          f"width {options.width}")  # fmt: skip
    print("| layer | processes | threads in each | seconds, fastest | median |\n|---|---:|---:|---:|---:|")
    for layer in LAYERS:
        trials = [Trial(layer, options.width, options.steps, number) for number in range(options.trials)]
        warm = [Trial(layer, options.width, 1, 1_000 + number) for number in range(2 * cores)]
        seconds, losses = defaultdict(list), {}
        for _ in range(options.repeats):
            for jobs, threads in settings:
                measure(warm, jobs, threads)
                took, losses[jobs, threads] = measure(trials, jobs, threads)
                seconds[jobs, threads].append(took)
        for (jobs, threads), found in seconds.items():
            print(f"| {layer} | {jobs} | {threads} | {min(found):.2f} | {statistics.median(found):.2f} |")
        print(f"| | | | one process or {cores}, the same losses: {losses[1, 1] == losses[cores, 1]} | |")


if __name__ == "__main__":
    main()
