"""A whole training step of the comparison, against the forward and backward pass of its model alone."""

from collections.abc import Callable
from copy import deepcopy
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from benchmarks.row import Row, Side
from gnnseq.experiments import SEQUENCE_FAMILIES, PalindromeTask, Trial, find_family
from gnnseq.experiments.run import build
from gnnseq.training import Step, fit

LENGTH, STEPS = 20, 10  # the longest palindrome of the defaults; steps in one measurement


class Training:
    """One family of the comparison with the settings of its defaults."""

    def __init__(self, name: str) -> None:
        family = find_family(name)
        trial = Trial(PalindromeTask(LENGTH), family, learning_rate=1e-5)
        self.model, _ = build(trial)
        self.optimizer = trial.settings.optimizer(self.model.parameters(), trial.rate)
        self.batches = partial(trial.task.batches, family.view, trial.seed, "train", trial.settings.batch_size)
        self.batch = next(self.batches(1)).to(torch.get_default_device())
        self.max_norm = trial.settings.max_norm

    def whole(self) -> None:
        """Batches, forward, loss, backward, clipping, step, accuracy."""
        fit(self.model, self.batches(STEPS), self.optimizer, step=Step(max_norm=self.max_norm))

    def alone(self) -> None:
        """Forward and backward on a batch that is there already."""
        for _ in range(STEPS):
            _pass(self.model, self.batch)

    def first(self) -> dict[str, Tensor]:
        """Loss and gradient norm of the first whole step, taken by a copy."""
        model = deepcopy(self.model)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
        history = fit(model, self.batches(1), optimizer, step=Step(max_norm=self.max_norm))
        return {"loss": torch.tensor(history.loss), "norm": torch.tensor(history.grad_norm)}

    def first_alone(self) -> dict[str, Tensor]:
        """The same of a bare pass."""
        model = deepcopy(self.model)
        loss = _pass(model, self.batch)
        norm = nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
        return {"loss": loss.detach().view(1), "norm": norm.view(1)}


def _pass(model: nn.Module, batch: Batch) -> Tensor:
    model.zero_grad(set_to_none=True)
    loss = cross_entropy(model(batch), batch.y)
    loss.backward()
    return loss


def make(names: list[str]) -> tuple[Side, Side]:
    """Steps of some families, one after the other."""
    families = [Training(name) for name in names]
    whole: list[Callable[[], None]] = [family.whole for family in families]
    alone: list[Callable[[], None]] = [family.alone for family in families]
    return (
        Side(lambda: [run() for run in whole], lambda: _named(names, [family.first() for family in families])),
        Side(lambda: [run() for run in alone], lambda: _named(names, [family.first_alone() for family in families])),
    )


def _named(names: list[str], found: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {f"{name}.{key}": value for name, values in zip(names, found, strict=True) for key, value in values.items()}


def rows() -> list[Row]:
    """All families of the comparison together, and each by itself."""
    names, bound = [family.name for family in SEQUENCE_FAMILIES], 1 / 1.08
    work = f"{STEPS} training steps of compare_rnn_vs_gnn.py, length {LENGTH}"
    peer = "forward and backward alone"
    together = Row("training", f"{work}, every model", peer, {1: bound, 2: bound}, partial(make, names))
    return [together, *(Row(f"training-{name}", f"{work}, {name}", peer, {}, partial(make, [name])) for name in names)]
