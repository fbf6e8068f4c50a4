"""Series from CSV and Parquet: wide and long, with times and gaps, and what is refused."""

import re
import sys

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from gnnseq.data.signals.tables import read_series

pandas = pytest.importorskip("pandas")
NAN = float("nan")
WIDE = """time,a,b
2012-03-01 00:00,1,2
2012-03-01 00:05,,4
2012-03-01 00:15,5,NA
"""
LONG = """value,time,node
4,2012-03-01 00:05,b
2,2012-03-01 00:00,b
1,2012-03-01 00:00,a
5,2012-03-01 00:15,a
"""
EXPECTED = torch.tensor([[1, 2], [NAN, 4], [NAN, NAN], [5, NAN]], dtype=torch.float64)


def read(tmp_path, text, **arguments):
    (tmp_path / "speed.csv").write_text(text)
    return read_series(tmp_path / "speed.csv", **arguments)


def test_wide_and_long_tables_hold_the_same(tmp_path):
    wide = read(tmp_path, WIDE, time="time", frequency="5min")
    assert_close(wide.values, EXPECTED, equal_nan=True, rtol=0, atol=0)
    assert wide.names == ["a", "b"]
    expected = np.datetime64("2012-03-01T00:00") + 5 * np.arange(4) * np.timedelta64(1, "m")
    assert (wide.times == expected).all()
    found = read(tmp_path, LONG, time="time", node="node", value="value", frequency="5min")
    assert found.names == ["b", "a"]
    assert_close(found.values.flip(1), EXPECTED, equal_nan=True, rtol=0, atol=0)
    assert (found.times == wide.times).all()
    inferred = read(tmp_path, WIDE, time="time")
    assert_close(inferred.values, EXPECTED, equal_nan=True, rtol=0, atol=0)


def test_without_times_rows_are_steps(tmp_path):
    series = read(tmp_path, "a,b\n1,2\n,4\n")
    assert series.times is None
    assert_close(series.values, torch.tensor([[1, 2], [NAN, 4]], dtype=torch.float64), equal_nan=True)


@pytest.mark.parametrize("zone", ["Z", "z", "+01:00", "-0500", "+01", " +01:00", " Z"])
@pytest.mark.parametrize("clock", ["{} {}:{}", "{}T{}{}", "{} {}:{}:00", "{} {}:{}:00.000"])
def test_one_offset_is_dropped(tmp_path, zone, clock):
    bare = read(tmp_path, WIDE, time="time").times
    text = re.sub(r"(\S+) (\d\d):(\d\d)", lambda found: clock.format(*found.groups()) + zone, WIDE)
    found = read(tmp_path, text, time="time").times
    assert found.dtype.kind == "M"
    assert (found == bare).all()


def test_days_and_hours_keep_their_digits(tmp_path):
    days = read(tmp_path, "time,a\n2012-03-01,1\n2012-03-02,2\n", time="time")
    assert days.times.astype("datetime64[D]").astype(str).tolist() == ["2012-03-01", "2012-03-02"]
    hours = read(tmp_path, "time,a\n2012-03-01 05+01,1\n2012-03-01 06+01,2\n", time="time")
    assert hours.times.astype("datetime64[h]").astype(str).tolist() == ["2012-03-01T05", "2012-03-01T06"]


def test_weeks(tmp_path):
    text = "time,a\n2012-01-01,1\n2012-01-15,2\n"
    series = read(tmp_path, text, time="time", frequency="W")
    assert_close(series.values.squeeze(1), torch.tensor([1, NAN, 2], dtype=torch.float64), equal_nan=True)


def test_weeks_from_another_day_are_named(tmp_path):
    mondays = "time,a\n2020-01-06,1\n2020-01-13,2\n2020-01-27,3\n"
    with pytest.raises(ValueError, match=r"off the steps from 2020-01-12 .* weeks of 'W' end on Sundays.* 'W-MON'"):
        read(tmp_path, mondays, time="time", frequency="W")
    for frequency in ("W-MON", "7D"):
        assert read(tmp_path, mondays, time="time", frequency=frequency).values.shape[0] == 4


