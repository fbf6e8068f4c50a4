import random

import numpy as np
import pytest
import torch

from gnnseq.experiments.presets import make_tasks, parse
from gnnseq.experiments.tasks.mnist1d import mnist1d_task

pytest.importorskip("mnist1d")


def test_the_published_samples_in_their_parts():
    task = mnist1d_task()
    assert (task.size, task.num_features, task.num_outputs, task.chance) == (40, 1, 10, 0.1)
    counts = {split: int((task.samples.splits == split).sum()) for split in ("train", "validation", "test")}
    assert counts == {"train": 3400, "validation": 600, "test": 1000}
    test = list(task.batches("path", 0, "test", 500, 3))
    assert [batch.num_graphs for batch in test] == [500, 500]
    values = torch.cat([batch.x for batch in test])
    assert abs(float(values.mean())) < 0.1
    assert float(values.std()) == pytest.approx(1.0, abs=0.05)


def test_global_random_numbers_stay_as_they_are():
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    drawn = random.random(), np.random.random()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    mnist1d_task.__wrapped__()
    assert (random.random(), np.random.random()) == drawn  # noqa: NPY002


def test_bad_input():
    with pytest.raises(ValueError, match="points is 30, expected 40"):
        make_tasks(parse(None, ["--tasks", "mnist1d:30"]))
