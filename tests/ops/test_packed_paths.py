"""Scans along paths in segments, against a loop; every length of a segment gives the same."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from gnnseq.ops import packed_paths
from gnnseq.ops.packed_paths import cost, pack

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=6)


def segments_of(nodes, patch):
    patch.setattr(packed_paths, "_segment_length", lambda length: min(nodes, int(length.max())))


@given(LENGTHS, st.integers(2, 9))
def test_segments_give_what_a_loop_gives(lengths, nodes):
    with pytest.MonkeyPatch.context() as patch:
        segments_of(nodes, patch)
        row, packed = pack(np.array(lengths))
    n = sum(lengths)
    assert sorted(row.tolist()) == list(range(n))
    assert len(packed.sizes) <= nodes
    a, b = torch.randn(n, 2, dtype=torch.float64), torch.randn(n, 2, dtype=torch.float64)
    first = np.cumsum([0, *lengths[:-1]])
    a[first] = float("nan")  # is not read
    expected = b.clone()
    for start, length in zip(first.tolist(), lengths, strict=True):
        for v in range(start + 1, start + length):
            expected[v] += a[v] * expected[v - 1]
    rows, gates = torch.empty_like(b), torch.empty_like(a)
    rows[row], gates[row] = b, a
    packed.solve_(rows, gates)
    assert_close(rows[row], expected, rtol=1e-12, atol=1e-12)


def test_long_paths_are_cut_and_many_short_ones_are_not():
    assert pack(np.array([5] * 1000))[1].ends is None
    packed = pack(np.array([20_000]))[1]
    assert len(packed.sizes) < 200
    assert packed.ends is not None


def test_one_long_path_costs_less_than_its_steps():
    assert cost(np.array([1] * 100)) == 0
    assert cost(np.array([20_000])) < 5_000
    assert cost(np.array([50])) < cost(np.array([100])) < cost(np.array([1000]))