def test_parquet(tmp_path, monkeypatch):
    index = pandas.date_range("2012-03-01", periods=4, freq="5min", tz="Europe/Vienna", name="time")
    frame = pandas.DataFrame(EXPECTED.numpy(), columns=["a", "b"], index=index)
    (tmp_path / "speed.parquet").write_bytes(b"")
    monkeypatch.setattr(pandas, "read_parquet", lambda file: frame)
    series = read_series(tmp_path / "speed.parquet", time="time", frequency="5min")
    assert_close(series.values, EXPECTED, equal_nan=True, rtol=0, atol=0)
    assert series.times[1] == np.datetime64("2012-03-01T00:05")
    with pytest.raises(ValueError, match=r"speed.parquet, row 0, column 1 \(time\): '2012.* is no number"):
        read_series(tmp_path / "speed.parquet")


def test_parquet_that_is_written_by_pyarrow(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(EXPECTED.numpy(), columns=["a", "b"])
    frame.to_parquet(tmp_path / "speed.parquet")
    assert_close(read_series(tmp_path / "speed.parquet").values, EXPECTED, equal_nan=True, rtol=0, atol=0)
    (tmp_path / "speed.parquet").write_bytes(b"PAR1 no parquet")
    with pytest.raises(ValueError, match=r"speed.parquet is no Parquet file of one table"):
        read_series(tmp_path / "speed.parquet")


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    (tmp_path / "speed.parquet").write_bytes(b"")

    def missing(file):
        raise ImportError("no pyarrow")

    with monkeypatch.context() as patch:
        patch.setattr(pandas, "read_parquet", missing)
        with pytest.raises(ImportError, match=r"speed.parquet: Parquet needs pyarrow; it comes with: pip install"):
            read_series(tmp_path / "speed.parquet")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r'pandas is not installed; it comes with: pip install "gnnseq.experiments.'):
        read(tmp_path, WIDE, time="time")
    assert read(tmp_path, "a\n1\n").times is None


def test_an_offset_that_is_written_otherwise_is_no_time(tmp_path):
    with pytest.raises(ValueError, match=r"speed.csv, line 2, column 1 \(time\): '2012-03-01 00:45\+1' is no time"):
        read(tmp_path, "time,a\n2012-03-01 00:45+1,1\n2012-03-01 00:50+1,2\n", time="time")
    text = "time,a\n2012-03-01 00:45,1\n2012-03-01 00-1:50,2\n"
    with pytest.raises(ValueError, match=r"speed.csv, line 3, column 1 \(time\): '2012-03-01 00-1:50' is no time"):
        read(tmp_path, text, time="time")


def test_times_of_many_centuries_are_refused(tmp_path):
    rows = "".join(f"{year}-03-01 00:00,a,1\n" for year in (2012, 2212, 2812))
    with pytest.raises(
        ValueError, match=r"speed.csv: times from 2012-03-01 00:00:00 to 2812-03-01 00:00:00 are \d+ steps"
    ):
        read(tmp_path, "time,node,value\n" + rows, time="time", node="node", value="value", frequency="5min")


