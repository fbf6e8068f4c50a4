"""Records of older forms as records of today, so that nothing is run twice.

    python benchmarks/convert_records.py runs/old/records.jsonl runs/new/records.jsonl --revision 1a2b3c4

Those of the palindrome comparison of version 0.1, and those of nested lists before they were trials.

Every number of an old record is kept. What it did not hold (state size, memory, the influence of the answer before
training, steps to the threshold) is measured now, at the same initial weights and samples, or read off its curve; the
new record says so under "converted", with the revision of the code that trained the model. Records that the new file
has already are left alone.
"""

import argparse
import sys
from collections.abc import Container, Iterable, Iterator
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
from gnnseq.experiments.optimizers import falling
from gnnseq.experiments.run import before_training, build
from gnnseq.experiments.settings import first_reached
from gnnseq.studies.listops import LISTOPS_FAMILIES, SETTINGS, TASKS

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


def lists_trial(old: Record) -> Trial:
    """The trial that a record of nested lists is of."""
    values = old["trial"]
    task = TASKS[values["labels"]](values["longest"], depth=values["depth"], arguments=values["arguments"])
    settings = replace(
        SETTINGS,
        budget=values["budget"],
        steps=values["rounds"] * values["round_steps"],
        batch_size=values["batch_size"],
        test_samples=values["test_samples"],
        validate_every=values["round_steps"],
        validation_samples=min(500, values["test_samples"]),
        schedule=falling(values["rounds"]),
    )
    family = find_named(values["family"], LISTOPS_FAMILIES, "family")
    return Trial(task, family, values["seed"], values["learning_rate"], settings)


def convert_lists(old: Record, revision: str) -> Record:
    """A record of nested lists; what it did not hold is missing. Adam's steps were rounded otherwise (not fused)."""
    trial = lists_trial(old)
    every = trial.settings.validate_every or 1
    return {
        **trial.description,
        **{name: old[name] for name in ("width", "weights", "budget_note", "ms_per_step", "seconds")},
        **{name: old[name] for name in ("by_depth", "by_length")},
        "status": old.get("status", "done"),
        "stopped": old.get("stopped"),
        "steps": every * len(old["curve"]),
        "score": old["accuracy"],
        "test_samples": trial.settings.test_samples,
        "looks": [[every * (n + 1), entry["validation"], None] for n, entry in enumerate(old["curve"])],
        "round_loss": [entry["loss"] for entry in old["curve"]],
        "round_seconds": [entry["seconds"] for entry in old["curve"]],
        "git": {"revision": revision, "changed": False},
        "converted": {"from": old["key"], "revision": revision, "measured_now": []},
    }


def convert(old: Record, revision: str) -> Record:
    """One record; see the module."""
    if "rounds" in old["trial"]:
        return convert_lists(old, revision)
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
        "device": "cpu",
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


def convert_all(found: Iterable[Record], revision: str, known: Container[str]) -> Iterator[Record]:
    """The records that are not known yet."""
    for old in found:
        if (lists_trial if "rounds" in old["trial"] else trial_of)(old).key not in known:
            yield convert(old, revision)


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
        count = 0
        for record in convert_all(found, options.revision, known):
            store.append(record)
            count += 1
    except ValueError as error:
        print(f"convert_records: {error}", file=sys.stderr)
        return 2
    print(f"{count} records converted, {len(found) - count} were there: {options.new}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
