import numpy as np
import pytest
import torch
from torch.testing import assert_close

from gnnseq.data.signals.calendar import calendar


def test_time_of_day_and_day_of_week_are_points_on_circles():
    times = np.array(["2012-03-05T00:00", "2012-03-05T06:00", "2012-03-08T12:00", "1969-12-29T00:00"], "datetime64[m]")
    features = calendar(times)
    assert_close(features[0], torch.tensor([0.0, 1, 0, 1]))  # a Monday
    assert_close(features[1, :2], torch.tensor([1.0, 0]), atol=1e-6, rtol=0)
    assert_close(features[2], torch.tensor([0.0, -1, 0, -1]), atol=1e-6, rtol=0)  # half of a day, half of a week
    assert_close(features[3], features[0])
    for unit in ("s", "ms", "us", "ns"):
        assert torch.equal(calendar(times.astype(f"datetime64[{unit}]")), features)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (np.arange(3), r"times has shape \[3\] and dtype int64, expected datetime64 \[T\]"),
        (np.array([["2012"]], "datetime64[s]"), r"times has shape \[1, 1\]"),
        (np.array(["2012", "NaT"], "datetime64[s]"), r"times\[1\] is NaT, expected a time"),
    ],
)
def test_what_is_no_time(times, message):
    with pytest.raises(ValueError, match=message):
        calendar(times)


def test_years_beyond_nanoseconds():
    for year in ("1500", "2500"):
        times = np.array([f"{year}-01-01T00:00", f"{year}-01-01T06:00"], dtype="datetime64[m]")
        assert_close(calendar(times)[:, :2], torch.tensor([[0.0, 1.0], [1.0, 0.0]]), atol=1e-6, rtol=0)
