"""Examples that are killed and run again, and examples that share a folder."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from attack.outcome import Outcome

ROOT = Path(__file__).parents[2]
TREES = "(3 (2 very) (4 good))\n(1 (2 not) (0 bad))\n(4 (3 fine) (2 films))\n"
BOOK = "*** START OF X ***\n" + "Once upon a time there was a cat. " * 100 + "\n*** END OF X ***\n"
COMPARE = [
    "--lengths",
    "4",
    "--models",
    "lstm",
    "gcn",
    "--seeds",
    "2",
    "--steps",
    "3",
    "--budget",
    "600",
    "--jobs",
    "1",
]
EXAMPLES: dict[str, list[str]] = {
    "compare_rnn_vs_gnn": COMPARE,
    "compare_optimizers": ["--steps", "6", "--seeds", "2", "--tuning-seeds", "1", "--rates", "0.01", "0.1", "--width",
                           "4", "--path-steps", "3", "--length", "4", "--jobs", "1", "--optimizers", "sgd", "adam"],
    "gcrn_signals": ["--steps", "2", "--seeds", "1", "--hidden", "2", "--window", "4", "--nodes", "8"],
    "generate_fairy_tales": ["--path", "{data}/book.txt", "--steps", "6", "--width", "8", "--window", "8",
                             "--batch-size", "2", "--every", "2", "--prompt", "Once"],
    "hop_receptive_field": ["--show", "reach", "--steps", "11", "--seeds", "1", "--width", "8", "--jobs", "1",
                            "--train-steps", "2", "--distances", "2", "3", "--models", "lstm", "gcn"],
    "train_with_fabric": ["--steps", "4", "--batch-size", "4", "--length", "4", "--every", "2"],
    "tree_lstm_listops": ["--rounds", "2", "--round-steps", "2", "--batch-size", "4", "--test-samples", "30",
                          "--budget", "5000", "--depth", "5", "--arguments", "3", "--longest", "20", "--seeds", "1"],
    "tree_lstm_sentiment": ["--path", "{data}", "--seeds", "1", "--epochs", "2", "--budget", "20000", "--features",
                            "6", "--batch-size", "4", "--phrases", "1"],
    "vanishing_gradients": ["--steps", "6", "--radii", "1", "--width", "4", "--seeds", "1", "--train-steps", "2"],
}  # fmt: skip
TIMES = {
    "seconds",
    "seconds_per_epoch",
    "ms_per_step",
    "started",
    "ended",
    "elapsed",
    "finished",
    "host",
    "provenance",
    "peak_memory_mb",
    "options",
    "checksum",
}


def start(name: str, folder: Path, *more: str) -> subprocess.Popen[str]:
    """An example in a process group of its own."""
    data = folder.parent / "data"
    data.mkdir(parents=True, exist_ok=True)
    for file, text in (("book.txt", BOOK), ("train.txt", TREES * 3), ("dev.txt", TREES)):
        if not (data / file).exists():
            (data / file).write_text(text)
    arguments = [argument.format(data=data) for argument in EXAMPLES[name]]
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), *arguments, *more, "--output", str(folder)]
    words = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "TQDM_DISABLE": "1"}
    pipes: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=os.environ | words, start_new_session=True, **pipes)


def results(folder: Path) -> dict[str, Any]:
    """What a run leaves, without times: the names of its files, and what its records hold."""
    found: dict[str, Any] = {"files": sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))}
    for file in [*folder.glob("*.jsonl"), *folder.glob("*.json")]:
        texts = file.read_text().splitlines() if file.suffix == ".jsonl" else [file.read_text()]
        found[file.name] = sorted(json.dumps(timeless(json.loads(text)), sort_keys=True) for text in texts)
    return found


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: timeless(part) for name, part in value.items() if name not in TIMES}
    return [timeless(part) for part in value] if isinstance(value, list) else value


def killed_examples(folder: Path, times: int, seed: int) -> Outcome:
    """Every example, killed at random moments, and then run to its end in the same folder."""
    generator, outcome = random.Random(seed), Outcome()
    for name in EXAMPLES:
        begin = time.monotonic()
        whole, killed = folder / name / "whole", folder / name / "killed"
        _, errors = (process := start(name, whole)).communicate()
        lasts = time.monotonic() - begin
        if process.returncode:
            raise RuntimeError(f"{name} ended with {process.returncode}: {errors[-500:]}")
        deaths = 0
        for _ in range(times):
            process = start(name, killed)
            try:
                process.communicate(timeout=generator.uniform(0.3, 1.1) * lasts)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                deaths += 1
        _, errors = (process := start(name, killed)).communicate()
        one, two = results(killed), results(whole)
        other = [file for file in one | two if one.get(file) != two.get(file)]
        good = process.returncode == 0 and not other
        what = f"{name}: exit {process.returncode}, other {other}, {errors[-200:]}"
        outcome.add("harmless" if good else "lost", what, max(deaths, 1))
    return outcome


def shared_folders(folder: Path, times: int, seed: int) -> Outcome:
    """Three sweeps at once in one folder, which must all end well and run each trial once."""
    outcome = Outcome()
    for number in range(times // 3 + 1):
        shared = folder / str(number)
        processes = [start("compare_rnn_vs_gnn", shared, "--html") for _ in range(3)]
        for process in processes:
            _, errors = process.communicate()
            outcome.add("lost" if process.returncode else "harmless", errors[-250:])
        keys = [json.loads(line)["key"] for line in (shared / "records.jsonl").read_text().splitlines()]
        if len(keys) != 4 or len(set(keys)) != 4:
            outcome.add("lost", f"{len(keys)} records, {len(set(keys))} different, expected 4")
    return outcome
