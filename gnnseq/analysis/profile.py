"""Influence against distance: how far a model looks in fact."""

from typing import NamedTuple

import torch
from torch import Tensor

from gnnseq.extras import require


def by_distance(influence: Tensor, hops: Tensor, max_hops: int | None = None) -> Tensor:
    r"""The influence of all inputs at each distance, :math:`T_h(v) = \sum_{u: d(u, v) = h} I(v, u)`.

    Args:
        influence: ``[N_out, N_in]``, as `gnnseq.analysis.influence` gives it.
        hops: distances ``[N_out, N_in]``, as `hop_distance` gives them; -1 where there is no way, which is left out.
        max_hops: the last distance; the largest that occurs if None.

    Returns:
        ``[N_out, max_hops + 1]``.

    Raises:
        ValueError: if the shapes differ.
    """
    if influence.shape != hops.shape:
        raise ValueError(f"influence has shape {list(influence.shape)} and hops {list(hops.shape)}, expected the same")
    last = max_hops if max_hops is not None else int(hops.max()) if hops.numel() else 0
    far = (hops < 0) | (hops > last)
    profile = influence.new_zeros(influence.size(0), last + 1)
    return profile.scatter_add(1, hops.clamp(0, last), influence.masked_fill(far, 0.0))


def influence_range(profile: Tensor) -> float:
    r"""The mean distance of influence.

    .. math:: R = \frac1{|V|} \sum_v \frac{\sum_h h\, T_h(v)}{\sum_h T_h(v)}

    (Liang et al. 2025, https://arxiv.org/abs/2503.09008). A row without any influence has no distance and is left out
    of the mean; without any other row the range is 0.

    Args:
        profile: T ``[N_out, H + 1]``, as `by_distance` gives it.
    """
    total = profile.sum(1)
    seen = profile[total > 0] / total[total > 0].unsqueeze(1)
    if len(seen) == 0:
        return 0.0
    return float((seen @ torch.arange(profile.size(1), dtype=profile.dtype)).mean())


def effective_field(profile: Tensor, share: float = 0.95) -> Tensor:
    """The smallest distance within which a share of each output's influence lies.

    Args:
        profile: T ``[N_out, H + 1]``.
        share: of all influence, above 0 and at most 1.

    Returns:
        ``[N_out]`` (int64), 0 for a row without influence.

    Raises:
        ValueError: for a share outside its bounds.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}, expected 0 < share <= 1")
    within = profile.cumsum(1)
    needed = share * within[:, -1:]
    return (within < needed).sum(1).clamp(max=profile.size(1) - 1)


class Interval(NamedTuple):
    """A mean and the bounds of its confidence interval, each in the shape of one sample."""

    mean: Tensor
    low: Tensor
    high: Tensor


def mean_interval(samples: Tensor, confidence: float = 0.95) -> Interval:
    """Mean over samples or seeds with Student's t interval; needs scipy.

    Args:
        samples: one in each row ``[S, ...]``.
        confidence: probability that the interval covers the mean, between 0 and 1.

    Raises:
        ValueError: for fewer than two samples, or a confidence outside its bounds.
    """
    count = samples.size(0)
    if count < 2:
        raise ValueError(f"samples holds {count}, expected at least 2")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, expected 0 < confidence < 1")
    stats = require("scipy.stats", "experiments")
    half = samples.std(0) * float(stats.t.ppf((1 + confidence) / 2, count - 1)) / count**0.5
    mean = samples.mean(0)
    return Interval(mean, mean - half, mean + half)
