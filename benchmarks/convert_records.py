"""Records of the palindrome comparison of version 0.1 as records of today, so that nothing is run twice.

    python benchmarks/convert_records.py runs/old/records.jsonl runs/new/records.jsonl --revision 1a2b3c4

Every number of an old record is kept. What it did not hold (state size, memory, the influence of the answer before
training, steps to the threshold) is measured now, at the same initial weights and samples, or read off its curve; the
new record says so under "converted", with the revision of the code that trained the model. Records that the new file
has already are left alone.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from gnnseq.experiments import (
    DEFAULT,
    OPTIMIZERS,
    PalindromeTask,
    Settings,
    Store,
    Trial,
    find_family,
    find_named,
)
from gnnseq.experiments.run import before_training, build
from gnnseq.experiments.settings import first_reached

Record = dict[str, Any]
KEPT = ("status", "stopped", "width", "embedding", "weights", "budget_note", "loss", "test_samples", "steps", "best_50",
        "ms_per_step", "seconds", "versions", "threads", "finished")  # fmt: skip
NOW = ["state_size", "influence", "peak_memory_mb"]


def trial_of(old: Record) -> Trial:
    """The trial that an old record is of."""
    values = old["trial"]
    family = find_family(values["family"])
    if values["scalar"] and family.name in ("tree-lstm-balanced", "gcrn"):
        raise ValueError(f"record {old['key']} is of {family.name} on digits as numbers, expected one on symbols")
    shared = ("budget", "width", "steps", "batch_size", "max_norm", "stop_at", "test_samples")
    return Trial(
        PalindromeTask(values["length"], values["base"], numbers=values["scalar"]),
        family if values["tuned"] else replace(family, initialise=DEFAULT),
        values["seed"],
        values["learning_rate"],
        Settings(
            optimizer=find_named(values["optimizer"], OPTIMIZERS, "optimizer"),
            **{name: values[name] for name in shared},
        ),
    )


def convert(old: Record, revision: str) -> Record:
    """One record; see the module."""
    trial = trial_of(old)
    converted = {"from": old["key"], "revision": revision, "measured_now": NOW}
    if old["status"] == "failed":
        return (
            trial.description
            | {name: old[name] for name in ("status", "stopped", "traceback")}
            | {"converted": converted | {"measured_now": []}}
        )
    curve = old.get("curve", {})
    reached = first_reached(curve.get("accuracy", []), trial.task.solved, True)
    return {
        **trial.description,
        **{name: old[name] for name in KEPT},
        "score": old["accuracy"],
        "validation_score": None,
        "train_score": old["train_accuracy"],
        "steps_to_threshold": reached,
        "samples_to_threshold": None if reached is None else reached * trial.settings.batch_size,
        **measured(trial, old),
        **({"curve": curve} if curve else {}),
        "git": {"revision": revision, "changed": False},
        "converted": converted,
    }


def measured(trial: Trial, old: Record) -> Record:
    """What is measured before training, at the weights from which the old run started."""
    model, size = build(trial)
    if size.weights != old["weights"]:
        raise ValueError(f"record {old['key']} has {old['weights']} weights, but the model of today {size.weights}")
    influence, memory = before_training(trial, model)
    return {
        "state_size": trial.family.state_size(trial.task, size.width),
        "influence": influence,
        "peak_memory_mb": memory(stepped(trial, model)),
    }


def stepped(trial: Trial, model: nn.Module) -> Any:
    """An optimiser after a step, so that it has its state."""
    optimizer = trial.settings.optimizer(model.parameters(), trial.rate)
    for weight in model.parameters():
        weight.grad = weight.detach() * 0
    optimizer.step()
    return optimizer


def main(arguments: list[str] | None = None) -> int:
    """Converts a file; 2 for arguments that do not fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, help="file of old records")
    parser.add_argument("new", type=Path, help="file that new records are added to")
    parser.add_argument("--revision", required=True, help="commit of the code that made the old records")
    options = parser.parse_args(arguments)
    try:
        if not options.old.is_file():
            raise ValueError(f"old is {options.old}, expected a file of records")
        store = Store(options.new)
        known, found = store.read(), Store(options.old).read().values()
        new = [old for old in found if trial_of(old).key not in known]
        for old in new:
            store.append(convert(old, options.revision))
    except ValueError as error:
        print(f"convert_records: {error}", file=sys.stderr)
        return 2
    print(f"{len(new)} records converted, {len(found) - len(new)} were there: {options.new}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
