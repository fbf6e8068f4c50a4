"""One model, one task, one seed: plain data in, a plain record out."""

import hashlib
import json
import math
import statistics
import time
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any

import torch

import gnnseq
from gnnseq.experiments.budget import Size, solve_width
from gnnseq.experiments.families import PALINDROME_FAMILIES, Family
from gnnseq.experiments.tasks import PalindromeTask
from gnnseq.models import SequenceClassifier
from gnnseq.training import History, best_k, evaluate, fit

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
RECENT = 20  # training batches over which learning is judged


@dataclass(frozen=True)
class Trial:
    """Everything that decides a run on palindromes; the same trial gives the same record.

    Attributes:
        family: name of the model family.
        length: digits of the palindrome.
        seed: of weights and samples.
        budget: number of weights.
        steps: training steps at most.
        batch_size: palindromes in a training batch.
        learning_rate: step size; None takes the family's own.
        optimizer: "adam", "rmsprop" or "sgd".
        tuned: whether the family's own initialisation is applied, or torch's default left.
        scalar: whether a digit is read as one number, not as an embedded symbol.
        max_norm: gradients are clipped to this norm.
        stop_at: training ends where the mean accuracy of the last 20 batches reaches this; None never does.
        test_samples: fresh palindromes on which the model is judged.
        base: digits are 0 to base - 1.
        width: features of a state; None solves it for the budget.
    """

    family: str
    length: int
    seed: int = 0
    budget: int = 10_000
    steps: int = 400
    batch_size: int = 64
    learning_rate: float | None = None
    optimizer: str = "adam"
    tuned: bool = True
    scalar: bool = False
    max_norm: float = 10.0
    stop_at: float | None = 0.995
    test_samples: int = 2_000
    base: int = 10
    width: int | None = None

    @property
    def key(self) -> str:
        """A hash of all the values, by which a store finds the record again."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def task(self) -> PalindromeTask:
        """What the model is asked to do."""
        return PalindromeTask(self.length, self.base)


def find_family(name: str) -> Family:
    """The family of a name.

    Raises:
        ValueError: for an unknown name, with the nearest known one.
    """
    known = {family.name: family for family in PALINDROME_FAMILIES}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1, cutoff=0.0)
    raise ValueError(f"model is {name!r}, expected one of {', '.join(known)}; did you mean {near[0]!r}?")


def run_trial(trial: Trial) -> dict[str, Any]:
    """Trains and judges one model.

    Returns:
        A record of plain values: ``key``, ``trial``, ``status`` ("done" or "diverged"), the model's size and sight,
        accuracy and loss on fresh palindromes, the mean of the 50 best training batches, the curves of training, and
        what it cost.
    """
    task, family = trial.task, find_family(trial.family)
    torch.manual_seed(trial.seed)
    size = solve_size(trial, family)
    model = family.build(task, size.width, size.embedding, trial.scalar)
    if trial.tuned and family.initialise is not None:
        family.initialise(model, task)
    collate, rate = family.collate(task), trial.learning_rate or family.learning_rate
    optimizer = OPTIMIZERS[trial.optimizer](model.parameters(), lr=rate)  # type: ignore[call-arg]
    batches = task.batches(collate, trial.seed, "train", trial.batch_size, trial.steps)
    history = fit(model, batches, optimizer, max_norm=trial.max_norm, after_step=_stop_rule(trial.stop_at))
    sight = family.sight(task)
    return {
        "key": trial.key,
        "trial": asdict(trial),
        "status": "diverged" if history.diverged else "done",
        "stopped": history.stopped,
        "title": family.title,
        "learning_rate": rate,
        "initialisation": family.initialisation if trial.tuned else "default",
        "width": size.width,
        "embedding": size.embedding,
        "weights": size.weights,
        "budget_note": size.note,
        "hops_required": sight.required,
        "hops_reach": sight.reach,
        "chance": task.chance,
        **_fresh(model, trial, collate),
        **_training(history),
        "versions": {name: version(name) for name in ("torch", "torch-geometric")} | {"gnnseq": gnnseq.__version__},
        "threads": torch.get_num_threads(),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def solve_size(trial: Trial, family: Family) -> Size:
    """The size that the trial's budget allows, without moving torch's random state."""
    with torch.random.fork_rng(devices=[]):
        if trial.width is not None:
            model = family.build(trial.task, trial.width, 16, trial.scalar)
            return Size(trial.width, 16, sum(p.numel() for p in model.parameters()))
        return solve_width(lambda width, e: family.build(trial.task, width, e, trial.scalar), trial.budget)


def _stop_rule(stop_at: float | None) -> Any:
    def reached(history: History) -> bool:
        recent = history.accuracy[-RECENT:]
        return stop_at is not None and len(recent) == RECENT and statistics.fmean(recent) >= stop_at

    return reached


def _fresh(model: SequenceClassifier, trial: Trial, collate: Any) -> dict[str, Any]:
    size = 250
    batches = trial.task.batches(collate, trial.seed, "test", size, math.ceil(trial.test_samples / size))
    result = evaluate(model, batches)
    return {"accuracy": result.accuracy, "loss": result.loss, "test_samples": result.count}


def _training(history: History) -> dict[str, Any]:
    steps = max(history.steps, 1)
    recent = history.accuracy[-RECENT:]
    return {
        "steps": history.steps,
        "best_50": best_k(history.accuracy) if history.accuracy else None,
        "train_accuracy": statistics.fmean(recent) if recent else None,
        "ms_per_step": 1e3 * history.seconds / steps,
        "seconds": history.seconds,
        "curve": {
            "loss": [round(v, 5) for v in history.loss],
            "accuracy": [round(v, 4) for v in history.accuracy],
            "grad_norm": [round(v, 5) for v in history.grad_norm],
        },
    }
