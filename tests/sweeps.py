"""Trials that end in every way, for tests of the runner; workers of other processes import this module."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True)
class Task:
    """A trial that costs nothing.

    Attributes:
        number: which one.
        act: "pass", "nap", "raise", "kill" its process, "kill once", "wait" for ever, "interrupt" its process and the
            one that started it, or "object" for a record that is not JSON.
        folder: where it leaves marks.
    """

    number: int
    act: str = "pass"
    folder: str = ""

    @property
    def key(self):
        return f"key-{self.number}"

    @property
    def label(self):
        return f"trial {self.number}"


def run(trial):
    """A record of some arithmetic, after what the trial is to do."""
    if trial.folder:
        with (Path(trial.folder) / "ran").open("a") as file:
            file.write(f"{trial.number}\n")
    if trial.act == "raise":
        raise RuntimeError("no luck")
    if trial.act == "nap":  # as a trial that takes its time
        time.sleep(0.1)
    if trial.act == "wait":  # for its end
        part = Path(trial.folder) / f"part-{trial.number}"
        part.write_text(str(os.getpid()))
        part.rename(part.with_name(f"worker-{trial.number}"))
        signal.pause()
    if trial.act == "interrupt":  # as the terminal does
        for process in (os.getppid(), os.getpid()):
            os.kill(process, signal.SIGINT)
    if trial.act == "kill" or (trial.act == "kill once" and first_time(Path(trial.folder) / "victim")):
        os.kill(os.getpid(), signal.SIGKILL)
    value = torch.randn(200, generator=torch.Generator().manual_seed(trial.number)).square().sum().item()
    score = object() if trial.act == "object" else value
    return {"key": trial.key, "label": trial.label, "status": "done", "score": score, "task": {"metric": "sum"}}


def first_time(path):
    """Whether the file was not there; now it is."""
    try:
        path.open("x").close()
    except FileExistsError:
        return False
    return True


def ran(folder):
    """The numbers of the trials that were begun, in order."""
    return [int(line) for line in (Path(folder) / "ran").read_text().split()]


def keys(store):
    """The keys of all lines of a store, with repetitions."""
    import json

    return sorted(json.loads(line)["key"] for line in store.path.read_text().splitlines())
