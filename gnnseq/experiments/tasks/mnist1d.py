"""MNIST-1D: digits as noisy curves of 40 points, from the package of its name."""

import random
from functools import cache

import numpy as np
import torch

from gnnseq.data.streams import Split
from gnnseq.experiments.tasks.own import OwnTask
from gnnseq.extras import require

POINTS = 40
_TRAINING, _VALIDATION = 3400, 600  # of the 4,000 published training samples; 1,000 are the test part
_DECIMALS = 4  # so that the samples, and with them the keys of trials, are the same on every processor


@cache
def mnist1d_task(points: int = POINTS) -> OwnTask:
    """The ten digits of MNIST-1D (Greydanus and Kobak, https://arxiv.org/abs/2011.14439) as sequences of 40 points.

    The samples are the published ones: those that the package generates from its own seed. The last 600 of its 4,000
    training samples are validation data here; the test part has 1,000. A point is one feature.

    Args:
        points: of a sequence, 40.

    Raises:
        ValueError: for another number of points.
        ImportError: without the package ``mnist1d``.
    """
    if points != POINTS:
        raise ValueError(f"points is {points}, expected {POINTS}, as published")
    data = require("mnist1d.data", "experiments")
    drawn, numbers = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        made = data.make_dataset(data.get_dataset_args())  # seeds the global random numbers
    finally:
        random.setstate(drawn)
        np.random.set_state(numbers)  # noqa: NPY002
    values = np.concatenate([made["x"], made["x_test"]]).round(_DECIMALS)
    labels = np.concatenate([made["y"], made["y_test"]])
    counts: dict[Split, int] = {"train": _TRAINING, "validation": _VALIDATION, "test": len(made["y_test"])}
    parts: list[Split] = [split for split, count in counts.items() for _ in range(count)]
    sequences = list(torch.from_numpy(values).float().unsqueeze(2))
    return OwnTask.from_sequences("MNIST-1D", sequences, torch.from_numpy(labels).long(), splits=parts)
