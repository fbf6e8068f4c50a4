"""How strongly each symbol of a sequence influences what a model reads out, measured and in theory."""

import statistics
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.experiments.families import GCN_LAYERS
from gnnseq.experiments.family import DEFAULT, Family
from gnnseq.experiments.palindrome_task import PalindromeTask
from gnnseq.models import SequenceClassifier
from gnnseq.ops import gcn_operator


@dataclass(frozen=True)
class SightRecord:
    """What a family sees of a sequence at one initialisation.

    Attributes:
        family: name of the family.
        title: its name in full.
        initialisation: "default" or the family's own.
        hops_required: hops from the first symbol to the output.
        hops_reach: hops that the model covers; None where there is no limit.
        influence: for each seed, the influence of every symbol, the last one first; they add up to 1.
        theory: what theory says of the same, the last symbol first; None where there is no theory.
        theory_name: what that theory is.
    """

    family: str
    title: str
    initialisation: str
    hops_required: int
    hops_reach: int | None
    influence: list[list[float]]
    theory: list[float] | None = None
    theory_name: str = ""

    @property
    def mean(self) -> list[float]:
        """Mean over the seeds for each distance."""
        return [statistics.fmean(values) for values in zip(*self.influence, strict=True)]

    @property
    def seen(self) -> int:
        """How many symbols, counted back from the last, have any influence at all."""
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
    initialise = family.initialise if tuned else DEFAULT
    shares = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        model = family.build(task, width, width)
        initialise(model, task)
        batch = next(task.batches(family.view, seed, "train", sequences, 1))
        influence = position_influence(model.double().eval(), batch, task.num_steps).mean(0).flip(0)
        shares.append((influence / influence.sum()).tolist())
    sight = family.sight(task)
    theory, name = _theory(family, task, tuned)
    return SightRecord(
        family.name,
        family.title,
        initialise.name,
        sight.required or 0,
        sight.reach,
        shares,
        theory,
        name,
    )


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
    features = model.embedding(batch.x).detach().requires_grad_()
    out = model.readout(model.encoder(features, batch), batch.ptr)
    total: Tensor = torch.zeros(batch.x.shape, dtype=features.dtype)
    for channel in out.sum(0):
        (gradient,) = torch.autograd.grad(channel, features, retain_graph=True)
        total += gradient.abs().sum(-1)
    graphs = int(batch.num_graphs)
    if total.dim() == 2:  # signals on symbols: the node that holds the symbol at each step
        occurs = batch.x < batch.x.size(0) // graphs
        total = (total * occurs).view(graphs, -1, num_steps).sum(1)
        return total
    return total.view(graphs, -1)[:, :num_steps]  # symbols come first, inner nodes of trees after them


def _theory(family: Family, task: PalindromeTask, tuned: bool) -> tuple[list[float] | None, str]:
    """Expected shares of a linear model, the last symbol first."""
    steps = torch.arange(task.num_steps, dtype=torch.double)
    if family.name == "rnn":
        decay = torch.ones_like(steps) if tuned else 3.0 ** (-steps / 2)
        name = "linear: an orthogonal matrix keeps norms" if tuned else "linear: a random matrix shrinks by √3 a step"
    elif family.name == "gcn":
        operator = next(task.batches(family.view, 0, "train", 1, 1))
        weights = torch.ones(operator.num_edges, dtype=torch.double)
        dense = gcn_operator(operator.edge_index, operator.num_nodes, weights).to_dense()
        decay = torch.linalg.matrix_power(dense, GCN_LAYERS)[-1].flip(0)
        name = f"linear: the random walk of {GCN_LAYERS} steps"
    else:
        return None, ""
    return (decay / decay.sum()).tolist(), name


def sentence(default: SightRecord, tuned: SightRecord) -> str:
    """What a family can and cannot see, in one sentence."""
    steps = len(default.mean)
    if default.family == "bag":
        return f"{default.title}: sees all {steps} symbols alike, and so cannot tell the first from any other."
    if default.seen < steps:
        return (
            f"{default.title}: sees the last {default.seen} of {steps} symbols; the influence of all others, "
            "the first among them, is exactly 0."
        )
    shares = [f"{record.mean[-1]:.1e} ({record.initialisation} initialisation)" for record in (default, tuned)]
    what = " and ".join(dict.fromkeys(shares))
    return f"{default.title}: sees all {steps} symbols; the first one's share of the influence is {what}."
