"""Signals on the nodes of a graph over time: made, read from CSV, standardised and cut into windows."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Signals:
    """Series on the nodes of a graph, standardised by their past.

    Attributes:
        values: z-scores ``[T, N]``, each node by the mean and deviation of its training part.
        adjacency: weights ``[N, N]``, symmetric, zero on the diagonal.
        names: one per node.
        noise: mean squared error of the best possible one-step forecast, where it is known.
    """

    values: Tensor
    adjacency: Tensor
    names: list[str]
    noise: float | None = None

    @property
    def validation(self) -> int:
        """First step of the validation part: the last 10 % before the test part."""
        return self.test - len(self.values) // 10

    @property
    def test(self) -> int:
        """First step of the test part: the last 20 %."""
        return int(0.8 * len(self.values))


def standardised(series: Tensor, adjacency: Tensor, names: list[str], noise: float | None = None) -> Signals:
    """Z-scores every node by its first 80 % of steps, so that nothing of the test part is known.

    Args:
        series: ``[T, N]``, at least 20 steps.
        adjacency: weights ``[N, N]``; self-loops are dropped, the larger weight of two directions counts.
        names: one per node.
        noise: variance of the noise in the units of ``series``, where it is known and the same at all nodes.

    Raises:
        ValueError: for shapes that do not fit, values that are not finite, or negative weights.
    """
    steps, nodes = series.shape
    if steps < 20:
        raise ValueError(f"series has {steps} steps, expected at least 20")
    if adjacency.shape != (nodes, nodes):
        raise ValueError(f"adjacency has shape {list(adjacency.shape)}, expected [{nodes}, {nodes}]: one node a series")
    for name, value in (("series", series), ("adjacency", adjacency)):
        if not bool(torch.isfinite(value).all()):
            raise ValueError(f"{name} holds values that are not finite")
    if bool((adjacency < 0).any()):
        raise ValueError("adjacency holds negative weights, expected >= 0")
    past = series[: int(0.8 * steps)].double()
    deviation = past.std(0, correction=0)
    deviation = torch.where(deviation > 0, deviation, 1.0)
    values = ((series.double() - past.mean(0)) / deviation).float()
    both = torch.maximum(adjacency, adjacency.t()).float().fill_diagonal_(0.0)
    relative = None if noise is None else float((noise / deviation**2).mean())
    return Signals(values, both, names, relative)


def spreading_signals(num_nodes: int = 40, num_steps: int = 800, seed: int = 0, strength: float = 0.95) -> Signals:
    r"""Signals that spread over a random geometric graph, where the graph matters by construction.

    .. math:: x_{t+1} = \rho D^{-1/2} A D^{-1/2} x_t + \epsilon_t, \qquad \epsilon_t \sim N(0, 1)

    A node's next value depends on its neighbours alone: its own past says something about it only through them. The
    best forecast knows A and errs by the noise.

    Args:
        num_nodes: nodes, placed at random in the unit square; each is joined to its four nearest.
        num_steps: steps T.
        seed: of the graph and the noise.
        strength: the factor ρ, below 1 so that signals stay bounded.

    Raises:
        ValueError: for fewer than six nodes, or a strength outside (0, 1).
    """
    if num_nodes < 6:
        raise ValueError(f"num_nodes is {num_nodes}, expected at least 6")
    if not 0.0 < strength < 1.0:
        raise ValueError(f"strength is {strength}, expected 0 < strength < 1")
    generator = torch.Generator().manual_seed(seed)
    place = torch.rand(num_nodes, 2, generator=generator, dtype=torch.float64)
    nearest = torch.cdist(place, place).fill_diagonal_(torch.inf).topk(4, largest=False).indices
    adjacency = torch.zeros(num_nodes, num_nodes, dtype=torch.float64).scatter_(1, nearest, 1.0)
    adjacency = torch.maximum(adjacency, adjacency.t())
    scale = adjacency.sum(1).rsqrt()
    spread = strength * scale.unsqueeze(1) * adjacency * scale
    x = torch.zeros(num_nodes, dtype=torch.float64)
    steps = []
    for noise in torch.randn(num_steps + 100, num_nodes, generator=generator, dtype=torch.float64):
        x = spread @ x + noise
        steps.append(x)
    names = [f"node {v}" for v in range(num_nodes)]
    return standardised(torch.stack(steps[100:]), adjacency, names, noise=1.0)


def read_signals(series: str | Path, adjacency: str | Path) -> Signals:
    """Reads series and the graph that joins them.

    Args:
        series: CSV with a row of names, then one row per step and one column per node.
        adjacency: CSV without a header, one row and one column per node.

    Raises:
        ValueError: for a cell that is no number (named with its line), rows of different lengths, or shapes that do
            not fit.
    """
    names, values = _read_table(Path(series), header=True)
    _, weights = _read_table(Path(adjacency), header=False)
    return standardised(values, weights, names)


def windows(values: Tensor, starts: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Windows of a series and what follows each of their steps.

    Args:
        values: ``[T, N]``.
        starts: first step of each window ``[B]``.
        length: steps of a window L.

    Returns:
        Inputs ``[B, N, L, 1]``, and the next values ``[B, N, L]``.
    """
    steps = starts.unsqueeze(1) + torch.arange(length + 1)
    found = values[steps].transpose(1, 2)  # [B, N, L + 1]
    return found[..., :-1].unsqueeze(-1), found[..., 1:]


def _read_table(path: Path, header: bool) -> tuple[list[str], Tensor]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    names = rows.pop(0) if header and rows else []
    if not rows:
        raise ValueError(f"{path} holds no rows of numbers")
    width = len(names) if header else len(rows[0])
    table = np.empty((len(rows), width))
    for number, row in enumerate(rows, start=1 + header):
        if len(row) != width:
            raise ValueError(f"{path}, line {number}: {len(row)} cells, expected {width}")
        try:
            table[number - 1 - header] = [float(cell) for cell in row]
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}, expected numbers") from None
    return names, torch.from_numpy(table)
