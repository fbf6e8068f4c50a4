"""The influence of each symbol of a sequence on a model's output, measured and in theory."""

import statistics
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.analysis import influence_blocks, time_influence
from gnnseq.experiments.family import DEFAULT, Family
from gnnseq.experiments.tasks.palindromes import PalindromeTask
from gnnseq.models import SequenceClassifier
from gnnseq.studies.reach.theory import expected_influence


@dataclass(frozen=True)
class SightRecord:
    """The influence of a sequence on a family's output at one initialisation.

    Attributes:
        family: name of the family.
        title: its name in full.
        initialisation: "default" or the family's own.
        hops_required: hops from the first symbol to the output.
        hops_reach: hops that the model covers; None where there is no limit.
        influence: for each seed, the influence of every symbol, the last one first; they add up to 1.
        theory: expected influence for the first seed's weights, the last symbol first.
        theory_name: name of that theory.
    """

    family: str
    title: str
    initialisation: str
    hops_required: int
    hops_reach: int | None
    influence: list[list[float]]
    theory: list[float]
    theory_name: str

    @property
    def mean(self) -> list[float]:
        """Mean over the seeds for each distance."""
        return [statistics.fmean(values) for values in zip(*self.influence, strict=True)]

    @property
    def seen(self) -> int:
        """How many symbols, counted back from the last, can have an influence: all, or those that have one."""
        if self.hops_reach is None:
            return len(self.mean)
        return max((back + 1 for back, share in enumerate(self.mean) if share > 0), default=0)


def measure_sight(
    family: Family, task: PalindromeTask, *, tuned: bool, seeds: int = 5, width: int = 16, sequences: int = 8
) -> SightRecord:
    """Measures an untrained model in float64, over seeds of weights and random sequences.

    Args:
        family: the family.
        task: gives the length; symbols are those of its training stream.
        tuned: whether the family's own initialisation is applied.
        seeds: number of initialisations.
        width: features of a state, and of a symbol.
        sequences: sequences that each measurement is averaged over.
    """
    shares = []
    for seed in range(seeds):
        model, batch = untrained(family, task, tuned, seed, width, sequences)
        influence = position_influence(model, batch, task.num_steps).mean(0).flip(0)
        shares.append((influence / influence.sum()).tolist())
    sight = family.sight(task)
    theory, name = expected_influence(*untrained(family, task, tuned, 0, width, 1), task.num_steps)
    return SightRecord(
        family.name,
        family.title,
        family.initialisation if tuned else DEFAULT.name,
        sight.required or 0,
        sight.reach,
        shares,
        theory.tolist(),
        name,
    )


def untrained(
    family: Family, task: PalindromeTask, tuned: bool, seed: int, width: int, sequences: int
) -> tuple[SequenceClassifier, Batch]:
    """A model in float64 as it is before training, and sequences of its training stream.

    Args:
        family: the family.
        task: what its model is built for.
        tuned: whether the family's own initialisation is applied.
        seed: of weights and sequences.
        width: features of a state, and of a symbol.
        sequences: number of sequences.
    """
    torch.manual_seed(seed)
    model = family.build(task, width, width)
    (family.initialise if tuned else DEFAULT)(model, task)
    batch = next(task.batches(family.view, seed, "train", sequences, 1))
    return cast(SequenceClassifier, model.double().eval()), batch


def position_influence(model: nn.Module, batch: Batch, num_steps: int) -> Tensor:
    r"""Influence of every symbol on the vector that is read out, :math:`\sum_{ij} |\partial h_i / \partial x_{t,j}|`.

    Derivatives are taken at the embedded symbols. They are exact: where no path of the computation leads from a symbol
    to the output, the influence is exactly zero.

    Args:
        model: an embedding, encoder and readout.
        batch: sequences of equal length, as the family's collate gives them.
        num_steps: symbols of each sequence, T.

    Returns:
        ``[B, T]``, in reading order.
    """
    if not isinstance(model, SequenceClassifier):
        raise TypeError(f"model is a {type(model).__name__}, expected a SequenceClassifier")
    states = SequenceClassifier(model.embedding, model.encoder, model.readout, nn.Identity())
    if batch.x.dim() == 2:  # signals on symbols: the node that holds the symbol at each step
        occurs = batch.x < batch.x.size(0) // int(batch.num_graphs)
        seen: Tensor = (time_influence(states, batch) * occurs).sum(1)
        return seen
    return torch.cat(influence_blocks(states, batch))[:, :num_steps]  # symbols first, inner nodes of trees after them


def sentence(default: SightRecord, tuned: SightRecord) -> str:
    """The reach of a family and the influence of the first symbol, in one sentence."""
    steps = len(default.mean)
    if default.family == "bag":
        return f"{default.title}: reaches all {steps} symbols alike; the first has the influence of any other."
    if default.seen < steps:
        return (
            f"{default.title}: reaches the last {default.seen} of {steps} symbols; the influence of all others, "
            "including the first, is exactly 0."
        )
    shares = [f"{record.mean[-1]:.1e} ({record.initialisation} initialisation)" for record in (default, tuned)]
    what = " and ".join(dict.fromkeys(shares))
    return f"{default.title}: reaches all {steps} symbols; the first one's share of the influence is {what}."
