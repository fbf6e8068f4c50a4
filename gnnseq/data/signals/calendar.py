"""Features of the calendar for each step."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

_DAY = 86_400.0


def calendar(times: npt.NDArray[np.datetime64]) -> Tensor:
    r"""Time of day and day of week as points on circles, so that 23:59 is near 0:00 and Sunday near Monday.

    .. math:: \left(\sin 2\pi d, \cos 2\pi d, \sin 2\pi w, \cos 2\pi w\right)

    with d the part of the day and w the part of the week that have passed, from 0 to 1.

    Args:
        times: of the steps ``[T]``, datetime64, such as ``read_series(...).times``.

    Returns:
        Features ``[T, 4]``, for ``standardised(..., features=calendar(times))``.

    Raises:
        ValueError: for another shape or dtype, or a missing time (NaT).
    """
    times = np.asarray(times)
    if times.ndim != 1 or times.dtype.kind != "M":
        raise ValueError(f"times has shape {list(times.shape)} and dtype {times.dtype}, expected datetime64 [T]")
    if np.isnat(times).any():
        raise ValueError(f"times[{int(np.isnat(times).argmax())}] is NaT, expected a time")
    monday = np.datetime64("1970-01-05T00:00:00", "us")  # nanoseconds end in 2262
    seconds = torch.from_numpy((times - monday) / np.timedelta64(1, "s"))
    angles = [2 * torch.pi * (seconds % period) / period for period in (_DAY, 7 * _DAY)]
    return torch.stack([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1).float()
