"""One loop that trains any model on batches, and one that evaluates it."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch
from tqdm import tqdm

from gnnseq.training.metrics import IGNORED, correct

Loss = Callable[[Tensor, Tensor], Tensor]
Metric = Callable[[Tensor, Tensor], tuple[float, int]]


@dataclass
class History:
    """What happened in each training step.

    Attributes:
        loss: of each batch.
        accuracy: of each batch, before its step; from 0 to 1, or the mean of another metric.
        grad_norm: of all gradients together, before clipping.
        seconds: wall-clock time of the whole loop.
        stopped: why training ended before its last step; None where it did not.
        diverged: whether a loss or gradient that was not finite ended it.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    grad_norm: list[float] = field(default_factory=list)
    seconds: float = 0.0
    stopped: str | None = None
    diverged: bool = False

    @property
    def steps(self) -> int:
        """Number of steps taken."""
        return len(self.loss)


@dataclass(frozen=True)
class Evaluation:
    """Loss and accuracy (0 to 1), or the mean of another metric, over ``count`` targets."""

    loss: float
    accuracy: float
    count: int


def fit(
    model: nn.Module,
    batches: Iterable[Batch],
    optimizer: torch.optim.Optimizer,
    *,
    max_norm: float | None = 10.0,
    loss: Loss = cross_entropy,
    metric: Metric = correct,
    progress: str | None = None,
    after_step: Callable[[History], bool | None] | None = None,
) -> History:
    """Trains a model, one step per batch, until the batches end.

    Clipping the norm of the gradients bounds exploding gradients only; it does nothing for vanishing ones.

    Args:
        model: ``model(batch) -> logits``.
        batches: training batches with targets ``y``; their number is the number of steps.
        optimizer: of the model's parameters.
        max_norm: gradients are scaled down to this norm where theirs is larger; None leaves them alone.
        loss: of logits and targets, the mean over the targets that count.
        metric: of logits and targets, a sum over the targets that count and their number; right answers by default.
        progress: title of a progress bar on the terminal; None shows none.
        after_step: called after every step; training stops where it returns True.

    Returns:
        The history. A loss that is not finite stops training before it reaches the weights, and is recorded.

    Raises:
        ValueError: for a ``max_norm`` that is not positive, or a model without parameters.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("model has no parameters to train, expected at least one")
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}, expected a positive number or None")
    device, limit = parameters[0].device, math.inf if max_norm is None else max_norm
    history, start = History(), time.perf_counter()
    model.train()
    for batch in _bar(batches, progress):
        batch = batch.to(device)
        optimizer.zero_grad(set_to_none=True)
        logits = model(batch)
        value = loss(logits, batch.y)
        if _diverges(history, "loss", value.item()):
            break
        value.backward()
        norm = float(nn.utils.clip_grad_norm_(parameters, limit))
        if _diverges(history, "gradient norm", norm):
            break
        optimizer.step()
        right, count = metric(logits.detach(), batch.y)
        history.loss.append(value.item())
        history.accuracy.append(right / max(count, 1))
        history.grad_norm.append(norm)
        if after_step is not None and after_step(history):
            history.stopped = f"stopped by after_step at step {history.steps}"
            break
    history.seconds = time.perf_counter() - start
    return history


def _diverges(history: History, name: str, value: float) -> bool:
    """Whether a value is not finite, which is then recorded."""
    if math.isfinite(value):
        return False
    history.stopped, history.diverged = f"{name} is {value} at step {history.steps + 1}", True
    return True


@torch.no_grad()
def evaluate(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    loss: Loss = cross_entropy,
    metric: Metric = correct,
    progress: str | None = None,
) -> Evaluation:
    """Mean loss and metric of a model over all targets of some batches; its training mode is put back.

    Raises:
        ValueError: where no batch holds a target.
    """
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    was_training = model.training
    model.eval()
    total, right, count = 0.0, 0.0, 0
    for batch in _bar(batches, progress):
        batch = batch.to(device)
        logits = model(batch)
        here, of = metric(logits, batch.y)
        if of:
            total += loss(logits, batch.y).item() * of
        right, count = right + here, count + of
    model.train(was_training)
    if count == 0:
        raise ValueError(f"batches hold no targets, expected at least one that is not {IGNORED}")
    return Evaluation(total / count, right / count, count)


def _bar(batches: Iterable[Batch], title: str | None) -> Iterable[Batch]:
    """A progress bar that is silent where the output is not a terminal."""
    bar: Iterable[Batch] = tqdm(batches, desc=title, leave=False, disable=True if title is None else None)
    return bar
