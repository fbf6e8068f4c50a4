import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.data.indexing import check_integer, is_single, positions


@given(st.integers(1, 20), st.slices(20))
def test_slices_are_those_of_a_list(size, index):
    assert positions(index, size).tolist() == list(range(size))[index]


@given(st.integers(1, 20), st.data())
def test_rows_are_those_of_a_list(size, data):
    rows = data.draw(st.lists(st.integers(-size, size - 1)))
    expected = [list(range(size))[row] for row in rows]
    for index in (rows, tuple(rows), np.array(rows, np.int64), torch.tensor(rows, dtype=torch.int64)):
        assert positions(index, size).tolist() == expected


@pytest.mark.parametrize("index", [3, np.int64(3), torch.tensor(3), np.array(3)])
def test_single_indices(index):
    assert is_single(index)
    assert positions(index, 5).tolist() == [3]
    assert not is_single([index])


@pytest.mark.parametrize(("index", "number"), [(5, 5), (-6, -6), ([0, 7], 7), (torch.tensor([1, 9]), 9)])
def test_out_of_range(index, number):
    with pytest.raises(IndexError, match=f"^index {number} is out of range for a dataset of 5 samples$"):
        positions(index, 5)


def test_without_end():
    assert positions(slice(3, 9, 2), None).tolist() == [3, 5, 7]
    assert positions(range(2, 4), None).tolist() == [2, 3]
    with pytest.raises(IndexError, match="index -1 is out of range for a dataset without end"):
        positions(-1, None)
    with pytest.raises(IndexError, match="has no meaning for a dataset without end"):
        positions(slice(3, None), None)


@pytest.mark.parametrize("index", [[[1, 2]], [1.5], torch.zeros(2, 2, dtype=torch.int64)])
def test_other_kinds(index):
    with pytest.raises(IndexError, match="expected one row of integers"):
        positions(index, 5)


@pytest.mark.parametrize("index", ["1", 1.5, None])
def test_other_types(index):
    with pytest.raises((IndexError, TypeError)):
        positions(index, 5)


@pytest.mark.parametrize("value", [0, True, 2.0, "3", None])
def test_check_integer(value):
    with pytest.raises(ValueError, match=r"^size is .*, expected an integer from 1 to 3$"):
        check_integer("size", value, 1, 3)
    assert check_integer("size", np.int32(3), 1, 3) == 3
