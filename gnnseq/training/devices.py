"""Where a model trains, and how many processes share a step."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.extras import require

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_REFUSED = ("16-mixed", "16-true")  # their scaled gradients overflow on purpose, which is divergence here


class Devices:
    """One process, on the device of the model's parameters."""

    rank = 0
    world = 1
    precision = "as it is"

    def setup(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """The model and optimizer to train with."""
        self.device = next(model.parameters()).device
        return model, optimizer

    def shards(self, batches: Iterable[Batch]) -> int:
        """Number of processes that share the batches; 1 if each has its own batches already."""
        return self.world

    def place(self, batch: Batch) -> Batch:
        """The batch where the model is, a copy if it was not."""
        return placed(batch, self.device)

    def backward(self, loss: Tensor) -> None:
        """Adds the gradients of a loss."""
        loss.backward()

    def without_sync(self, model: nn.Module, enabled: bool) -> AbstractContextManager[None]:
        """Gradients of a backward pass in it stay in this process until the next one out of it."""
        return nullcontext()

    def total(self, values: Sequence[float]) -> list[float]:
        """The sums over all processes."""
        return list(values)

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes in the order of their ranks, in process 0; elsewhere it is not to be used."""
        return [value]


class FabricDevices(Devices):
    """Whatever a Lightning Fabric leads to: devices, precision and processes.

    Args:
        fabric: launched, with a strategy in which every process has the whole model.

    Raises:
        ValueError: for 16-bit floats.
    """

    def __init__(self, fabric: Fabric) -> None:
        require("lightning_fabric", "experiments")
        self.fabric = fabric
        self.rank, self.world = fabric.global_rank, fabric.world_size
        self.precision = str(fabric.strategy.precision.precision)
        if self.precision in _REFUSED:
            raise ValueError(f"fabric has the precision {self.precision}, expected 32-true, 64-true or one of bf16")

    def setup(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """The model and optimizer, wrapped unless they are."""
        from lightning_fabric.wrappers import _FabricModule

        self.device = self.fabric.device
        if isinstance(model, _FabricModule):
            return model, optimizer
        model, optimizer = self.fabric.setup(model, optimizer)
        return model, optimizer

    def shards(self, batches: Iterable[Batch]) -> int:
        """1 for a loader that Fabric has set up, which gives every process its own batches."""
        from lightning_fabric.wrappers import _FabricDataLoader

        return 1 if isinstance(batches, _FabricDataLoader) else self.world

    def place(self, batch: Batch) -> Batch:
        """The batch on the device, a copy if it was not; with a model of bfloat16 a copy with features of it."""
        batch = placed(batch, self.device)
        if self.precision != "bf16-true":
            return batch
        y = batch.y
        batch = copy.copy(batch).apply(lambda value: value.bfloat16() if value.is_floating_point() else value)
        batch.y = y
        return batch

    def backward(self, loss: Tensor) -> None:
        """Adds the gradients of a loss, of the mean over all processes."""
        self.fabric.backward(loss)

    def without_sync(self, model: nn.Module, enabled: bool) -> AbstractContextManager[None]:
        """As in a single process; the gradients are exchanged once, with those of the last batch."""
        context: AbstractContextManager[None] = self.fabric.no_backward_sync(model, enabled=enabled)  # type: ignore[arg-type]
        return context

    def total(self, values: Sequence[float]) -> list[float]:
        """The sums over all processes."""
        if self.world == 1:
            return list(values)
        here = torch.tensor(values, dtype=torch.float64, device=self.device)
        sums: list[float] = self.fabric.all_reduce(here, reduce_op="sum").tolist()  # type: ignore[union-attr]
        return sums

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes, in process 0."""
        if self.world == 1:
            return [value]
        found: list[Any] | None = [None] * self.world if self.rank == 0 else None
        torch.distributed.gather_object(value, found)
        return found or []


def placed(batch: Batch, device: torch.device) -> Batch:
    """The batch if all its values are on the device, else a copy there; ``Batch.to`` would move the caller's own."""
    values = [value for store in batch.stores for value in store.values()]
    if all(isinstance(value, Tensor) and value.device == device for value in values):
        return batch
    return copy.copy(batch).to(device)


def original(model: nn.Module) -> nn.Module:
    """The model itself, whatever a Fabric wrapped around it."""
    found: nn.Module = getattr(model, "_original_module", model)
    return found
