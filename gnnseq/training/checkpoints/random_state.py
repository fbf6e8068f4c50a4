"""The state of every generator of random numbers, as plain values."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

Generators = Mapping[str, torch.Generator]


def random_state(generators: Generators | None = None) -> dict[str, Any]:
    """The states of torch, CUDA (where it is in use), NumPy and Python, and of further generators by name."""
    numpy: Any = np.random.get_state(legacy=True)  # noqa: NPY002
    kind, keys, position, has_gauss, gauss = numpy
    cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if cuda else [],
        "numpy": [str(kind), torch.from_numpy(keys.astype(np.int64)), int(position), int(has_gauss), float(gauss)],
        "python": random.getstate(),
        "generators": {name: generator.get_state() for name, generator in (generators or {}).items()},
    }


def set_random_state(state: Mapping[str, Any], generators: Generators | None = None) -> None:
    """Restores the state at the call of `random_state`.

    Raises:
        ValueError: if a generator is missing on one of the sides.
    """
    generators = generators or {}
    if state["generators"].keys() != generators.keys():
        raise ValueError(
            f"generators is {sorted(generators)}, expected those of the saved state: {sorted(state['generators'])}"
        )
    torch.set_rng_state(state["torch"])
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    for name, generator in generators.items():
        generator.set_state(state["generators"][name])
