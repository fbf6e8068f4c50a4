"""Why a model can or cannot learn a task: a diagnosis in a sentence and as a record."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnnseq.analysis.calls import Model
from gnnseq.analysis.diagnosis import CANNOT_SEE, SEES_TOO_WEAKLY, WEAK
from gnnseq.analysis.influence import influence, model_reach
from gnnseq.analysis.reach import hops_needed


@dataclass(frozen=True)
class Explanation:
    """A diagnosis over the graphs of a batch.

    Attributes:
        verdict: "cannot see", "sees too weakly" or "can see".
        hops: edges on the longest of the ways from the answers to the outputs; None where one has no way.
        seen: share of the graphs in which the model's operations lead from the answer to the output, by `model_reach`
            tells.
        strength: influence of the answer relative to the average input of its graph, geometric mean over the graphs
            where it is not zero; 0 where it is in none, which underflow can be the reason of.
        sentence: all this in words.
    """

    verdict: str
    hops: int | None
    seen: float
    strength: float
    sentence: str


def explain(
    model: Model,
    data: Data,
    source: Tensor,
    *,
    target: Tensor | None = None,
    inputs: nn.Module | None = None,
    weak: float = WEAK,
) -> Explanation:
    """Whether the answer of a task influences a model's output, measured on a batch.

    It cannot see the answer where in most graphs none of its operations lead from there to the output (`model_reach`);
    the size of a derivative has no say in that. It sees it too weakly where the answer moves the output less than
    ``weak`` times as much as the average node of its graph does: gradients then say next to nothing about it. A model
    that can see may still fail to learn for other reasons, and one that sees too weakly may learn in the end.

    The bound is an observation, not a law: among the models compared on palindromes within 400 steps, those that began
    above 0.05 learned to repeat the first of 19 digits, and those that began below 0.003 stayed at chance.

    Args:
        model: called as in `gnnseq.analysis.influence`, before or after training.
        data: a batch of the task's graphs.
        source: the node that holds the answer, one for each graph ``[G]``.
        target: the row of the output that predicts the answer, one for each graph ``[G]``; by default the graph's
            row, or the last node of each graph.
        inputs: the module whose output counts as the input.
        weak: the bound.

    Raises:
        ValueError: for a source or target that does not fit the batch; and as `influence`.
    """
    found = influence(model, data, inputs=inputs)
    batch = torch.zeros(found.size(1), dtype=torch.long) if data.batch is None else data.batch.cpu()
    size = torch.bincount(batch)
    last = size.cumsum(0) - 1
    if target is None:
        target = torch.arange(len(size)) if found.size(0) == len(size) else last
    for name, value, limit in (("source", source, found.size(1)), ("target", target, found.size(0))):
        if value.shape != size.shape or bool(((value < 0) | (value >= limit)).any()):
            raise ValueError(f"{name} is {value.tolist()}, expected {len(size)} numbers from 0 to {limit - 1}")
    answer, total = found[target, source].double(), found[target].sum(1).double()
    relative = answer * size / torch.where(total > 0, total, 1.0)
    moves = answer > 0
    strength = float(relative[moves].log().mean().exp()) if bool(moves.any()) else 0.0
    seen = model_reach(model, data, inputs=inputs)[target, source]
    asked = target if found.size(0) == found.size(1) else last
    hops = _longest(data, source, asked)
    return _diagnosis(hops, float(seen.double().mean()), strength, weak)


class SupportsExplain(Protocol):
    """A task: batches in some view, and where their answers are."""

    def batches(self, view: str, seed: int, split: Any, batch_size: int, num_batches: int) -> Iterable[Data]:
        """Batches of a split."""

    def answers(self, view: str, batch: Data) -> tuple[Tensor, Tensor]:
        """For each graph the node that holds the answer, and the row of the output that predicts it.

        Where ``batch.x`` holds symbols ``[N, T]``, the place in the flattened tensor stands for the node.
        """


def explain_task(
    task: SupportsExplain,
    model: Model,
    view: str,
    *,
    graphs: int = 32,
    seed: int = 0,
    inputs: nn.Module | None = None,
    weak: float = WEAK,
) -> Explanation:
    """`explain` on a batch of a task's test samples.

    Args:
        task: anything with ``batches`` and ``answers``, as the tasks of `gnnseq.experiments` have them.
        model: called as in `gnnseq.analysis.influence`.
        view: graph of a sample that is the model's input.
        graphs: number of samples.
        seed: of the samples.
        inputs: the module whose output counts as the input.
        weak: the bound of `explain`.

    Raises:
        ValueError: as `explain`.
    """
    batch = next(iter(task.batches(view, seed, "test", graphs, 1)))
    elements, rows = task.answers(view, batch)
    steps = batch.x.size(1) if batch.x.dim() == 2 and not batch.x.is_floating_point() else 1
    return explain(model, batch, elements.cpu() // steps, target=rows.cpu(), inputs=inputs, weak=weak)


def _longest(data: Data, source: Tensor, asked: Tensor) -> int | None:
    if not isinstance(data.edge_index, Tensor):
        return None
    hops = hops_needed(data.edge_index, source, asked, int(data.num_nodes))
    return None if bool((hops < 0).any()) else int(hops.max())


def _diagnosis(hops: int | None, seen: float, strength: float, weak: float) -> Explanation:
    way = "there is no way along the edges" if hops is None else f"the answer is up to {hops} hops away"
    if seen <= 0.5:
        verdict = CANNOT_SEE
        words = f"The model cannot see the answer: {way}, and {1 - seen:.0%} of the outputs do not depend on it."
    elif strength < weak:
        verdict = SEES_TOO_WEAKLY
        words = (
            f"The model sees the answer too weakly to learn from: {way}, and it moves the output {strength:.1e} times"
        )
        words += f" as much as the average input, less than {weak:g}."
    else:
        verdict = "can see"
        words = (
            f"The model can see the answer: {way}, and it moves the output {strength:.2g} times as much as the average"
        )
        words += " input."
    return Explanation(verdict, hops, seen, strength, words)
