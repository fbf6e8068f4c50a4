"""Optimisers by name, so that a trial can say which it used."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from gnnseq.experiments.family import find_named


@dataclass(frozen=True)
class Optimizer:
    """A way to make an optimiser.

    Attributes:
        name: in tables and in a trial's key; another setting needs another name.
        make: of parameters and ``lr``.
        title: in tables and figures; the name where there is none.
    """

    name: str
    make: Callable[..., torch.optim.Optimizer]
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.name)

    def __call__(self, parameters: Iterable[Tensor], learning_rate: float) -> torch.optim.Optimizer:
        """An optimiser of these parameters."""
        return self.make(parameters, lr=learning_rate)


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
