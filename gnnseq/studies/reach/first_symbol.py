"""Repeat the first of some random symbols: the smallest task that asks for reach, over any graph of a sequence."""

import hashlib
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.analysis import explain, hops_needed, influence_blocks
from gnnseq.experiments.budget import solve_width
from gnnseq.models import SequenceClassifier, SymbolEmbedding
from gnnseq.training import History, evaluate, fit

BASE = 10  # symbols
EMBEDDING = 16  # features of one
MEASURED = 8  # sequences that influence is averaged over
RECENT = 10  # training batches over which learning is judged


@dataclass(frozen=True)
class RecallModel:
    """A model and the graph that it reads.

    Attributes:
        name: short name.
        title: name in figures and tables.
        collate: of symbols ``[B, T]`` and targets ``[B]``, makes a batch whose first T nodes of each graph are the
            symbols and whose last node is asked.
        encoder: makes an encoder from input width and width.
        layers: hops that it reaches; None for no limit.
        initialise: of a model and T; None leaves torch's initialisation.
        learning_rate: with Adam.
    """

    name: str
    title: str
    collate: Callable[[Tensor, Tensor], Batch]
    encoder: Callable[[int, int], nn.Module]
    layers: int | None
    initialise: Callable[[nn.Module, int], object] | None = None
    learning_rate: float = 3e-3

    def build(self, width: int, embedding: int = EMBEDDING) -> SequenceClassifier:
        """A model with torch's initialisation."""
        encoder = self.encoder(embedding, width)
        return SequenceClassifier(SymbolEmbedding(BASE, embedding), encoder, None, nn.Linear(width, BASE))

    def hops(self, length: int) -> int:
        """Hops from the first of so many symbols to the node that is asked; -1 where there is no way."""
        batch = self.collate(torch.zeros(1, length, dtype=torch.long), torch.zeros(1, dtype=torch.long))
        ends = torch.tensor([0]), torch.tensor([int(batch.num_nodes) - 1])
        return int(hops_needed(batch.edge_index, *ends, int(batch.num_nodes)))


@dataclass(frozen=True)
class RecallTrial:
    """Everything that decides a run; the same trial gives the same record.

    Attributes:
        family: name of the model.
        length: symbols of a sequence T; the answer stands T - 1 symbols before the last.
        seed: of weights and samples.
        steps: training steps at most.
        width: features of a state; None solves it for the budget.
        budget: number of weights where the width is None.
        batch_size: sequences in a training batch.
        stop_at: training ends where the mean accuracy of the last 10 batches reaches this.
        test_samples: fresh sequences on which the model is judged.
    """

    family: str
    length: int
    seed: int = 0
    steps: int = 200
    width: int | None = 32
    budget: int = 10_000
    batch_size: int = 64
    stop_at: float = 0.995
    test_samples: int = 1_000

    @property
    def key(self) -> str:
        """A hash of all the values, by which a store finds the record again."""
        text = "recall" + json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """The trial in a few words."""
        return f"{self.family}, {self.length - 1} symbols back, seed {self.seed}"

    @property
    def description(self) -> dict[str, Any]:
        """What of the record is known before the run."""
        return {"key": self.key, "label": self.label, "trial": asdict(self)}


def recall_batches(
    collate: Callable[[Tensor, Tensor], Batch], length: int, seed: int, batch_size: int, num_batches: int
) -> Iterator[Batch]:
    """Batches of random sequences of ten symbols, whose target is the first symbol."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(num_batches):
        symbols = torch.randint(0, BASE, (batch_size, length), generator=generator)
        yield collate(symbols, symbols[:, 0])


def run_recall(trial: RecallTrial, models: Mapping[str, RecallModel]) -> dict[str, Any]:
    """Trains and judges one model, and measures its influence before and after.

    Args:
        trial: what to run.
        models: by name.

    Returns:
        A record of plain values: ``accuracy`` on fresh sequences; ``hops`` the answer is away, ``layers`` the model
        has and whether it ``sees``; shares of the influence on its logits ``before`` and ``after`` training, the last
        symbol first; ``strength`` of the answer relative to the average node before training; size and cost.
    """
    model, size = _build(trial, models[trial.family])
    spec = models[trial.family]
    batches = recall_batches(spec.collate, trial.length, 2 * trial.seed, trial.batch_size, trial.steps)
    few = next(recall_batches(spec.collate, trial.length, 2 * trial.seed + 1, MEASURED, 1))
    before, diagnosis = _shares(model, few, trial.length), explain(model, few, few.ptr[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=spec.learning_rate)
    history = fit(model, batches, optimizer, after_step=lambda history: _learned(history, trial.stop_at))
    count = math.ceil(trial.test_samples / 250)
    result = evaluate(model, recall_batches(spec.collate, trial.length, 2 * trial.seed + 1, 250, count))
    hops = spec.hops(trial.length)
    return {
        **trial.description,
        "status": "diverged" if history.diverged else "done",
        "stopped": history.stopped,
        "title": spec.title,
        "hops": hops,
        "layers": spec.layers,
        "sees": hops >= 0 and (spec.layers is None or hops <= spec.layers),
        "weights": sum(p.numel() for p in model.parameters()),
        "width": size,
        "chance": 1 / BASE,
        "accuracy": result.accuracy,
        "steps": history.steps,
        "seconds": history.seconds,
        "strength": diagnosis.strength,
        "verdict": diagnosis.verdict,
        "before": before,
        "after": None if history.diverged else _shares(model, few, trial.length),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _build(trial: RecallTrial, spec: RecallModel) -> tuple[SequenceClassifier, int]:
    torch.manual_seed(trial.seed)
    width, embedding = trial.width, EMBEDDING
    if width is None:
        size = solve_width(spec.build, trial.budget, EMBEDDING)
        width, embedding = size.width, size.embedding
        torch.manual_seed(trial.seed)
    model = spec.build(width, embedding)
    if spec.initialise is not None:
        spec.initialise(model, trial.length)
    return model, width


def _learned(history: History, stop_at: float) -> bool:
    recent = history.accuracy[-RECENT:]
    return len(recent) == RECENT and statistics.fmean(recent) >= stop_at


def _shares(model: SequenceClassifier, batch: Batch, length: int) -> list[float]:
    """Shares of the influence of each symbol on the logits, the last symbol first."""
    rows = torch.stack(influence_blocks(model, batch))[:, 0, :length].double()
    total = rows.sum(1, keepdim=True)
    shares = (rows / torch.where(total > 0, total, 1.0)).mean(0).flip(0)
    return [float(f"{share:.4g}") for share in shares.tolist()]
