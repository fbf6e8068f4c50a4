import math

import pytest
from comparison import make_record

from gnnseq.results.curves import curves, joined, moving_mean
from gnnseq.results.joined import collect


def test_moving_mean():
    assert moving_mean([1.0, 2.0, 6.0, 1.0], 2) == [1.0, 1.5, 4.0, 3.5]
    assert moving_mean([1.0, 2.0, 6.0], 9) == [1.0, 1.5, 3.0]
    assert moving_mean([], 3) == []


def test_a_large_or_missing_value_is_in_no_mean_but_those_that_hold_it():
    assert moving_mean([3e14, *[0.001] * 4], 2)[2:] == [0.001] * 3
    after = moving_mean([float("nan"), *[0.5] * 4], 2)
    assert math.isnan(after[1])
    assert after[2:] == [0.5] * 3


def test_a_run_that_stopped_early_keeps_its_last_value():
    steps, mean, low, high = joined([[1.0, 3.0], [1.0, 1.0, 5.0, 7.0]])
    assert steps == [1, 2, 3, 4]
    assert (mean, low, high) == ([1.0, 2.0, 4.0, 5.0], [1.0, 1.0, 3.0, 3.0], [1.0, 3.0, 5.0, 7.0])


def test_long_curves_are_thinned_but_keep_their_end():
    steps, mean, _, _ = joined([[float(i) for i in range(2345)]])
    assert len(steps) <= 501
    assert (steps[-1], mean[-1]) == (2345, 2344.0)


def test_each_seed_is_smoothed_over_twenty_batches():
    (result,) = collect([make_record(curve={"accuracy": [0.0] * 20 + [1.0] * 20})])
    (curve,) = curves(result)
    assert curve[:20] == [0.0] * 20
    assert curve[20:] == pytest.approx([5.0 * n for n in range(1, 21)])
