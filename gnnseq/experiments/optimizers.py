"""Optimisers by name, so that a trial can say which it used."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from gnnseq.experiments.family import find_named


@dataclass(frozen=True)
class Optimizer:
    """A way to make an optimiser.

    Attributes:
        name: in tables and in a trial's key; another setting needs another name.
        make: of parameters and ``lr``.
        title: in tables and figures; the name by default.
        groups: makes a model's parameter groups with their settings; None for one group.
    """

    name: str
    make: Callable[..., torch.optim.Optimizer]
    title: str = ""
    groups: Callable[[nn.Module], Iterable[Any]] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.name)

    def __call__(self, parameters: Iterable[Tensor], learning_rate: float) -> torch.optim.Optimizer:
        """An optimiser of these parameters."""
        return self.make(parameters, lr=learning_rate)

    def of(self, model: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
        """An optimiser of a model's parameters."""
        return self(model.parameters() if self.groups is None else self.groups(model), learning_rate)


@dataclass(frozen=True)
class Schedule:
    """How a learning rate changes in training.

    Attributes:
        name: in a trial's key; another function needs another name.
        factor: of the share of the steps that are done, 0 to 1; the learning rate is multiplied by it.
    """

    name: str
    factor: Callable[[float], float]

    def of(self, optimizer: torch.optim.Optimizer, steps: int) -> LambdaLR:
        """What moves an optimiser's rates after every step of so many."""
        return LambdaLR(optimizer, lambda step: self.factor(step / steps))


def falling(rounds: int) -> Schedule:
    """A learning rate that falls linearly to a twentieth, in equal steps, one a round."""
    return Schedule(f"linear in {rounds} rounds", lambda done: max(0.05, 1 - int(done * rounds + 1e-9) / rounds))


ADAM = Optimizer("adam", partial(torch.optim.Adam, fused=True), "Adam")  # one kernel for all weights
RMSPROP = Optimizer("rmsprop", torch.optim.RMSprop, "RMSprop")
SGD = Optimizer("sgd", torch.optim.SGD, "SGD")
MOMENTUM = Optimizer("momentum", partial(torch.optim.SGD, momentum=0.9), "SGD with momentum 0.9")
OPTIMIZERS = (ADAM, RMSPROP, SGD, MOMENTUM)


def find_optimizer(name: str) -> Optimizer:
    """The optimiser of a name.

    Raises:
        ValueError: for an unknown name, with the nearest known one.
    """
    return find_named(name, OPTIMIZERS, "optimizer")
