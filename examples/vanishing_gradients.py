"""Why recurrent networks forget: gradients that vanish or explode on their way back, and what clipping does.

    python examples/vanishing_gradients.py
    python examples/vanishing_gradients.py --steps 100 --radii 0.9 1 1.1 --max-norm 0.5

Every model reads random symbols and must repeat the first. First, before training: the norm of the loss's gradient at
every time step, for vanilla RNNs whose recurrent matrix has three spectral radii, and for an LSTM with default and with
chrono initialisation, as it is and after clipping. Then the RNNs are trained with and without clipping. Writes
gradients.json, gradients.md, gradients.png, training.jsonl and clipping.png into the output folder; run again with the
same folder, it does only the training that is missing.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from gnnseq.experiments import Store
from gnnseq.experiments.command_line import check_positive, exit_status, make_folder
from gnnseq.files import write_text
from gnnseq.plots.studies.gradients import plot_clipping, plot_gradient_flow
from gnnseq.studies.gradients import Setting, Task, TrainingRecord, flow_markdown, measure_flow, train


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=50, help="symbols of a sequence (50)")
    parser.add_argument("--radii", type=float, nargs="+", default=[0.8, 1.0, 1.5], help="spectral radii (0.8 1 1.5)")
    parser.add_argument("--width", type=int, default=32, help="features of a state (32)")
    parser.add_argument(
        "--input-scale", type=float, default=0.1, help="size of an input; small: tanh is straight (0.1)"
    )
    parser.add_argument("--max-norm", type=float, default=1.0, help="gradients are clipped to this norm (1)")
    parser.add_argument("--seeds", type=int, default=3, help="initialisations, and runs of each training (3)")
    parser.add_argument("--train-steps", type=int, default=200, help="steps of each training, 0 for none (200)")
    parser.add_argument("--learning-rate", type=float, default=0.1, help="of plain gradient descent (0.1)")
    parser.add_argument("--output", type=Path, default=Path("runs/gradients"), help="folder (runs/gradients)")
    return parser.parse_args(arguments)


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for what no run could use."""
    for name, least in (("steps", 2), ("width", 1), ("seeds", 1), ("train_steps", 0)):
        if getattr(options, name) < least:
            raise ValueError(f"--{name.replace('_', '-')} is {getattr(options, name)}, expected at least {least}")
    check_positive(options, ["input_scale", "max_norm", "learning_rate", "radii"])


def trainings(options: argparse.Namespace, task: Task, store: Store) -> list[TrainingRecord]:
    """Runs the trainings that the store lacks; each is stored as soon as it is done."""
    known, records = store.read(), []
    runs = [
        (radius, limit, seed)
        for seed in range(options.seeds)
        for radius in options.radii
        for limit in (None, options.max_norm)
    ]
    for radius, limit, seed in tqdm(runs, unit="training", disable=None):
        settings = [asdict(task), radius, limit, seed, options.train_steps, options.learning_rate]
        key = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]
        if key not in known:
            record = train(Setting(radius), task, limit, seed, options.train_steps, options.learning_rate)
            store.append({"key": key, "settings": settings, "training": asdict(record)})
            records.append(record)
        else:
            records.append(TrainingRecord(**known[key]["training"]))
    return records


def measure(options: argparse.Namespace, task: Task) -> None:
    """Measures the gradients before training, prints the table and writes it with the figure."""
    settings = [*(Setting(radius) for radius in options.radii), Setting(), Setting(chrono=True)]
    records = [
        measure_flow(setting, task, options.max_norm, options.seeds)
        for setting in tqdm(settings, unit="model", disable=None)
    ]
    print(flow_markdown(records))
    write_text(options.output / "gradients.md", flow_markdown(records))
    text = json.dumps([asdict(record) for record in records], indent=1)
    write_text(options.output / "gradients.json", text)
    plot_gradient_flow(records, options.output / "gradients.png")


def run(options: argparse.Namespace) -> None:
    """Measures, trains, prints and writes."""
    check(options)
    make_folder(options.output)
    store = Store(options.output / "training.jsonl")
    task = Task(options.steps, options.width, input_scale=options.input_scale)
    measure(options, task)
    written = "gradients.json, gradients.md, gradients.png"
    if options.train_steps:
        runs = trainings(options, task, store)
        plot_clipping(runs, options.output / "clipping.png")
        for one in runs:
            if one.stopped:
                print(f"{one.title}, clipped to {one.max_norm}, seed {one.seed}: {one.stopped}")
        written += ", training.jsonl, clipping.png"
    print(f"Results: {options.output}/{written}")


def main(arguments: list[str] | None = None) -> int:
    """Measures, trains, prints and writes; 2 for arguments that do not fit."""
    options = parse(arguments)
    return exit_status("vanishing_gradients", options.output, lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
