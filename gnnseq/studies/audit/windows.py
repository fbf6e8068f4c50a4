"""All windows of a part of a series, with the values at some leads after them."""

from collections.abc import Sequence

import torch
from torch import Tensor


def windows(
    values: Tensor, length: int, leads: Sequence[int], part: tuple[int, int], inside: bool = False
) -> tuple[Tensor, Tensor]:
    r"""Histories of L steps that end at t, and the values at :math:`t + k` for every lead k, for all t of a part.

    A target counts if its step lies in the part, for each lead separately, so models with different histories have the
    same targets. Windows without such a target are left out.

    Args:
        values: series ``[T, N]``.
        length: steps L of a history.
        leads: k, in steps after the last one of the history, each at least 1.
        part: first step, and the step after the last.
        inside: whether histories must lie in the part too; otherwise they may begin before it.

    Returns:
        Histories ``[M, N, L]`` in the order of time, and targets ``[M, N, K]``, NaN if they do not count.

    Raises:
        ValueError: for a part without a window.
    """
    begin, end = part
    first = max(length - 1, begin + length - 1 if inside else begin - max(leads))
    last = torch.arange(first, max(first, end - min(leads)))
    if not len(last):
        raise ValueError(f"part is steps {begin} to {end - 1}, expected room for {length} steps and {min(leads)} more")
    x = values[(last - length + 1).unsqueeze(1) + torch.arange(length)].transpose(1, 2)
    asked = last.unsqueeze(1) + torch.tensor(leads)  # [M, K]
    counted = (asked >= begin) & (asked < end)
    y = values[asked.clamp(max=len(values) - 1)].transpose(1, 2)
    return x, y.masked_fill(~counted.unsqueeze(1), torch.nan)
