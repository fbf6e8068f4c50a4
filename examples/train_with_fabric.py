"""Training with Fabric: several processes or devices, other precisions, and resuming after an interruption.

    python examples/train_with_fabric.py --devices 2
    python examples/train_with_fabric.py --accumulate 2
    python examples/train_with_fabric.py --precision bf16-mixed
    python examples/train_with_fabric.py --accelerator cuda --devices 4

An LSTM learns palindromes. The first two commands take the same steps: two processes with one batch each, or one with
two. Writes checkpoint.pt, checkpoint.best.pt, history.csv and TensorBoard's files into the output folder; a second run
with the same folder resumes.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import nn

from gnnseq.data import PalindromeDataset
from gnnseq.experiments.command_line import check_at_least_one, check_positive, exit_status, make_folder
from gnnseq.graphs import to_paths
from gnnseq.layers import LSTM, chrono_
from gnnseq.models import EdgeEncoder, SequenceClassifier, SymbolEmbedding
from gnnseq.training import Checkpoint, SharedStep, TensorBoard, evaluate, fit


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=1, help="number of processes, one device each (default: 1)")
    parser.add_argument("--accelerator", default="cpu", help="cpu, cuda or mps (default: cpu)")
    parser.add_argument(
        "--precision", default="32-true", help="32-true, 64-true, bf16-mixed or bf16-true (default: 32-true)"
    )
    parser.add_argument("--accumulate", type=int, default=1, help="batches of a step in each process (default: 1)")
    parser.add_argument("--steps", type=int, default=200, help="training steps (default: 200)")
    parser.add_argument("--batch-size", type=int, default=32, help="palindromes of a batch (default: 32)")
    parser.add_argument("--length", type=int, default=10, help="digits of a palindrome (default: 10)")
    parser.add_argument("--every", type=int, default=50, help="steps between checkpoints (default: 50)")
    parser.add_argument("--max-norm", type=float, default=1.0, help="gradients are clipped at this norm (default: 1)")
    parser.add_argument("--tensorboard", action="store_true", help="also write TensorBoard's files")
    parser.add_argument("--output", type=Path, default=Path("runs/fabric"), help="folder (default: runs/fabric)")
    return parser.parse_args(arguments)


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for invalid options."""
    check_at_least_one(options, ["devices", "accumulate", "steps", "batch_size", "every"])
    check_positive(options, ["max_norm"])
    PalindromeDataset(options.length)


def batches(options: argparse.Namespace, split: str, count: int, first: int = 0):
    """Batches from the first one on, up to number count; each depends on its number alone."""
    data, size = PalindromeDataset(options.length, split=split), options.batch_size
    for number in range(first, count):
        yield to_paths(data[number * size : (number + 1) * size])


def train(options: argparse.Namespace, fabric: Fabric) -> int:
    """Trains and measures; 1 where it diverged."""
    torch.manual_seed(0)
    model = SequenceClassifier(SymbolEmbedding(10, 16), EdgeEncoder(LSTM(16, 32)), None, nn.Linear(32, 10))
    chrono_(model, options.length)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps, eta_min=1e-4)
    writers = [TensorBoard(options.output)] if options.tensorboard and fabric.is_global_zero else []
    history = fit(
        model,
        partial(batches, options, "train", options.steps * options.accumulate * options.devices),
        optimizer,
        step=SharedStep(max_norm=options.max_norm, accumulate=options.accumulate, fabric=fabric),
        scheduler=scheduler,
        callbacks=writers,
        checkpoint=Checkpoint(options.output / "checkpoint.pt", every=options.every, settings={"data": options.length}),
    )
    for writer in writers:
        writer.close()
    if fabric.is_global_zero:
        history.to_csv(options.output / "history.csv")
    if history.diverged:
        print(f"train_with_fabric: diverged: {history.stopped}", file=sys.stderr)
    elif fabric.is_global_zero:
        result = evaluate(model.float(), batches(options, "test", 20))
        print(f"{history.steps} steps on {options.devices} process(es), {options.precision}, {history.seconds:.1f} s: "
              f"last loss {history.loss[-1]:.4f}; on fresh palindromes loss {result.loss:.4f}, "
              f"accuracy {result.accuracy:.3f}")  # fmt: skip
    return 1 if history.diverged else 0


def launch(options: argparse.Namespace) -> int:
    """Starts the processes and trains in each."""
    check(options)
    fabric = Fabric(
        accelerator=options.accelerator,
        strategy="ddp" if options.devices > 1 else "auto",
        devices=options.devices,
        precision=options.precision,
    )
    make_folder(options.output)
    fabric.launch()
    return train(options, fabric)


def main(arguments: list[str] | None = None) -> int:
    """Starts the processes and trains in each; exit status 2 for invalid options."""
    options = parse(arguments)
    return exit_status("train_with_fabric", options.output, lambda: launch(options))


if __name__ == "__main__":
    sys.exit(main())
