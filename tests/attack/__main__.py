"""Attacks on everything that is stored and read; make attack.

    python -m attack
    python -m attack --only "flips: checkpoints" "servers" --scale 0.1
    python -m attack --page-only

Counts go into docs/results/reliability.json, attack by attack, and from there into docs/runs/reliability.md. The exit
status is 1 where something was lost, silent or unnamed.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from stored import fill

from attack import examples, flips, processes, readers, server
from attack.outcome import KINDS, Attack
from gnnseq.files import write_text

ROOT = Path(__file__).parents[2]
STORED = ROOT / "docs" / "results" / "reliability.json"
PAGE = ROOT / "docs" / "runs" / "reliability.md"


class Plan(NamedTuple):
    """An attack, how often it is made, and how often in the tests (0: not there)."""

    attack: Attack
    times: int
    quick: int


ATTACKS = {
    "flips: checkpoints": Plan(flips.flipped_checkpoints, 3000, 150),
    "flips: records": Plan(flips.flipped_records, 3000, 150),
    "flips: vocabularies": Plan(flips.flipped_vocabularies, 3000, 150),
    "flips: histories": Plan(flips.flipped_histories, 3000, 150),
    "flips: downloads": Plan(flips.flipped_downloads, 3000, 100),
    "flips: zip archives": Plan(flips.flipped_archives, 3000, 100),
    "flips: unpacked files": Plan(flips.flipped_members, 3000, 100),
    "mutations: every reader": Plan(readers.all_readers, 63_000, 2100),
    "servers": Plan(server.lies, 10, 1),
    "kills: writers of files": Plan(processes.killed_writers, 300, 10),
    "kills: appending to a store": Plan(processes.killed_appends, 150, 6),
    "kills: sweeps": Plan(processes.killed_sweeps, 60, 0),  # tests/test_survival.py
    "kills: trainings": Plan(processes.killed_trainings, 80, 0),  # tests/test_survival.py
    "kills: every example": Plan(examples.killed_examples, 3, 0),
    "sharing: three sweeps in one folder": Plan(examples.shared_folders, 12, 0),
}


def run(name: str, scale: float, seed: int) -> dict[str, Any]:
    """The counts of an attack."""
    plan = ATTACKS[name]
    begin = time.monotonic()
    memory = Path("/dev/shm")  # disks take most of the time: every file is forced to them
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        found = plan.attack(Path(folder), max(1, round(plan.times * scale)), seed)
    counts = {kind: found.counts[kind] for kind in KINDS}
    versions = {"python": platform.python_version(), "torch": torch.__version__, "cores": os.cpu_count()}
    seconds = round(time.monotonic() - begin, 1)
    return {"tried": found.tried, **counts, "seed": seed, "seconds": seconds, **versions, "bad": found.bad}


def read() -> dict[str, Any]:
    """The counts that are stored, by attack."""
    return json.loads(STORED.read_text()) if STORED.exists() else {}


def table(stored: dict[str, Any]) -> str:
    """The counts as a table, with their sum."""
    columns = ("tried", *KINDS)
    lines = ["| attack | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name in (*ATTACKS, "all"):
        rows = [stored[name]] if name in stored else list(stored.values()) if name == "all" else []
        if rows:
            lines.append(f"| {name} | " + " | ".join(f"{sum(row[kind] for row in rows):,}" for kind in columns) + " |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None, tell: Callable[[str], object] = print) -> int:
    parser = argparse.ArgumentParser(prog="python -m attack", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=ATTACKS, default=list(ATTACKS), metavar="ATTACK", help="all")
    parser.add_argument("--scale", type=float, default=1.0, help="factor of the number of tries (1)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page-only", action="store_true", help="make the page from what is stored")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    stored = read()
    for name in () if options.page_only else options.only:
        found = run(name, options.scale, options.seed)
        stored = read() | {name: found}
        tell(f"{name}: " + ", ".join(f"{kind} {found[kind]:,}" for kind in ("tried", *KINDS)))
        for bad in found["bad"]:
            tell(f"    {bad}")
        write_text(STORED, json.dumps({name: stored[name] for name in ATTACKS if name in stored}, indent=1) + "\n")
    write_text(PAGE, fill(PAGE.read_text(encoding="utf-8"), "table", table(stored)))
    chosen = [stored[name] for name in options.only if name in stored]
    return int(any(found[kind] for found in chosen for kind in ("unnamed", "lost", "silent")))


if __name__ == "__main__":
    sys.exit(main())
