"""Losses of two weights, which can be drawn, and the paths that optimisers take on them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gnnseq.experiments.optimizers import Optimizer

_CONDITION = 50.0  # curvature along the second weight over that along the first
_SYMBOLS, _SEQUENCES = 10, 64


@dataclass(frozen=True)
class Surface:
    """A loss of two weights.

    Attributes:
        title: in figures.
        loss: of weights ``[..., 2]``, gives ``[...]``.
        start: where every path begins.
        low: smallest weights of the part that is drawn.
        high: largest weights.
        names: of the two weights.
    """

    title: str
    loss: Callable[[Tensor], Tensor] = field(repr=False)
    start: tuple[float, float]
    low: tuple[float, float]
    high: tuple[float, float]
    names: tuple[str, str] = ("w₁", "w₂")


@dataclass(frozen=True)
class Path:
    """The path of an optimiser.

    Attributes:
        method: the optimiser.
        learning_rate: of the optimiser.
        points: weights ``[S + 1, 2]``, the start included; fewer where a loss was not finite.
        losses: at these points.
    """

    method: Optimizer
    learning_rate: float
    points: list[tuple[float, float]]
    losses: list[float]


def ravine(condition: float = _CONDITION, degrees: float = 0.0) -> Surface:
    """A quadratic ravine: f(w) = (a² + condition · b²) / 2, with a along the ravine and b across.

    Along the axes a = w₁ and b = w₂, and a rate of its own for each weight levels the ravine; turned by some degrees it
    cannot. Gradient descent and momentum do not depend on the turn.

    The best constant step of gradient descent is 2 / (1 + condition); it shrinks both weights by the factor
    (condition - 1) / (condition + 1) a step. Momentum gets (√condition - 1) / (√condition + 1) (Polyak 1964).
    """
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def loss(weights: Tensor) -> Tensor:
        along = cos * weights[..., 0] + sin * weights[..., 1]
        across = cos * weights[..., 1] - sin * weights[..., 0]
        return 0.5 * (along**2 + condition * across**2)

    start = (-4 * cos - sin, -4 * sin + cos)  # 4 along and 1 across
    turned = f", turned by {degrees:g}°" if degrees else ""
    return Surface(f"a ravine, {condition:g} times steeper across{turned}", loss, start, (-5.0, -5.0), (3.0, 3.0))


def two_weight_rnn(num_steps: int = _SYMBOLS, count: int = _SEQUENCES) -> Surface:
    """A recurrent network with two weights: h_t = tanh(w h_(t-1) + u x_t), h_0 = 0; the target is the first input.

    The first input is -1 or 1 and the others are noise of deviation 0.3; the loss is the mean of (h_T - x_1)² over
    fixed sequences. With w below 1 the influence of the first input and the gradient vanish: a plateau. Above 1 the
    state is bistable, and a steep wall separates the two.
    """
    generator = torch.Generator().manual_seed(0)
    x = 0.3 * torch.randn(num_steps, count, generator=generator, dtype=torch.float64)
    x[0] = torch.where(torch.arange(count) % 2 == 0, 1.0, -1.0)

    def loss(weights: Tensor) -> Tensor:
        w, u = weights[..., :1], weights[..., 1:]
        h = torch.zeros_like(w)
        for inputs in x:
            h = torch.tanh(w * h + u * inputs)
        return ((h - x[0]) ** 2).mean(-1)

    title = f"an RNN of two weights that remembers over {num_steps} steps"
    return Surface(title, loss, (0.8, 0.6), (-0.5, -0.5), (4.5, 3.0), ("recurrent weight w", "input weight u"))


def descend(surface: Surface, method: Optimizer, learning_rate: float, steps: int) -> Path:
    """The path of an optimiser from the surface's start, with exact gradients; it ends where a loss is not finite.

    Raises:
        ValueError: for a ``learning_rate`` that is not positive, or fewer than one step.
    """
    if not learning_rate > 0:
        raise ValueError(f"learning_rate is {learning_rate}, expected a positive number")
    if steps < 1:
        raise ValueError(f"steps is {steps}, expected at least 1")
    weights = torch.tensor(surface.start, dtype=torch.float64, requires_grad=True)
    optimizer = method([weights], learning_rate)
    points, losses = [], []
    for step in range(steps + 1):
        optimizer.zero_grad()
        loss = surface.loss(weights)
        if not math.isfinite(loss.item()):
            break
        points.append(tuple(weights.tolist()))
        losses.append(loss.item())
        if step < steps:
            loss.backward()
            optimizer.step()
    return Path(method, learning_rate, points, losses)


def best_path(surface: Surface, method: Optimizer, grid: Sequence[float], steps: int) -> Path:
    """The path whose losses have the smallest mean, over the learning rates of a grid.

    The mean over all steps rewards fast descent. Paths that leave the drawn part or end early are chosen only if all
    do.

    Raises:
        ValueError: for an empty grid.
    """
    if not grid:
        raise ValueError("grid is empty, expected at least one learning rate")
    paths = [descend(surface, method, rate, steps) for rate in grid]
    return min(paths, key=lambda path: (not inside(surface, path), -len(path.losses), sum(path.losses)))


def inside(surface: Surface, path: Path) -> bool:
    """Whether a path stays within the part that is drawn."""
    return all(a <= w <= b for point in path.points for a, w, b in zip(surface.low, point, surface.high, strict=True))
