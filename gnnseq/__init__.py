"""Sequences, trees and signals as graphs: recurrent and graph networks on the same batch.

The subpackages are imported when they are first used, so ``import gnnseq`` costs nothing.
"""

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

_SUBPACKAGES = (
    "analysis",
    "data",
    "experiments",
    "graphs",
    "layers",
    "models",
    "ops",
    "page",
    "plots",
    "results",
    "runs",
    "studies",
    "training",
)


def __getattr__(name: str) -> ModuleType:
    if name in _SUBPACKAGES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBPACKAGES})
