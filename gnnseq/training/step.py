"""One step of an optimizer on one batch."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from gnnseq.training.devices import Devices
from gnnseq.training.history import History
from gnnseq.training.metrics import correct

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
Metric: TypeAlias = Callable[[Tensor, Tensor], tuple[float, int]]

_EPS = 1e-6  # which torch adds to the norm


class Step:
    """Forward, loss, backward, clip, step, record: what `gnnseq.training.fit` does with every batch.

    Clipping the norm of the gradients bounds exploding gradients only; it does nothing for vanishing ones.

    Args:
        loss: of logits and targets, the mean over the targets that count.
        metric: of logits and targets, a sum over the targets that count and their number; right answers by default.
        max_norm: gradients are scaled down to this norm if theirs is larger; None never scales.

    Raises:
        ValueError: for a ``max_norm`` that is not positive.
    """

    size = 1  # batches of a step, in all processes

    def __init__(self, loss: Loss = cross_entropy, metric: Metric = correct, max_norm: float | None = 10.0) -> None:
        if max_norm is not None and not max_norm > 0:
            raise ValueError(f"max_norm is {max_norm}, expected a positive number or None")
        self.loss, self.metric, self.max_norm = loss, metric, max_norm
        self.devices = Devices()

    def setup(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Takes a model, and an optimizer of its parameters; both are wrapped where the devices need it.

        Raises:
            ValueError: for a model without parameters.
        """
        if not any(p.requires_grad for p in model.parameters()):
            raise ValueError("model has no parameters to train, expected at least one")
        self.model, self.optimizer = self.devices.setup(model, optimizer)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]

    def take(self, batch: Any, history: History) -> bool:
        """A step, which the history records; False where loss or gradient is not finite, and the weights stay.

        A batch without targets takes no step and is counted in ``history.skipped``.

        Raises:
            ValueError: for a batch without ``y``.
        """
        batch = self.devices.place(with_targets(batch))
        self._forget()
        logits = self.model(batch)
        metric, targets = self.metric(logits.detach(), batch.y)
        if not targets:
            history.skipped += 1
            return True
        loss = self.loss(logits, batch.y)
        loss.backward()
        norm = self.clip()
        if history.diverges("loss", loss.item()) or history.diverges("gradient norm", norm):
            return False
        history.add(loss.item(), metric / targets, norm, self.optimizer.param_groups[0]["lr"])
        self.optimizer.step()
        return True

    def _forget(self) -> None:
        """Drops all gradients, as `Optimizer.zero_grad`, which first tells torch's profiler and so takes longer."""
        for group in self.optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def clip(self) -> float:
        """The norm of the gradients before they are scaled down to ``max_norm``."""
        total = nn.utils.get_total_norm([p.grad for p in self.parameters if p.grad is not None])
        norm = float(total)
        if self.max_norm is not None and not norm + _EPS < 0.9 * self.max_norm:  # else torch would multiply by one
            nn.utils.clip_grads_with_norm_(self.parameters, self.max_norm, total)
        return norm

    def groups(self, stream: Iterator[Batch], source: Iterable[Batch]) -> Iterator[Any]:
        """What each step takes of the batches that are left of a source."""
        return stream

    def stops(self, asked: bool) -> bool:
        """Whether training stops after this step, in any process."""
        return asked

    @property
    def settings(self) -> dict[str, Any]:
        """What decides a step, as plain values."""
        return {"max_norm": self.max_norm, "accumulate": 1, "processes": 1, "precision": self.devices.precision}


def with_targets(batch: Batch) -> Batch:
    """The batch.

    Raises:
        ValueError: if it has no ``y``.
    """
    if batch.y is None:
        raise ValueError(f"batch has no y, expected a target for every graph or node: {batch}")
    return batch
