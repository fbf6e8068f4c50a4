"""One loop that trains any model on batches."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import islice
from typing import Any, TypeAlias

import torch
from torch import nn
from torch_geometric.data import Batch

from gnnseq.training.callbacks import AfterStep, Callback, Callbacks
from gnnseq.training.checkpoints.checkpoint import Checkpoint, Unsaved
from gnnseq.training.checkpoints.parts import Parts, Scheduler
from gnnseq.training.denormals import denormals_flushed
from gnnseq.training.history import History
from gnnseq.training.interrupt import Interrupt
from gnnseq.training.metrics import IGNORED
from gnnseq.training.step import Step

Batches: TypeAlias = Iterable[Batch] | Callable[[int], Iterable[Batch]]
_NOTICE = "Stopping after this step, with a checkpoint; press Ctrl-C again to stop at once."


def fit(
    model: nn.Module,
    batches: Batches,
    optimizer: torch.optim.Optimizer,
    *,
    step: Step | None = None,
    scheduler: Scheduler | None = None,
    callbacks: Sequence[Callback | AfterStep] = (),
    checkpoint: Checkpoint | None = None,
) -> History:
    """Trains a model, one step per batch, until the batches end.

    With a checkpoint, ``batches`` are those of the whole training, and steps done before are skipped: on the CPU
    the result is bit by bit that of a training without a break, if batch k depends on k, on separate generators or
    on those of the checkpoint. A first Ctrl-C or SIGTERM then saves and raises KeyboardInterrupt after the step.

    Inside, numbers too small for quick arithmetic count as zero: see `denormals_flushed`.

    Args:
        model: ``model(batch) -> logits``.
        batches: training batches with targets ``y``, or a function of a number that gives those from that number on,
            such as `Epochs`.
        optimizer: of the model's parameters.
        step: what is done with a batch, with loss, metric and clipping; `Step` by default. A `SharedStep` takes
            several batches, in several processes.
        scheduler: of the optimizer's learning rate; moved on after every step, ReduceLROnPlateau with its loss.
        callbacks: called after every step: a `Callback`, or a function of the history; True stops training.
        checkpoint: where the training is saved and resumed.

    Returns:
        The history. A loss that is not finite stops training before it reaches the weights, and is recorded. A batch
        without targets takes no step, and is counted.

    Raises:
        ValueError: for a model without parameters, batches without ``y`` or without any target, or a checkpoint of
            another training.
    """
    step = step or Step()
    step.setup(model, optimizer)
    told = Callbacks(callbacks, first=step.devices.rank == 0)
    parts = Parts(step.model, step.optimizer, scheduler, told, step.settings)
    saver = checkpoint or Unsaved()
    history = saver.begin(parts, step.devices)
    if history.stopped is not None:
        return history
    groups = _groups(batches, parts.position, step)
    saver.go_on()
    step.model.train()
    interrupt = Interrupt(_NOTICE)
    with interrupt if checkpoint else nullcontext(), told.told(history), denormals_flushed():
        start = time.perf_counter() - history.seconds
        for group in groups:
            before = history.steps
            if not step.take(group, history):
                break
            parts.position += step.size
            taken = history.steps > before
            if taken:
                history.seconds = time.perf_counter() - start
                parts.step(history)
            if step.stops(interrupt.requested) or history.stopped is not None:
                break
            if taken:
                saver.step(history)
        history.seconds = time.perf_counter() - start
        saver.end(history)
        if interrupt.requested or step.stops(False):
            raise KeyboardInterrupt
    if history.skipped and not history.steps and not history.diverged:
        raise ValueError(f"batches hold no targets, expected at least one that is not {IGNORED}")
    return history


def _groups(batches: Batches, done: int, step: Step) -> Iterator[Any]:
    """What each step takes, behind the batches that were done before."""
    source = batches(done) if callable(batches) else batches
    stream = iter(source)
    if not callable(batches):
        passed = sum(1 for _ in islice(stream, done))
        if passed < done:
            raise ValueError(f"batches ends after {passed}, expected the {done} that were trained on, or more")
    return step.groups(stream, source)
