"""What a benchmark compares: one piece of work, done by gnnseq and by a peer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Results = Mapping[str, Tensor]


class AbsentError(Exception):
    """A peer that is not installed."""


@dataclass(frozen=True)
class Side:
    """One of the two that are compared.

    Attributes:
        run: the work; this is timed.
        results: outputs and gradients of one more run, under names that both sides share.
    """

    run: Callable[[], object]
    results: Callable[[], Results]


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        name: for the command line.
        work: what is done.
        peer: the other implementation.
        goal: how many times faster to be, by number of threads; below 1 for a bound on slowness.
        make: both sides, gnnseq's first, from the same numbers. Raises `AbsentError` where the peer is not installed.
        memory: how many times less memory to take at the peak, where there is a figure for it.
        tolerance: largest difference of results, relative to the largest value of each.
        flops: of our matrix products, where they hide in a fused kernel that cannot be counted.
    """

    name: str
    work: str
    peer: str
    goal: Mapping[int, float]
    make: Callable[[], tuple[Side, Side]]
    memory: float | None = None
    tolerance: float = 2e-4
    flops: float | None = None


def agree(ours: Results, theirs: Results, tolerance: float) -> dict[str, float]:
    """The largest relative difference under each name.

    Raises:
        ValueError: where names or shapes differ, a value is not finite, or a difference is over the tolerance.
    """
    if set(ours) != set(theirs):
        raise ValueError(f"results are {sorted(ours)} and {sorted(theirs)}")
    errors = {}
    for name, value in ours.items():
        other = theirs[name]
        if value.shape != other.shape:
            raise ValueError(f"{name} has shape {list(value.shape)}, the peer's has {list(other.shape)}")
        scale = float(other.abs().max()) if other.numel() else 1.0
        error = float((value - other).abs().max()) / (scale or 1.0) if value.numel() else 0.0
        if not error <= tolerance:
            raise ValueError(f"{name} differs by {error:.1e} of its largest value, expected at most {tolerance:.0e}")
        errors[name] = error
    return errors


def gradients(run: Callable[[], Tensor], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The output of a run that goes backward by itself, and the gradients it leaves."""
    for weight in weights.values():
        weight.grad = None
    found = {"output": run().detach()}
    for name, weight in weights.items():
        assert weight.grad is not None, name
        found[name] = weight.grad.clone()
        weight.grad = None
    return found


def backward(module: torch.nn.Module, out: Tensor, grad: Tensor) -> Tensor:
    """Goes back from an output to fresh gradients of a module's weights."""
    module.zero_grad(set_to_none=True)
    out.backward(grad)
    return out
