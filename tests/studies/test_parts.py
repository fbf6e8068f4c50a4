import numpy as np
import pytest
import torch

from gnnseq.studies.parts import hash_values, require_parts


def test_every_value_and_the_order_count():
    same = [["ab", np.array([1, 2])], ["ab", torch.tensor([1, 2])], ["ab", np.array([1, 2], ">i8")]]
    assert len({hash_values(values) for values in same}) == 1
    other = [["a", "b", np.array([1, 2])], ["ab", np.array([1]), np.array([2])], [np.array([1, 2]), "ab"], ["ab"]]
    other += [["ab", np.array([1.0, 2.0])], ["ab", np.array([2, 1])], ["ab", "\1" + "\0" * 7 + "\2" + "\0" * 7], []]
    assert len({hash_values(values) for values in [same[0], *other]}) == len(other) + 1


def test_the_first_part_that_is_missing_is_named():
    require_parts({"train": 1, "dev": 2, "more": 3}, "train", "dev")
    with pytest.raises(ValueError, match="parts has no 'dev', expected train, dev, test"):
        require_parts({"train": 1}, "train", "dev", "test")
