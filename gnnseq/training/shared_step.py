"""One step on several batches as if they were one: one after the other, or in several processes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from gnnseq.training.devices import FabricDevices
from gnnseq.training.history import History
from gnnseq.training.metrics import correct
from gnnseq.training.step import Loss, Metric, Step, with_targets

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class SharedStep(Step):
    """A step on ``accumulate`` batches in each of the processes of a Fabric.

    The gradient is that of the mean over all their targets: every batch's loss is weighted by its number of targets,
    and what was summed up is divided by the number of all. Its norm is taken, and clipped, after that.

    Every process is given the same batches and takes its share: process r of P takes every P-th one from the r-th on,
    so that a step is one on ``accumulate * P`` batches.

    Args:
        loss: see `Step`.
        metric: see `Step`.
        max_norm: see `Step`.
        accumulate: batches of a step in each process.
        fabric: a launched `lightning_fabric.Fabric` with devices, precision and processes; None is this process.

    Raises:
        ValueError: as `Step`, for ``accumulate`` under 1, and for a Fabric with 16-bit floats.
    """

    def __init__(
        self,
        loss: Loss = cross_entropy,
        metric: Metric = correct,
        max_norm: float | None = 10.0,
        accumulate: int = 1,
        fabric: "Fabric | None" = None,
    ) -> None:
        super().__init__(loss, metric, max_norm)
        if accumulate < 1:
            raise ValueError(f"accumulate is {accumulate}, expected at least 1")
        self.accumulate = accumulate
        if fabric is not None:
            self.devices = FabricDevices(fabric)
        self._asked = self._stopping = False

    def groups(self, stream: Iterator[Batch], source: Iterable[Batch]) -> Iterator[Any]:
        """The batches of this process, each with whether it counts: a share may be smaller than others."""
        shards = self.devices.shards(source)
        self.size = self.accumulate * shards
        return self._shares(stream, self.devices.rank if shards > 1 else 0, shards)

    def _shares(self, stream: Iterator[Batch], rank: int, shards: int) -> Iterator[list[tuple[Batch, bool]]]:
        while group := list(islice(stream, self.size)):
            share = [(batch, True) for batch in group[rank::shards]]
            most = -(-len(group) // shards)
            yield share + [(group[0], False)] * (most - len(share))

    def take(self, batch: Any, history: History) -> bool:
        """As `Step.take`, on some batches."""
        self._forget()
        weighted = len(batch) > 1 or self.devices.world > 1
        here = [0.0, 0.0, 0.0, 0.0, float(self._asked)]
        for number, (part, counts) in enumerate(batch, start=1):
            with self.devices.without_sync(self.model, number < len(batch)):
                found = self._gradients(part, weighted, counts)
            here[:4] = [one + other for one, other in zip(here, found, strict=False)]
        loss, metric, targets, skipped, stop = self.devices.total(here)  # sums over the targets of all processes
        self._stopping = stop > 0
        history.skipped += int(skipped)
        if not targets and skipped:
            return True
        mean = loss / max(targets, 1.0) if weighted else loss
        if weighted:
            self._scale(self.devices.world / max(targets, 1.0))
        norm = self.clip()
        if history.diverges("loss", mean) or history.diverges("gradient norm", norm):
            return False
        history.add(mean, metric / max(targets, 1.0), norm, self.optimizer.param_groups[0]["lr"])
        self.optimizer.step()
        return True

    def _gradients(self, batch: Batch, weighted: bool, counts: bool) -> tuple[float, float, int, int]:
        batch = self.devices.place(with_targets(batch))
        logits = self.model(batch)
        metric, count = self.metric(logits.detach(), batch.y)
        skipped = int(counts and not count)
        if counts and count:
            loss = self.loss(logits, batch.y)
            value = loss * count if weighted else loss
        else:  # all processes exchange gradients, also one whose share is empty
            value, metric, count = logits.sum() * 0.0, 0.0, 0
        self.devices.backward(value)
        return value.item(), metric, count, skipped

    def _scale(self, factor: float) -> None:
        for parameter in self.parameters:
            if parameter.grad is not None and factor != 1.0:
                parameter.grad.mul_(factor)

    def stops(self, asked: bool) -> bool:
        """Several processes tell each other with the next step, and stop together after it."""
        self._asked = asked
        return self._stopping or (asked and self.devices.world == 1)

    @property
    def settings(self) -> dict[str, Any]:
        """What decides a step, as plain values."""
        return super().settings | {"accumulate": self.accumulate, "processes": self.devices.world}
