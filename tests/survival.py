"""Sweeps and trainings that are killed with SIGKILL at random moments, and compared with unbroken ones.

    python tests/survival.py sweep --trials 200 --kills 20
    python tests/survival.py sweep --trials 200 --kills 20 --jobs 2
    python tests/survival.py training --trainings 20

Each run is a process of its own. Prints what happened; the exit status is 1 where something was lost, done twice or
came out differently.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from small_models import FAMILIES, make_batches, make_model

from gnnseq.experiments import Store, run_trials
from gnnseq.training import Checkpoint, evaluate, fit

STEPS = 40


@dataclass(frozen=True)
class Tiny:
    """A trial that trains a small model."""

    number: int

    @property
    def key(self):
        return f"trial-{self.number}"


def run(trial):
    """Its record: the losses of five steps, and what it is worth afterwards."""
    family = list(FAMILIES)[trial.number % len(FAMILIES)]
    model = make_model(family, seed=trial.number)
    history = fit(model, make_batches(family, 5), torch.optim.Adam(model.parameters(), 1e-2))
    score = evaluate(model, make_batches(family, 8, 5)).accuracy
    return {"key": trial.key, "status": "done", "score": score, "loss": history.loss}


def killed_after(seconds, function, ready=lambda: True):
    """Calls a function in a child process, and kills it some seconds after it is ready; whether it was still busy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks
        child = os.fork()
    if child == 0:
        os.setsid()
        try:
            function()
        except BaseException:
            os._exit(1)
        os._exit(0)
    end = None
    while end is None or time.monotonic() < end:
        end = time.monotonic() + seconds if end is None and ready() else end
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if status:
                raise RuntimeError(f"the process ended with status {status}")
            return False
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def sweep(folder, trials, kills, jobs=1, seed=0):
    """Kills a sweep again and again, then lets it end.

    Returns:
        What happened, how often it was killed, and whether nothing was lost, done twice or came out differently.
    """
    tasks, generator = [Tiny(number) for number in range(trials)], random.Random(seed)
    start = time.monotonic()
    whole = run_trials(tasks, Store(folder / "whole.jsonl"), run=run, progress=False)
    lasts = time.monotonic() - start
    store, deaths, progress = Store(folder / "killed.jsonl"), 0, []
    part = partial(run_trials, tasks, store, jobs=jobs, run=run, progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of lines that were cut off
        while deaths < kills:
            before = len(store.attempts())
            # Workers take seconds to start: most of the kills wait for a first record.
            waits = jobs > 1 and deaths % 4
            ready = (lambda before=before: len(store.attempts()) > before) if waits else (lambda: True)
            if not killed_after(generator.uniform(0, 1.8 * lasts / kills / jobs), part, ready):
                break
            deaths += 1
            progress.append(len(store.attempts()))
        records = part()
    lines = [json.loads(line)["key"] for line in store.path.read_text().splitlines()]
    once = sorted(lines) == sorted(task.key for task in tasks)
    same = [(r["score"], r["loss"]) for r in records] == [(r["score"], r["loss"]) for r in whole]
    torn = len(store.rejected.read_bytes().splitlines()) if store.rejected.exists() else 0
    words = (
        f"{trials} trials, {jobs} process(es), killed {deaths} times (stored by then: {progress}), {torn} lines torn"
    )
    words += f"; lines {len(lines)}, each trial once: {once}, results as without kills: {same}"
    return words, deaths, once and same


def train(family, path=None):
    """A training of some steps; all that it leaves."""
    model = make_model(family)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    checkpoint = path and Checkpoint(path, every=3)
    batches = partial(make_batches, family, STEPS)
    history = fit(model, batches, optimizer, scheduler=scheduler, checkpoint=checkpoint)
    return model.state_dict(), optimizer.state_dict(), [history.loss, history.grad_norm, history.learning_rate]


def equal(one, two):
    """Whether two nests of values are the same bit by bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, two)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(equal(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(equal, one, two))
    return bool(one == two)


def training(folder, family, seed=0):
    """Kills a training at random moments until it has ended, at least once; how often, and whether it is the same."""
    generator = random.Random(seed)
    start = time.monotonic()
    whole = train(family)
    lasts, deaths = time.monotonic() - start, 0
    path = folder / f"{family}-{seed}.pt"
    while killed_after(generator.uniform(0, lasts), partial(train, family, path)):
        deaths += 1
    if not deaths:
        return training(folder, family, seed + 1_000)
    return deaths, equal(train(family, path), whole)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["sweep", "training"])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--trainings", type=int, default=20)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        if options.what == "sweep":
            words, deaths, good = sweep(Path(folder), options.trials, options.kills, options.jobs)
            print(words)
            return 0 if good and deaths == options.kills else 1
        families = list(FAMILIES)
        found = []
        for number in range(options.trainings):
            family = families[number % len(families)]
            found.append(training(Path(folder), family, number))
            print(f"{family}: killed {found[-1][0]} time(s), bit by bit the same: {found[-1][1]}", flush=True)
    print(f"{sum(same for _, same in found)} of {len(found)} trainings the same, {sum(n for n, _ in found)} kills")
    return 0 if all(same for _, same in found) else 1


if __name__ == "__main__":
    sys.exit(main())
