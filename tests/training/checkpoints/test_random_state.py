import io
import random

import numpy as np
import pytest
import torch

from gnnseq.training.checkpoints.random_state import random_state, set_random_state


def draw(generator):
    return (
        torch.rand(3).tolist(),
        random.random(),
        random.gauss(0, 1),
        np.random.rand(3).tolist(),  # noqa: NPY002
        np.random.randn(),  # noqa: NPY002
        torch.rand(2, generator=generator).tolist(),
    )


def test_all_generators_go_on_where_they_were():
    generator = torch.Generator().manual_seed(3)
    draw(generator)  # leaves half a pair of Gaussian numbers in Python and NumPy
    data = io.BytesIO()
    torch.save(random_state({"mine": generator}), data)
    expected = [draw(generator), draw(generator)]
    data.seek(0)
    set_random_state(torch.load(data, weights_only=True), {"mine": generator})
    assert [draw(generator), draw(generator)] == expected


def test_generators_on_one_side_only():
    with pytest.raises(ValueError, match=r"generators is \['b'\], expected those of the saved state: \['a'\]"):
        set_random_state(random_state({"a": torch.Generator()}), {"b": torch.Generator()})
