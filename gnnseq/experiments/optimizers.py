"""Optimisers by name, so that a trial can say which it used."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn


@dataclass(frozen=True)
class Optimizer:
    """A way to make an optimiser.

    Attributes:
        name: in tables and in a trial's key; another setting needs another name.
        make: of parameters and ``lr``.
    """

    name: str
    make: Callable[..., torch.optim.Optimizer]

    def __call__(self, parameters: Iterable[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
        """An optimiser of these parameters."""
        return self.make(parameters, lr=learning_rate)


ADAM = Optimizer("adam", torch.optim.Adam)
RMSPROP = Optimizer("rmsprop", torch.optim.RMSprop)
SGD = Optimizer("sgd", torch.optim.SGD)
MOMENTUM = Optimizer("momentum", partial(torch.optim.SGD, momentum=0.9))
OPTIMIZERS = (ADAM, RMSPROP, SGD, MOMENTUM)
