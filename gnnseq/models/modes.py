"""The mode of a model: training, or evaluation for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(model: object) -> Iterator[None]:
    """Every module of a model in evaluation mode for a while: no dropout, no batch statistics.

    Afterwards each has its previous mode, also after an error. Other objects than modules are ignored.
    """
    modes = [(module, module.training) for module in model.modules()] if isinstance(model, nn.Module) else []
    if isinstance(model, nn.Module):
        model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
