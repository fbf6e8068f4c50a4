"""ListOps: models that read the tree against models that read the same symbols in a row."""

import hashlib
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from torch import nn
from torch_geometric.data import Batch

from gnnseq.data.streams import Split
from gnnseq.data.synthetic.listops import ListOps, ListOpsSequences, ListOpsTrees
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.experiments.budget import Size, solve_width
from gnnseq.experiments.family import find_named
from gnnseq.runs.store import Record
from gnnseq.studies.listops.families import LISTOPS_FAMILIES, Labels, ListOpsFamily
from gnnseq.studies.rounds import Rounds
from gnnseq.training import History

Counts: TypeAlias = dict[str, list[int]]

FEATURES = 32  # of a symbol
TEST_BATCH = 250
LENGTHS = (20, 40, 60, 80, 100, 150, 200)  # of expressions, where accuracy is counted apart


@dataclass(frozen=True)
class ListOpsTrial:
    """Everything that decides a run; the same trial gives the same record.

    Attributes:
        family: name of one of `LISTOPS_FAMILIES`.
        seed: of weights and samples.
        depth: most levels of an expression, digits included.
        arguments: most arguments of a list.
        longest: most symbols of an expression.
        budget: number of weights.
        rounds: training rounds, each of 100 steps; the learning rate falls in a line to a twentieth.
        batch_size: expressions of a batch.
        labels: "all": every list's value is a label, at its node or at its "]"; "root": the answer alone.
        learning_rate: of Adam at the start; None takes the family's own.
        test_samples: fresh expressions on which the model is judged.
    """

    family: str
    seed: int = 0
    depth: int = 6
    arguments: int = 3
    longest: int = 60
    budget: int = 50_000
    rounds: int = 10
    batch_size: int = 128
    labels: Labels = "all"
    learning_rate: float | None = None
    test_samples: int = 2_000
    round_steps: int = 100

    @property
    def key(self) -> str:
        """A hash of all the values, by which a store finds the record again."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def find_family(self) -> ListOpsFamily:
        """The family of that name.

        Raises:
            ValueError: if there is none.
        """
        return find_named(self.family, LISTOPS_FAMILIES, "family")

    def data(self, kind: type[ListOps], split: Split) -> ListOps:
        """Expressions of a split, in one of the forms.

        Raises:
            ValueError: if a setting is out of range.
        """
        lengths = (6, self.longest)
        return kind(depth=self.depth, arguments=self.arguments, lengths=lengths, seed=self.seed, split=split)

    def solve_size(self) -> Size:
        """The size of the model at the budget.

        Raises:
            ValueError: for a budget too small for the model.
        """
        return solve_width(partial(self.find_family().build, self.arguments), self.budget, embedding=FEATURES)


def run_listops(trial: ListOpsTrial, folder: Path | None = None, progress: bool = True) -> Record:
    """Trains and judges one model.

    Args:
        trial: what to run.
        folder: of checkpoints, one for each trial, written after each round.
        progress: whether a bar on the terminal tells how far it is.

    Returns:
        A record of plain values: ``status`` ("done" or "diverged"), size, curves, and right answers by depth and by
        length.
    """
    family, start = trial.find_family(), time.perf_counter()
    size = trial.solve_size()
    torch.manual_seed(trial.seed)
    model = family.build(trial.arguments, size.width, size.embedding)
    rate = trial.learning_rate or family.learning_rate
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    rounds = Rounds(model, optimizer, trial.key, folder and folder / f"{trial.key}.pt", trial.seed)

    def set_rate(number: int) -> None:
        optimizer.param_groups[0]["lr"] = rate * max(0.05, 1 - number / trial.rounds)

    def measure(number: int, history: History) -> dict[str, Any]:
        loss = statistics.fmean(history.loss)
        right = _judge(model, trial, family, min(500, trial.test_samples), "validation")
        return {"loss": loss, "validation": sum(right) / len(right), "seconds": history.seconds}

    train = partial(_batches, trial, family)
    title = f"{family.name}, seed {trial.seed}" if progress else None
    curve = rounds.train(trial.rounds, train, measure, max_norm=5.0, before_round=set_rate, progress=title)
    right = _judge(model, trial, family, trial.test_samples, "test")
    steps = max(1, len(curve)) * trial.round_steps
    return {
        "key": trial.key,
        **rounds.outcome,
        "trial": asdict(trial),
        "title": family.title,
        "learning_rate": rate,
        "width": size.width,
        "weights": size.weights,
        "budget_note": size.note,
        "accuracy": sum(right) / len(right),
        "by_depth": _count(right, expression_depths(trial)),
        "by_length": _count(right, expression_lengths(trial)),
        "ms_per_step": 1e3 * sum(entry["seconds"] for entry in curve) / steps,
        "seconds": time.perf_counter() - start,
        "curve": curve,
    }


def chance(trial: ListOpsTrial) -> float:
    """The share of the commonest answer among the test samples: what a constant guess gets at best."""
    corpus = cast(TreeCorpus, trial.data(ListOpsTrees, "test")[range(trial.test_samples)])  # type: ignore[index]
    return float(np.bincount(corpus.root_labels).max() / trial.test_samples)


def expression_depths(trial: ListOpsTrial) -> list[int]:
    """Levels of every test sample."""
    corpus = cast(TreeCorpus, trial.data(ListOpsTrees, "test")[range(trial.test_samples)])  # type: ignore[index]
    return [int(tree.depths().max()) + 1 for tree in (corpus[row] for row in range(len(corpus)))]  # type: ignore[union-attr]


def expression_lengths(trial: ListOpsTrial) -> list[int]:
    """The symbols of every test sample, up to the next of `LENGTHS`."""
    sequences = cast(ListOpsSequences, trial.data(ListOpsSequences, "test"))
    lengths = [len(row) for row in sequences.with_values(range(trial.test_samples))[0]]
    bounds = [*LENGTHS, max([*lengths, LENGTHS[-1] + 1])]
    return [next(bound for bound in bounds if length <= bound) for length in lengths]


def _batches(trial: ListOpsTrial, family: ListOpsFamily, number: int) -> Iterator[Batch]:
    data, size = trial.data(family.data, "train"), trial.batch_size
    for step in range(number * trial.round_steps, (number + 1) * trial.round_steps):
        yield family.batch(data, range(step * size, (step + 1) * size), trial.labels)


@torch.no_grad()
def _judge(model: nn.Module, trial: ListOpsTrial, family: ListOpsFamily, count: int, split: Split) -> list[bool]:
    """Whether each answer is right."""
    data, right = trial.data(family.data, split), []
    model.eval()
    for first in range(0, count, TEST_BATCH):
        batch = family.batch(data, range(first, min(first + TEST_BATCH, count)), "root")
        found, y = model(batch).argmax(-1), batch.y
        if not family.bag:
            found, y = found[batch.ptr[1:] - 1], y[batch.ptr[1:] - 1]
        right += (found == y).tolist()
    model.train()
    return right


def _count(right: list[bool], groups: list[int]) -> Counts:
    """Right answers and number of samples of each group."""
    counts: Counts = {}
    for group in sorted(set(groups)):
        answers = [one for one, other in zip(right, groups, strict=True) if other == group]
        counts[str(group)] = [sum(answers), len(answers)]
    return counts