LONG_ARGUMENTS = {"time": "time", "node": "node", "value": "value"}


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (WIDE, {"time": "when"}, r"time is 'when', expected a column of .*speed.csv: \['time', 'a', 'b'\]"),
        (LONG, {**LONG_ARGUMENTS, "value": "x"}, "value is 'x', expected a column of"),
        (LONG, {"time": "time", "node": "node"}, "expected all three or no node"),
        (
            LONG,
            {**LONG_ARGUMENTS, "value": "node"},
            "time, node and value are 'time', 'node' and 'node', expected three",
        ),
        (
            LONG,
            {**LONG_ARGUMENTS, "node": "time"},
            "time, node and value are 'time', 'time' and 'value', expected three",
        ),
        ("time,a\n", {}, "speed.csv holds no rows below a row of names"),
        ("time\n2012-01-01\n", {"time": "time"}, "speed.csv has no column but 'time'"),
        (",a\n1,2\n", {}, r"speed.csv: a node has no name among \['', 'a'\]"),
        (LONG.replace(",b", ","), LONG_ARGUMENTS, r"speed.csv: a node has no name among \['', 'a'\]"),
        ("1.5,2.5\n1,2\n", {}, "line 1: numbers, expected a row of names first"),
        (WIDE, {"time": "time", "frequency": "-5min"}, "frequency is '-5min', .*: it is not positive"),
        (WIDE, {"time": "time", "frequency": "0min"}, "frequency is '0min', .*: it is not positive"),
        (WIDE, {"time": "time", "frequency": 5}, "frequency is 5, expected one of pandas"),
        ("a,a\n1,2\n", {}, "line 1, column 2: the name 'a' comes twice"),
        ("a,b\n1,2\n1\n", {}, "line 3: 1 cells, expected 2"),
        ("a,b\n1,x\n", {}, r"line 2, column 2 \(b\): 'x' is no number, .* or nothing for a gap"),
        ("a,b\n1,inf\n", {}, r"line 2, column 2 \(b\): 'inf' is too large for float32 or is not finite"),
        (WIDE.replace("00:15", "00:05"), {"time": "time"}, r"line 4, column 1 \(time\): .* repeats the time of"),
        (WIDE.replace("00:05", "00:25"), {"time": "time"}, r"line 4, column 1 \(time\): .* is before the row"),
        (WIDE.replace("00:05", "00:05Z"), {"time": "time"}, "line 3, .*: time zone Z, expected no zone as"),
        (
            WIDE.replace("00:00", "00:00+01:00").replace("00:05", "00:05+02:00"),
            {"time": "time"},
            r"line 3, .*: time zone \+02:00, expected \+01:00 as in the first row",
        ),
        (WIDE.replace("2012-03-01 00:05", "3/1/2012"), {"time": "time"}, "line 3, .* '3/1/2012' is no time"),
        (WIDE.replace("00:15", "00:16"), {"time": "time"}, "line 4, .* is off the steps from 2012-03-01 00:00:00 on"),
        (WIDE, {"time": "time", "frequency": "10min"}, "line 3, .* is off the steps"),
        (WIDE, {"time": "time", "frequency": "fortnight"}, "frequency is 'fortnight', expected one of pandas"),
        (WIDE.replace("2012-03-01 00:15", "2212-03-01 00:15"), {"time": "time"}, "are 21.* steps for 3 rows"),
        (
            LONG + "9,2012-03-01 00:00,b\n",
            LONG_ARGUMENTS,
            r"line 6, .*: 'b' at .* comes twice, first in line 3",
        ),
        (LONG.replace("4,", "four,"), LONG_ARGUMENTS, r"line 2, column 1 \(value\): 'four' is no number"),
    ],
)
def test_what_is_refused(tmp_path, text, arguments, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text, **arguments)


def stored_as(frame):
    """What pandas.read_hdf would give."""

    def read_hdf(path):
        return frame

    return read_hdf


def test_hdf5_as_metr_la_has_it(tmp_path, monkeypatch):
    path = tmp_path / "metr_la.h5"
    path.write_bytes(b"")
    times = pandas.to_datetime(["2012-03-01 00:00", "2012-03-01 00:05", "2012-03-01 00:15"])
    frame = pandas.DataFrame({"773869": [64.0, 62.5, 0.0], "767541": [67.0, float("nan"), 60.0]}, index=times)
    monkeypatch.setattr(pandas, "read_hdf", stored_as(frame))
    found = read_series(path, time="time", frequency="5min")
    assert found.names == ["773869", "767541"]
    expected = torch.tensor([[64.0, 67.0], [62.5, torch.nan], [torch.nan, torch.nan], [0.0, 60.0]])
    assert_close(found.values, expected.double(), equal_nan=True, rtol=0, atol=0)
    assert str(found.times[0]).startswith("2012-03-01T00:00")


def test_hdf5_with_something_else_is_named(tmp_path, monkeypatch):
    path = tmp_path / "x.h5"
    path.write_bytes(b"")
    monkeypatch.setattr(pandas, "read_hdf", stored_as(pandas.Series([1.0, 2.0])))
    with pytest.raises(ValueError, match=r"x\.h5 is no HDF5 file of one table"):
        read_series(path)

    def missing(path):
        raise ImportError("no tables")

    monkeypatch.setattr(pandas, "read_hdf", missing)
    with pytest.raises(ImportError, match=r"x\.h5: HDF5 needs tables; it comes with: pip install tables"):
        read_series(path)
    with pytest.raises(FileNotFoundError, match=r"y\.hdf5"):
        read_series(tmp_path / "y.hdf5")
