"""One optimiser, one learning rate, one seed: how many steps it takes to learn palindromes."""

import hashlib
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Literal

import torch
from torch import nn
from torch_geometric.data import Batch

import gnnseq
from gnnseq.data import PalindromeDataset
from gnnseq.data.streams import Split
from gnnseq.experiments.budget import num_weights
from gnnseq.experiments.family import find_named
from gnnseq.experiments.optimizers import ADAM, MOMENTUM, RMSPROP, SGD, Optimizer
from gnnseq.graphs import to_paths
from gnnseq.layers import LSTM, RNN
from gnnseq.models import EdgeEncoder, SequenceClassifier, SymbolEmbedding
from gnnseq.runs.store import Record
from gnnseq.training import History, evaluate, fit

EMBEDDING, RECENT = 16, 20
FAMILIES: dict[str, tuple[str, Callable[[int, int], nn.Module]]] = {"rnn": ("RNN", RNN), "lstm": ("LSTM", LSTM)}


METHODS = (SGD, MOMENTUM, RMSPROP, ADAM)


def find_method(name: str) -> Optimizer:
    """The optimiser of a name.

    Raises:
        ValueError: for an unknown name, with the nearest known one.
    """
    return find_named(name, METHODS, "optimizer")


@dataclass(frozen=True)
class OptimizerTrial:
    """Everything that decides a run.

    Attributes:
        optimizer: name of the method.
        learning_rate: its step size.
        seed: of weights and samples.
        purpose: a "tuning" run serves to choose a learning rate and sees no test data, a "test" run is a result.
        family: "rnn" or "lstm", with torch's initialisation.
        length: digits of the palindromes.
        width: features of a state.
        steps: training steps at most.
        batch_size: palindromes in a training batch.
        threshold: accuracy on validation data at which a run has learned, and ends.
        every: steps between two looks at it.
        samples: palindromes of validation data, and of test data.
    """

    optimizer: str
    learning_rate: float
    seed: int = 0
    purpose: Literal["tuning", "test"] = "test"
    family: str = "rnn"
    length: int = 6
    width: int = 32
    steps: int = 300
    batch_size: int = 64
    threshold: float = 0.95
    every: int = 5
    samples: int = 500

    def __post_init__(self) -> None:
        find_method(self.optimizer)
        if self.family not in FAMILIES:
            raise ValueError(f"family is {self.family!r}, expected one of {', '.join(FAMILIES)}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}, expected a positive number")
        if self.length < 2:
            raise ValueError(f"length is {self.length}, expected an integer >= 2")
        for name in ("width", "steps", "batch_size", "every", "samples"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")

    @property
    def key(self) -> str:
        """A hash of all the values, by which a store finds the record again."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """The trial in a few words."""
        kind = ", tuning" if self.purpose == "tuning" else ""
        return f"{self.optimizer}, {self.family} {self.length}, lr {self.learning_rate:g}, seed {self.seed}{kind}"


def optimizer_title(record: Record) -> str:
    """The name under which a record's optimiser is compared."""
    return find_method(record["trial"]["optimizer"]).title


def run_optimizer_trial(trial: OptimizerTrial) -> Record:
    """Trains until the model has learned, or the steps are used up.

    Accuracy on validation data is looked at every few steps; the first time that it reaches the threshold is
    ``steps_to_threshold``. Gradients are clipped at norm 10, which bounds exploding gradients only.

    Returns:
        A record as `gnnseq.results.joined` reads it. A tuning run has a validation score and loss, a test run a
        score and loss on fresh test data.
    """
    torch.manual_seed(trial.seed)
    model = _model(trial)
    validation = _samples(trial, "validation", 0, trial.samples)
    reached: list[int] = []

    def after_step(history: History) -> bool:
        if history.steps % trial.every == 0 and evaluate(model, [validation]).accuracy >= trial.threshold:
            reached.append(history.steps)
        return bool(reached)

    size = trial.batch_size
    batches = (_samples(trial, "train", i * size, (i + 1) * size) for i in range(trial.steps))
    optimizer = find_method(trial.optimizer)(model.parameters(), trial.learning_rate)
    history = fit(model, batches, optimizer, after_step=after_step)
    first = reached[0] if reached else None
    return {
        **_description(trial, model),
        **_judged(trial, model, validation),
        **_course(trial, history),
        "steps_to_threshold": first,
        "samples_to_threshold": None if first is None else first * size,
    }


def _model(trial: OptimizerTrial) -> nn.Module:
    encoder = EdgeEncoder(FAMILIES[trial.family][1](EMBEDDING, trial.width))
    return SequenceClassifier(SymbolEmbedding(10, EMBEDDING), encoder, None, nn.Linear(trial.width, 10))


def _samples(trial: OptimizerTrial, split: Split, start: int, stop: int) -> Batch:
    return to_paths(PalindromeDataset(trial.length, seed=trial.seed, split=split)[start:stop])


def _description(trial: OptimizerTrial, model: nn.Module) -> Record:
    return {
        "key": trial.key,
        "label": trial.label,
        "purpose": trial.purpose,
        "trial": asdict(trial),
        "task": {
            "name": "palindromes",
            "title": f"palindromes of length {trial.length}",
            "size": trial.length,
            "level": "graph",
            "metric": "accuracy",
            "higher_is_better": True,
            "chance": 0.1,
            "solved": trial.threshold,
            "view": "path",
        },
        "family": {"name": trial.family, "title": FAMILIES[trial.family][0]},
        "initialisation": "default",
        "width": trial.width,
        "weights": num_weights(model),
        "hops_required": trial.length - 2,
        "hops_reach": None,
        "versions": {name: version(name) for name in ("torch", "torch-geometric")} | {"gnnseq": gnnseq.__version__},
        "threads": torch.get_num_threads(),
    }


def _judged(trial: OptimizerTrial, model: nn.Module, validation: Batch) -> Record:
    tuning = trial.purpose == "tuning"
    batch = validation if tuning else _samples(trial, "test", 0, trial.samples)
    result = evaluate(model, [batch])
    return {
        "score": None if tuning else result.accuracy,
        "validation_score": result.accuracy if tuning else None,
        "loss": result.loss,
        "test_samples": 0 if tuning else result.count,
    }


def _course(trial: OptimizerTrial, history: History) -> Record:
    recent = history.accuracy[-RECENT:]
    return {
        "status": "diverged" if history.diverged else "done",
        "stopped": history.stopped,
        "steps": history.steps,
        "train_score": statistics.fmean(recent) if recent else None,
        "ms_per_step": 1e3 * history.seconds / max(history.steps, 1),
        "seconds": history.seconds,
        "curve": {
            "loss": [round(v, 5) for v in history.loss],
            "accuracy": [round(v, 4) for v in history.accuracy],
            "grad_norm": [round(v, 5) for v in history.grad_norm],
        },
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
