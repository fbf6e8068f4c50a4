"""One loop that trains any model on batches."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch_geometric.data import Batch
from tqdm import tqdm

from gnnseq.training.checkpoint import Checkpoint, Parts, Scheduler, settings_of
from gnnseq.training.denormals import denormals_flushed
from gnnseq.training.devices import Devices, FabricDevices
from gnnseq.training.evaluate import evaluate
from gnnseq.training.history import Evaluation, History
from gnnseq.training.interrupt import Interrupt
from gnnseq.training.metrics import correct
from gnnseq.training.step import Loss, Metric, Step
from gnnseq.training.writer import Writer

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Evaluation", "History", "Loss", "Metric", "evaluate", "fit"]

Batches = Iterable[Batch] | Callable[[int], Iterable[Batch]]
NOTICE = "Stopping after this step, with a checkpoint; press Ctrl-C again to stop at once."


def fit(
    model: nn.Module,
    batches: Batches,
    optimizer: torch.optim.Optimizer,
    *,
    max_norm: float | None = 10.0,
    loss: Loss = cross_entropy,
    metric: Metric = correct,
    progress: str | None = None,
    after_step: Callable[[History], bool | None] | None = None,
    scheduler: Scheduler | None = None,
    accumulate: int = 1,
    checkpoint: Checkpoint | None = None,
    writer: Writer | None = None,
    fabric: "Fabric | None" = None,
) -> History:
    """Trains a model, one step per batch, until the batches end.

    Clipping the norm of the gradients bounds exploding gradients only; it does nothing for vanishing ones.

    With a checkpoint, ``batches`` are those of the whole training, and what was done before is passed over: on the CPU
    the result is bit by bit that of a training without a break, if batch k depends on k, on generators of its own or
    on those of the checkpoint. A first Ctrl-C then saves and raises KeyboardInterrupt after the step.

    With several processes, every process is given the same ``batches`` and takes its share: process r of P takes every
    P-th one from the r-th on, so that a step is one on ``accumulate * P`` batches.

    Inside, numbers too small for quick arithmetic count as zero: see `denormals_flushed`.

    Args:
        model: ``model(batch) -> logits``.
        batches: training batches with targets ``y``, or a function of a number that gives those from that number on;
            their number is the number of steps.
        optimizer: of the model's parameters.
        max_norm: gradients are scaled down to this norm where theirs is larger; None leaves them alone.
        loss: of logits and targets, the mean over the targets that count.
        metric: of logits and targets, a sum over the targets that count and their number; right answers by default.
        progress: title of a progress bar on the terminal; None shows none.
        after_step: called after every step; training stops where it returns True.
        scheduler: of the optimizer's learning rate; moved on after every step, ReduceLROnPlateau with its loss.
        accumulate: batches of one step; their gradient is that of the mean over all their targets.
        checkpoint: where the training is saved, and goes on from.
        writer: is shown every step.
        fabric: a launched `lightning_fabric.Fabric` with devices, precision and processes.

    Returns:
        The history. A loss that is not finite stops training before it reaches the weights, and is recorded.

    Raises:
        ValueError: for a ``max_norm`` that is not positive, ``accumulate`` under 1, a model without parameters, or
            a checkpoint of another training.
    """
    _check(model, max_norm, accumulate)
    devices = Devices() if fabric is None else FabricDevices(fabric)
    settings = {"max_norm": max_norm, "accumulate": accumulate, "processes": devices.world}
    settings |= {"precision": devices.precision} | settings_of(optimizer, scheduler)
    model, optimizer = devices.setup(model, optimizer)
    limit = math.inf if max_norm is None else max_norm
    step = Step(model, optimizer, devices, limit, loss, metric)
    loop = _Loop(step, Parts(model, optimizer, scheduler, settings), checkpoint, writer, after_step)
    return loop.run(batches, accumulate, progress)


class _Loop:
    """Steps, and what comes before, between and after them."""

    def __init__(
        self,
        step: Step,
        parts: Parts,
        checkpoint: Checkpoint | None,
        writer: Writer | None,
        after_step: Callable[[History], bool | None] | None,
    ) -> None:
        self.step, self.parts, self.devices = step, parts, step.devices
        self.checkpoint, self.after_step = checkpoint, after_step
        self.writer = writer if step.devices.rank == 0 else None

    def run(self, batches: Batches, accumulate: int, progress: str | None) -> History:
        history = History() if self.checkpoint is None else self.checkpoint.begin(self.parts, self.devices)
        if history.stopped is not None:
            return history
        self.start = time.perf_counter() - history.seconds
        if self.writer is not None:
            self.writer.begin(history.steps)
        groups = self._groups(batches, accumulate)
        if self.checkpoint is not None:
            self.checkpoint.go_on()
        self.step.model.train()
        context = nullcontext() if self.checkpoint is None else Interrupt(NOTICE)
        with context as interrupt, denormals_flushed():
            self._steps(_bar(groups, progress, history.steps, _steps_of(batches, self.size)), history, interrupt)
        return history

    def _groups(self, batches: Batches, accumulate: int) -> Iterator[list[tuple[Batch, bool]]]:
        """What each step takes: the batches of this process, and whether they count."""
        done = self.parts.position
        found = batches(done) if callable(batches) else batches
        shards, stream = self.devices.shards(found), iter(found)
        if not callable(batches):
            passed = sum(1 for _ in islice(stream, done))
            if passed < done:
                raise ValueError(f"batches ends after {passed}, expected the {done} that were trained on, or more")
        self.size = accumulate * shards
        return _shares(stream, self.size, self.devices.rank if shards > 1 else 0, shards)

    def _steps(self, groups: Iterable[list[tuple[Batch, bool]]], history: History, interrupt: Interrupt | None) -> None:
        saved = history.steps
        for group in groups:
            stop = interrupt is not None and interrupt.requested
            if not self.step.take(group, history, stop):
                break
            self.parts.position += self.size
            self._after(history)
            if history.stopped is not None or self._stops(interrupt):
                break
            if self._is_due(history) and self._save(history):
                saved = history.steps
        history.seconds = time.perf_counter() - self.start
        if history.steps > saved and not history.diverged:
            self._save(history, last=True)
        if interrupt is not None and (interrupt.requested or self.step.stopping):
            raise KeyboardInterrupt

    def _is_due(self, history: History) -> bool:
        return self.checkpoint is not None and history.steps % self.checkpoint.every == 0

    def _stops(self, interrupt: Interrupt | None) -> bool:
        """Whether Ctrl-C was pressed: several processes tell each other with the next step."""
        here = self.devices.world == 1 and interrupt is not None and interrupt.requested
        return here or self.step.stopping

    def _after(self, history: History) -> None:
        scheduler = self.parts.scheduler
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(history.loss[-1])
        elif scheduler is not None:
            scheduler.step()
        if self.writer is not None:
            self.writer.step(history)
        if self.after_step is not None and self.after_step(history):
            history.stopped = f"stopped by after_step at step {history.steps}"

    def _save(self, history: History, last: bool = False) -> bool:
        history.seconds = time.perf_counter() - self.start
        return self.checkpoint is None or self.checkpoint.save(self.parts, history, self.devices, last=last)


def _shares(stream: Iterator[Batch], size: int, rank: int, shards: int) -> Iterator[list[tuple[Batch, bool]]]:
    while group := list(islice(stream, size)):
        share = [(batch, True) for batch in group[rank::shards]]
        most = -(-len(group) // shards)
        yield share + [(group[0], False)] * (most - len(share))


def _steps_of(batches: Any, size: int) -> int | None:
    return -(-len(batches) // size) if hasattr(batches, "__len__") else None


def _check(model: nn.Module, max_norm: float | None, accumulate: int) -> None:
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError("model has no parameters to train, expected at least one")
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}, expected a positive number or None")
    if accumulate < 1:
        raise ValueError(f"accumulate is {accumulate}, expected at least 1")


def _bar(groups: Iterable[Any], title: str | None, done: int, total: int | None) -> Iterable[Any]:
    """A progress bar that is silent where the output is not a terminal."""
    hidden = True if title is None else None
    bar: Iterable[Any] = tqdm(groups, desc=title, leave=False, disable=hidden, initial=done, total=total)
    return bar
