"""Processes that are killed while they write."""

import os
import random
import signal
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from small_models import FAMILIES
from survival import equal, killed_after, sweep, training

from attack.outcome import Outcome
from gnnseq.data import Vocabulary
from gnnseq.experiments import Store
from gnnseq.files import write_text
from gnnseq.plots.style import figure, save
from gnnseq.training import History
from gnnseq.training.checkpoints.file import read_checkpoint, write_checkpoint


def killed_sweeps(folder: Path, times: int, seed: int) -> Outcome:
    """A sweep that is killed again and again, and one that is not."""
    words, deaths, good = sweep(folder, 3 * times, times, seed=seed)
    outcome = Outcome()
    outcome.add("harmless" if good else "lost", words, max(deaths, 1))
    return outcome


def killed_trainings(folder: Path, times: int, seed: int) -> Outcome:
    """Trainings that are killed until they end."""
    outcome, families, number = Outcome(), list(FAMILIES), 0
    while outcome.tried < times:
        family = families[number % len(families)]
        deaths, same = training(folder, family, seed + number)
        outcome.add("harmless" if same else "lost", f"{family}, seed {seed + number}", deaths)
        number += 1
    return outcome


def _checkpoint(path: Path, number: int) -> None:
    write_checkpoint(path, "training", {"step": number, "weights": torch.full((200, 200), float(number))})


def _history(path: Path, number: int) -> None:
    History([float(number)] * 2000, [0.0] * 2000, [1.0] * 2000, [0.1] * 2000).to_json(path)


def _figure(path: Path, number: int) -> None:
    save(figure(1.0 + number, 1.0), path)


def _whole_checkpoint(path: Path) -> bool:
    state = read_checkpoint(path, "training")
    return equal(state["weights"], torch.full((200, 200), float(state["step"])))


def _whole_figure(path: Path) -> bool:
    data = path.read_bytes()
    return data.startswith(b"\x89PNG") and data.endswith(b"IEND\xaeB`\x82")


def _text(path: Path, number: int) -> None:
    write_text(path, f"{number}\n" * 20_000)


def _words(path: Path, number: int) -> None:
    Vocabulary([f"{number}-{place}" for place in range(5000)]).save(path)


WRITERS: dict[str, tuple[Callable[[Path, int], Any], Callable[[Path], bool]]] = {
    "text.md": (_text, lambda path: len(set(path.read_text().split())) == 1),
    "words.json": (_words, lambda path: len(Vocabulary.load(path)) == 5000),
    "history.json": (_history, lambda path: len(set(History.from_json(path).loss)) == 1),
    "training.pt": (_checkpoint, _whole_checkpoint),
    "figure.png": (_figure, _whole_figure),
}


def killed_writers(folder: Path, times: int, seed: int) -> Outcome:
    """Processes that are killed while they replace a file; the old or the new one has to be there as a whole."""
    generator, outcome = random.Random(seed), Outcome()
    for number in range(times):
        name = list(WRITERS)[number % len(WRITERS)]
        write, whole = WRITERS[name]
        path = folder / name
        write(path, 0)

        def replace(write: Callable[[Path, int], Any] = write, path: Path = path) -> None:
            for version in range(10**6):
                write(path, version % 2)

        killed_after(generator.uniform(0.0, 0.1), replace)
        outcome.add("harmless" if whole(path) else "lost", name)
        for part in folder.glob(f".{name}.*"):  # a kill leaves what was not complete, under a name of its own
            part.unlink()
    return outcome


def killed_appends(folder: Path, times: int, seed: int) -> Outcome:
    """Three processes append to one store until each is killed; what they were told is stored has to be there."""
    generator, outcome = random.Random(seed), Outcome()
    for number in range(times // 3 + 1):
        path = folder / f"{number}.jsonl"
        processes = [fork(partial(append, path)) for _ in range(3)]
        for process in processes:
            time.sleep(generator.uniform(0.0, 0.1))
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        told = {key for file in folder.glob(f"{number}.told-*") for key in file.read_text().split("\n")[:-1]}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of lines that were cut off
            Store(path).repair()
        missing = told - set(Store(path).read())
        outcome.add("lost" if missing else "harmless", f"{path.name}: {sorted(missing)[:3]} of {len(told)}", 3)
    return outcome


def append(path: Path) -> None:
    """Adds records, and notes each one that was added."""
    store, name = Store(path), f"{path.stem}.told-{os.getpid()}"
    with path.with_name(name).open("a") as told:
        for step in range(10**6):
            key = f"{os.getpid()}-{step}"
            store.append({"key": key, "long": "x" * 20_000})
            told.write(f"{key}\n")
            told.flush()


def fork(function: Callable[[], None]) -> int:
    """The number of a process that runs it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks
        child = os.fork()
    if child:
        return child
    try:
        function()
    finally:
        os._exit(0)
