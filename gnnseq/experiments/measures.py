"""Measurements before the first step: whether outputs fit the task, the answer's influence, memory."""

import copy
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.analysis import influence, model_reach, time_influence
from gnnseq.experiments.family import Family
from gnnseq.experiments.tasks.base import HasAnswers, Task, level_of

Memory = Callable[[torch.optim.Optimizer], float]
GRAPHS = 4  # on which influence is measured


def check_outputs(model_name: str, outputs: Any, batch: Batch, task: Task, view: str) -> None:
    """Whether a model's outputs fit its task.

    Raises:
        ValueError: with the shape found and the shape expected.
    """
    level = level_of(task, view)
    rows = batch.num_graphs if level == "graph" else batch.num_nodes
    what = f"one row for each {level}, {task.num_outputs} outputs"
    if not isinstance(outputs, Tensor):
        raise ValueError(f"{model_name} gives a {type(outputs).__name__}, expected a tensor: {what}")
    shapes = [[rows, task.num_outputs]] + ([[rows]] if task.num_outputs == 1 else [])
    if list(outputs.shape) not in shapes:
        raise ValueError(
            f"{model_name} gives outputs of shape {list(outputs.shape)} for {task.title}, expected {shapes[0]}: {what}"
        )


def relative_influence(model: nn.Module, batch: Batch, task: Task, view: str) -> float | None:
    """How much the answer moves the output, relative to the average element of its input.

    1 is the average, 0 an answer out of reach: none of the model's operations lead from there to the
    output. Where they do and yet no number is as small as the influence, it is the smallest positive one. Elements that
    hold nothing (inner nodes of a tree over a sequence) do not count in the average. The geometric mean over the graphs
    in which it is not 0, as in `gnnseq.analysis.explain`, measured in float64.

    Args:
        model: before training; it is left as it is.
        batch: a few graphs.
        task: a `HasAnswers`; for other tasks there is no number.
        view: of the batch.

    Returns:
        None for a task without answers in one place, and for a model whose derivatives cannot be taken.
    """
    if not isinstance(task, HasAnswers):
        return None
    source, target = task.answers(view, batch)
    if not len(source):
        return None
    signals = batch.x.dim() == (2 if task.num_features is None else 3)
    measure = time_influence if signals else influence
    try:
        found = measure(model, batch).flatten(1)[target]
    except (ValueError, RuntimeError) as error:
        warnings.warn(f"the influence of the answer cannot be measured: {error}", stacklevel=2)
        return None
    holds = torch.ones(found.size(1), dtype=torch.bool)
    if task.num_symbols is not None:
        holds = batch.x.flatten() < task.num_symbols
    graph = batch.batch.repeat_interleave(found.size(1) // len(batch.batch))
    own = (graph == graph[source].unsqueeze(1)) & holds  # [P, elements]
    total, size = (found * own).sum(1), own.sum(1)
    answer = found[torch.arange(len(source)), source]
    relative = (answer * size / total)[answer > 0]
    if len(relative):
        return float(relative.log().mean().exp())
    sees = model_reach(model, batch, by_step=signals)[target, source].any()
    return sys.float_info.min if bool(sees) else 0.0


@contextmanager
def kept_tensors(known: Iterable[Tensor]) -> Iterator[dict[int, int]]:
    """Bytes of the tensors that a forward pass keeps for its backward pass, by storage, so that each counts once.

    Tensors whose storage is among those given, such as the weights, are left out.
    """
    weights = {tensor.untyped_storage().data_ptr() for tensor in known}
    sizes: dict[int, int] = {}
    alive: list[Tensor] = []  # so that no address is used twice

    def note(tensor: Tensor) -> Tensor:
        for part in _strided(tensor.detach()):
            storage = part.untyped_storage()
            if storage.data_ptr() not in weights:
                sizes[storage.data_ptr()] = storage.nbytes()
                alive.append(part)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield sizes


def _strided(tensor: Tensor) -> list[Tensor]:
    if tensor.layout == torch.strided:
        return [tensor]
    return [tensor.crow_indices(), tensor.col_indices(), tensor.values()]


def memory_mb(model: nn.Module, kept: int) -> Memory:
    """Memory that training holds at once, in megabytes (10^6 bytes), once an optimiser has its state.

    Weights, their gradients, the optimiser's state, and what a forward pass keeps for its backward pass. It is counted,
    not read from the process, so it does not depend on what ran before, and leaves out what the operations use for a
    moment.
    """
    weights = 2 * sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)

    def total(optimizer: torch.optim.Optimizer) -> float:
        states = (value for state in optimizer.state.values() for value in state.values())
        state = sum(value.numel() * value.element_size() for value in states if isinstance(value, Tensor))
        return (weights + state + kept) / 1e6

    return total


def kept_bytes(model: nn.Module, batch: Batch, task: Task, family: Family) -> int:
    """Runs a copy of the model forward once, checks its outputs, and counts what it keeps for the backward pass.

    Raises:
        ValueError: for outputs that do not fit the task.
    """
    trained = copy.deepcopy(model).train()
    with kept_tensors(trained.parameters()) as kept:
        outputs = trained(batch)
        check_outputs(family.name, outputs, batch, task, family.view)
        task.loss(outputs, batch.y)
    return sum(kept.values())
