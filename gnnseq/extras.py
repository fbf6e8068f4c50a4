"""Packages that come with an extra, imported where they are used."""

from importlib import import_module
from types import ModuleType
from typing import Literal

Extra = Literal["cluster", "experiments", "scatter", "tensorboard"]


def require(module: str, extra: Extra) -> ModuleType:
    """Imports a module that gnnseq does not install by itself.

    Args:
        module: dotted name, e.g. ``"scipy.stats"``.
        extra: the extra of gnnseq that installs it.

    Raises:
        ImportError: if the module's package is missing; the message names the extra.
            A fault inside an installed package is passed on as it is.
    """
    package = module.partition(".")[0]
    try:
        import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ImportError(
            f'{package} is not installed; it comes with: pip install "gnnseq[{extra}]"',
            name=package,
        ) from error
    return import_module(module)
