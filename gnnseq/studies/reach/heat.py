"""The influence of every position of a sequence on every output of a model."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.analysis import influence_blocks, time_influence
from gnnseq.experiments import Family, PalindromeTask
from gnnseq.models import NodeClassifier, SequenceClassifier
from gnnseq.studies.reach.sight import untrained


@dataclass(frozen=True)
class HeatMap:
    """The influence of each position on each output of an untrained model.

    Attributes:
        family: name of the family.
        title: its name in full.
        initialisation: "default" or the family's own.
        rows: what a row is: "position" or, for trees, "node".
        shares: a row for each output, a column for each position; a row adds up to 1, or to less if all units of
            an output were inactive for some sequence.
    """

    family: str
    title: str
    initialisation: str
    rows: str
    shares: list[list[float]]


def measure_heat(
    family: Family, task: PalindromeTask, *, tuned: bool = False, seeds: int = 3, width: int = 16, sequences: int = 4
) -> HeatMap:
    """Measures untrained models in float64 and averages the shares of influence over seeds and sequences.

    A row is the output at a node: at a position of the sequence, or at a leaf or an inner node of a tree, the root
    last. For a signal on the graph of symbols, row t is the readout after t + 1 steps.

    Args:
        family: the family.
        task: gives the length; symbols are those of its training stream.
        tuned: whether the family's own initialisation is applied.
        seeds: number of initialisations.
        width: features of a state, and of a symbol.
        sequences: sequences that each measurement is averaged over.
    """
    maps = []
    for seed in range(seeds):
        model, batch = untrained(family, task, tuned, seed, width, sequences)
        maps.append(node_shares(model, batch, task.num_steps))
    shares = torch.stack(maps).mean(0)
    return HeatMap(
        family.name,
        family.title,
        family.initialisation if tuned else "default",
        "position" if len(shares) == task.num_steps else "node",
        [[float(f"{share:.4g}") for share in row] for row in shares.tolist()],
    )


def node_shares(model: SequenceClassifier, batch: Batch, num_steps: int) -> Tensor:
    """Shares of the influence of each position on each output, the mean over a batch of equal graphs.

    Returns:
        ``[R, T]``: a row for each node of a graph, or for signals for each step.
    """
    if batch.x.dim() == 2 and not batch.x.is_floating_point():
        blocks = torch.stack([_after_step(model, batch, step) for step in range(num_steps)], dim=1)
    else:
        states = NodeClassifier(model.embedding, model.encoder, nn.Identity())
        blocks = torch.stack(influence_blocks(states, batch))[:, :, :num_steps]
    total = blocks.sum(-1, keepdim=True)
    return (blocks / torch.where(total > 0, total, 1.0)).mean(0)


def _after_step(model: SequenceClassifier, batch: Batch, step: int) -> Tensor:
    """Influence ``[G, T]`` on what is read out after a step, of the symbols up to it."""
    before = copy.copy(batch)
    before.x = batch.x[:, : step + 1]
    if "lengths" in batch:
        before.lengths = batch.lengths.clamp(max=step + 1)
    graphs = int(batch.num_graphs)
    holds = before.x < batch.x.size(0) // graphs
    found = (time_influence(model, before) * holds).sum(1)
    return torch.nn.functional.pad(found, (0, batch.x.size(1) - step - 1))
