"""Vanishing and exploding gradients in recurrent networks, and the effect of clipping.

    python examples/vanishing_gradients.py
    python examples/vanishing_gradients.py --steps 100 --radii 0.9 1 1.1 --max-norm 0.5

The task is to repeat the first of some random symbols. Measured before training: the norm of the loss's gradient at
every time step, for vanilla RNNs whose recurrent matrix has three spectral radii, and for an LSTM with default and with
chrono initialisation, before and after clipping. Then the RNNs are trained with and without clipping. Writes
gradients.json, gradients.md, gradients.png, training.jsonl and clipping.png into the output folder; a second run with
the same folder does only the training that is missing.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from tqdm import tqdm

from gnnseq.experiments import FirstSymbolTask, Store, Trial, run_trial, run_trials
from gnnseq.experiments.command_line import check_positive, exit_status, make_folder, make_parser
from gnnseq.experiments.family import check_apart
from gnnseq.files import write_text
from gnnseq.plots.studies.gradients import plot_clipping, plot_gradient_flow
from gnnseq.runs import Record
from gnnseq.studies.gradients import SETTINGS, flow_markdown, measure_flow, recurrence


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = make_parser("vanishing_gradients", __doc__)
    parser.add_argument("--steps", type=int, default=50, help="symbols of a sequence (default: 50)")
    parser.add_argument(
        "--radii", type=float, nargs="+", default=[0.8, 1.0, 1.5], help="spectral radii (default: 0.8 1 1.5)"
    )
    parser.add_argument("--width", type=int, default=32, help="features of a state (default: 32)")
    parser.add_argument(
        "--input-scale", type=float, default=0.1, help="size of an input; small: tanh is straight (default: 0.1)"
    )
    parser.add_argument("--max-norm", type=float, default=1.0, help="gradients are clipped to this norm (default: 1)")
    parser.add_argument("--seeds", type=int, default=3, help="initialisations, and runs of each training (default: 3)")
    parser.add_argument(
        "--train-steps", type=int, default=200, help="steps of each training, 0 for none (default: 200)"
    )
    parser.add_argument("--learning-rate", type=float, default=0.1, help="of plain gradient descent (default: 0.1)")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time (default: 1)")
    parser.add_argument("--output", type=Path, default=Path("runs/gradients"), help="folder (default: runs/gradients)")
    return parser.parse_args(arguments)


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for what no run could use."""
    for name, least in (("steps", 2), ("width", 1), ("seeds", 1), ("train_steps", 0), ("jobs", 1)):
        if getattr(options, name) < least:
            raise ValueError(f"--{name.replace('_', '-')} is {getattr(options, name)}, expected at least {least}")
    check_positive(options, ["input_scale", "max_norm", "learning_rate", "radii"])
    check_apart("--radii", options.radii)


def trainings(options: argparse.Namespace) -> list[Record]:
    """Trains with and without clipping; what the store has is not run again."""
    settings = replace(SETTINGS, width=options.width, steps=options.train_steps)
    trials = [
        Trial(
            FirstSymbolTask(options.steps),
            recurrence(radius, input_scale=options.input_scale),
            seed,
            options.learning_rate,
            replace(settings, max_norm=limit),
        )
        for seed in range(options.seeds)
        for radius in options.radii
        for limit in (None, options.max_norm)
    ]
    return run_trials(trials, Store(options.output / "training.jsonl"), run=run_trial, jobs=options.jobs)


def measure(options: argparse.Namespace) -> None:
    """Measures the gradients before training, prints the table and writes it with the figure."""
    task, settings = FirstSymbolTask(options.steps), replace(SETTINGS, width=options.width)
    families = [recurrence(radius, input_scale=options.input_scale) for radius in options.radii]
    families += [recurrence(chrono=chrono, input_scale=options.input_scale) for chrono in (False, True)]
    records = [
        measure_flow(family, task, settings, options.max_norm, options.seeds)
        for family in tqdm(families, unit="model", disable=None)
    ]
    print(flow_markdown(records))
    write_text(options.output / "gradients.md", flow_markdown(records))
    text = json.dumps([asdict(record) for record in records], indent=1)
    write_text(options.output / "gradients.json", text)
    plot_gradient_flow(records, options.output / "gradients.png")


def run(options: argparse.Namespace) -> int:
    """Measures, trains, prints and writes; 1 where a training failed or diverged."""
    check(options)
    make_folder(options.output)
    measure(options)
    written, bad = "gradients.json, gradients.md, gradients.png", []
    if options.train_steps:
        records = trainings(options)
        plot_clipping(records, options.output / "clipping.png")
        bad = [record for record in records if record["status"] != "done"]
        for record in bad:
            limit = record["trial"]["max_norm"]
            print(f"{record['label']}, clipped to {limit}: {record['status']}, {record['stopped']}", file=sys.stderr)
        written += ", training.jsonl, clipping.png"
    print(f"Results: {options.output}/{written}")
    return 1 if bad else 0


def main(arguments: list[str] | None = None) -> int:
    """Measures, trains, prints and writes; 2 for arguments that do not fit."""
    options = parse(arguments)
    return exit_status("vanishing_gradients", options.output, lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
