"""One step of an optimizer on one batch, or on several as if they were one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.training.devices import Devices
from gnnseq.training.history import History

Loss = Callable[[Tensor, Tensor], Tensor]
Metric = Callable[[Tensor, Tensor], tuple[float, int]]

_EPS = 1e-6  # which torch adds to the norm


class Sums(NamedTuple):
    """Totals over the targets of a step, in all processes.

    Attributes:
        loss: summed up.
        metric: summed up.
        targets: how many there were.
        stop: processes that were asked to stop.
    """

    loss: float
    metric: float
    targets: float
    stop: float


@dataclass
class Step:
    """Takes steps.

    With several batches, or processes, the gradient is that of the mean over all their targets: every batch's loss is
    weighted by its number of targets, and what was summed up is divided by the number of all. Its norm is taken,
    and clipped, after that.

    Attributes:
        model: as `Devices.setup` gives it.
        optimizer: of its parameters.
        devices: where it is.
        max_norm: gradients are scaled down to this norm.
        loss: of logits and targets, the mean over the targets that count.
        metric: of logits and targets, a sum and the number of targets that count.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    devices: Devices
    max_norm: float
    loss: Loss
    metric: Metric

    def __post_init__(self) -> None:
        self.stopping = False
        self._parameters = [p for p in self.model.parameters() if p.requires_grad]

    def take(self, batches: Sequence[tuple[Batch, bool]], history: History, stop: bool = False) -> bool:
        """A step on some batches, each with whether it counts; False where loss or gradient is not finite.

        Args:
            batches: of this process.
            history: what happened is added.
            stop: whether this process was asked to stop; all learn of it from `stopping`.
        """
        self.optimizer.zero_grad(set_to_none=True)
        weighted = len(batches) > 1 or self.devices.world > 1
        here = [0.0, 0.0, 0.0, float(stop)]
        for number, (batch, counts) in enumerate(batches, start=1):
            with self.devices.without_sync(self.model, number < len(batches)):
                found = self._gradients(self.devices.place(batch), weighted, counts)
            here[:3] = [one + other for one, other in zip(here, found, strict=False)]
        sums = Sums(*self.devices.total(here))
        self.stopping = sums.stop > 0
        mean = sums.loss / max(sums.targets, 1.0) if weighted else sums.loss
        if history.diverges("loss", mean):
            return False
        norm = self._clip(self.devices.world / max(sums.targets, 1.0) if weighted else 1.0)
        if history.diverges("gradient norm", norm):
            return False
        self._note(history, mean, sums, norm)
        self.optimizer.step()
        return True

    def _gradients(self, batch: Batch, weighted: bool, counts: bool) -> tuple[float, float, float]:
        logits = self.model(batch)
        metric, count = self.metric(logits.detach(), batch.y)
        if not weighted:
            value = self.loss(logits, batch.y)
        elif counts and count:
            value = self.loss(logits, batch.y) * count
        else:  # all processes exchange gradients, also one whose share is empty
            value, metric, count = logits.sum() * 0.0, 0.0, 0
        self.devices.backward(value)
        return value.item(), metric, count

    def _clip(self, scale: float) -> float:
        """The norm of the gradients before they are clipped."""
        if scale != 1.0:
            for parameter in self._parameters:
                if parameter.grad is not None:
                    parameter.grad.mul_(scale)
        total = nn.utils.get_total_norm([p.grad for p in self._parameters if p.grad is not None])
        norm = float(total)
        if not norm + _EPS < 0.9 * self.max_norm:  # far from the bound torch would multiply by one
            nn.utils.clip_grads_with_norm_(self._parameters, self.max_norm, total)
        return norm

    def _note(self, history: History, loss: float, sums: Sums, norm: float) -> None:
        history.loss.append(loss)
        history.accuracy.append(sums.metric / max(sums.targets, 1))
        history.grad_norm.append(norm)
        history.learning_rate.append(float(self.optimizer.param_groups[0]["lr"]))
