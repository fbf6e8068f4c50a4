"""One flipped bit in each kind of file that is written and read back."""

import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from survival import equal

from attack.outcome import Attack, Outcome, judge
from gnnseq.data import Vocabulary
from gnnseq.data.download import changed_members, extract, hash_file, is_intact
from gnnseq.experiments import Store
from gnnseq.training import History
from gnnseq.training.checkpoints.file import read_checkpoint, write_checkpoint

HISTORY = History([2.5, 1.25, 0.5], [0.1, 1 / 3, 0.5], [10.0, 3.0, 0.1], [0.1, 0.05, 0.0], 1.5, "stopped", True)
WORDS = Vocabulary(["the", "cat", "é", "\n", "日本"], unknown="cat", separator=" ")


def checkpoint() -> dict[str, Any]:
    """The state of a small training."""
    model = torch.nn.LSTM(3, 4)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    model(torch.ones(2, 3))[0].sum().backward()
    optimizer.step()
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "settings": {"rate": 0.01, "name": "lstm"},
        "history": {"loss": [1.0, 0.5]},
        "step": 2,
    }


def records() -> list[dict[str, Any]]:
    return [{"key": f"trial-{n}", "status": "done", "score": n / 7, "loss": [n * 0.1, n / 3]} for n in range(12)]


def write_records(path: Path) -> None:
    store = Store(path)
    for record in records():
        store.append(record)


def read_records(path: Path) -> list[tuple[str, float, list[float]]]:
    return [(record["key"], record["score"], record["loss"]) for record in Store(path)]


def kept(path: Path) -> bytes:
    """A downloaded file, as the cache gives it."""
    data = path.read_bytes()
    if not is_intact(path):
        raise OSError(f"{path} is not used")
    return data


def flips(write: Callable[[Path], Any], read: Callable[[Path], Any], right: Callable[[Any], bool], name: str) -> Attack:
    """An attack that flips bits of a file one at a time."""

    def attack(folder: Path, times: int, seed: int) -> Outcome:
        path, generator, outcome = folder / name, random.Random(seed), Outcome()
        write(path)
        whole = path.read_bytes()
        for _ in range(times):
            bit = generator.randrange(8 * len(whole))
            broken = bytearray(whole)
            broken[bit // 8] ^= 1 << bit % 8
            path.write_bytes(broken)
            judge(outcome, lambda: read(path), right, name, f"bit {bit} of {len(whole)} bytes")
        return outcome

    return attack


def flipped_checkpoints(folder: Path, times: int, seed: int) -> Outcome:
    torch.manual_seed(seed)
    state = checkpoint()

    def right(found: dict[str, Any]) -> bool:
        return all(name in found and equal(found[name], value) for name, value in state.items())

    def write(path: Path) -> None:
        write_checkpoint(path, "training", state)

    return flips(write, lambda path: read_checkpoint(path, "training"), right, "training.pt")(folder, times, seed)


def flipped_records(folder: Path, times: int, seed: int) -> Outcome:
    """A record that is missing without a warning counts as silent: it is run again, but nobody is told."""
    whole = [(record["key"], record["score"], record["loss"]) for record in records()]
    outcome = Outcome()
    path, generator = folder / "records.jsonl", random.Random(seed)
    write_records(path)
    data = path.read_bytes()
    for _ in range(times):
        bit = generator.randrange(8 * len(data))
        broken = bytearray(data)
        broken[bit // 8] ^= 1 << bit % 8
        path.write_bytes(broken)
        before, what = outcome.counts["refused"], f"bit {bit}: {bytes(broken[max(0, bit // 8 - 20) : bit // 8 + 20])!r}"
        found = judge(outcome, lambda: read_records(path), lambda found: found == whole, path.name, what)
        if outcome.counts["refused"] > before and found and not set(map(repr, found)) <= set(map(repr, whole)):
            outcome.counts["refused"] -= 1
            outcome.add("silent", f"other values beside a warning, {what}")
    return outcome


flipped_vocabularies = flips(WORDS.save, Vocabulary.load, lambda found: found == WORDS, "words.json")
flipped_histories = flips(HISTORY.to_json, History.from_json, lambda found: found == HISTORY, "history.json")


def write_download(path: Path) -> None:
    path.write_bytes(b"a book\n" * 500)
    path.with_name(f"{path.name}.sha256").write_text(hash_file(path))


flipped_downloads = flips(write_download, kept, lambda found: found == b"a book\n" * 500, "book.txt")


def write_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("train.txt", "b/dev.txt"):
            archive.writestr(name, f"content of {name}\n" * 20)


def unpacked(path: Path) -> dict[str, str]:
    """What an archive holds."""
    folder = path.with_name("unpacked")
    shutil.rmtree(folder, ignore_errors=True)
    extract(path, folder)
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def flipped_archives(folder: Path, times: int, seed: int) -> Outcome:
    whole = {name: f"content of {name}\n" * 20 for name in ("train.txt", "b/dev.txt")}
    return flips(write_archive, unpacked, lambda found: found == whole, "trees.zip")(folder, times, seed)


def flipped_members(folder: Path, times: int, seed: int) -> Outcome:
    """A file that was unpacked, looked at again as the treebank is at every start."""
    outcome, generator = Outcome(), np.random.default_rng(seed)
    write_archive(folder / "trees.zip")
    unpacked(folder / "trees.zip")
    path = folder / "unpacked" / "train.txt"
    whole = path.read_bytes()
    for bit in generator.integers(0, 8 * len(whole), times).tolist():
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << bit % 8
        path.write_bytes(broken)
        found = changed_members(folder / "trees.zip", folder / "unpacked")
        outcome.add("refused" if found == ["train.txt"] else "silent", f"bit {bit}")
    return outcome
