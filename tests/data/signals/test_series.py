"""Signals on a graph: what is made, read, standardised and refused."""

import pytest
import torch
from torch.testing import assert_close

from gnnseq.data.signals.series import Signals, read_signals, standardised
from gnnseq.data.signals.spreading import spreading_signals


def write(path, rows):
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return path


def test_z_scores_know_the_training_part_only():
    series = torch.randn(50, 3, dtype=torch.float64) * 4 + 7
    series[:, 2] = 5.0  # constant: no division by zero
    signals = standardised(series, torch.ones(3, 3), ["a", "b", "c"])
    past = signals.values[:35].double()
    assert_close(past.mean(0), torch.zeros(3, dtype=torch.float64), atol=1e-6, rtol=0)
    assert_close(past[:, :2].std(0, correction=0), torch.ones(2, dtype=torch.float64), atol=1e-6, rtol=0)
    assert not signals.values[:, 2].any()
    changed = series.clone()
    changed[35:] = 100.0
    assert torch.equal(standardised(changed, torch.ones(3, 3), ["a", "b", "c"]).values[:35], signals.values[:35])
    assert (signals.validation, signals.test) == (35, 40)
    assert signals.adjacency.diagonal().tolist() == [0, 0, 0]


def test_adjacency_becomes_symmetric():
    weights = torch.tensor([[1.0, 0.5], [0.2, 1.0]])
    assert standardised(torch.randn(20, 2), weights, ["a", "b"]).adjacency.tolist() == [[0, 0.5], [0.5, 0]]


def test_spreading_signals_follow_their_graph():
    """The noise that is left after the known rule has the known size, and less than without it."""
    signals = spreading_signals(30, 3000, seed=1)
    z, A = signals.values, signals.adjacency
    scale = A.sum(1).rsqrt()
    next_by_rule = z[:-1] @ (0.95 * scale.unsqueeze(1) * A * scale)
    assert (z[1:] - next_by_rule).pow(2).mean() < z[1:].pow(2).mean() * 0.8
    assert abs((z[1:] - next_by_rule).pow(2).mean() / signals.noise - 1) < 0.1
    assert torch.equal(z, spreading_signals(30, 3000, seed=1).values)
    assert not torch.equal(z, spreading_signals(30, 3000, seed=2).values)
    assert torch.equal(A, A.t())
    assert (A.sum(1) >= 4).all()


def test_read(tmp_path):
    rows = [[v * 1.5 + t for v in range(2)] for t in range(25)]
    series = write(tmp_path / "series.csv", [["north", "south"], *rows])
    signals = read_signals(series, write(tmp_path / "graph.csv", [[1, 0.5], [0.5, 1]]))
    assert signals.names == ["north", "south"]
    assert signals.adjacency.tolist() == [[0, 0.5], [0.5, 0]]
    assert signals.noise is None
    expected = standardised(torch.tensor(rows, dtype=torch.float64), torch.ones(2, 2), ["", ""])
    assert_close(signals.values, expected.values)


@pytest.mark.parametrize(
    ("series", "graph", "message"),
    [
        ([["a", "b"]], [[1, 0], [0, 1]], "series.csv holds no rows of numbers"),
        ([["a", "b"], [1, 2], [3]], [[1, 0], [0, 1]], "series.csv, line 3: 1 cells, expected 2"),
        ([["a", "b"], [1, "x"]], [[1, 0], [0, 1]], r"series.csv, line 2, column 2 \(b\): 'x' is no number"),
        ([["a", "b"], [1, 2]], [[1, 0], [0, 1]], "series has 1 steps, expected at least 20"),
        ([["a", "b"], *[[1, 2]] * 20], [[1]], r"adjacency has shape \[1, 1\], expected \[2, 2\]"),
        ([["a", "b"], *[[1, 2]] * 20], [[1, 0], [1]], "graph.csv, line 2: 1 cells, expected 2"),
        ([["a", "b"], *[[1, "nan"]] * 20], [[1, 0], [0, 1]], r"line 2, column 2 \(b\): 'nan' is a gap"),
        ([["a", "b"], *[[1, 2]] * 20], [[1, -1], [-1, 1]], "adjacency holds negative weights: .0, 1. is -1,"),
        (
            [["time", "b"], ["2012-03-01 00:05:00", 2]],
            [[1]],
            r"line 2, column 1 \(time\): '2012-03-01 00:05:00' looks like a timestamp",
        ),
        ([["a", "b"], [1, ""]], [[1]], r"line 2, column 2 \(b\): '' is a gap, expected a number; fill gaps first"),
        ([["a", "b"], [], ["1_000", 2]], [[1]], r"series.csv, line 3, column 1 \(a\): '1_000' is no number"),
        ([["a", "b"], [1, "-1e39"]], [[1]], r"line 2, column 2 \(b\): '-1e39' is too large for float32"),
        ([['"a\na"', "b"], [1, 2], [1, "x"]], [[1]], r"series.csv, line 4, column 2 \(b\): 'x' is no number"),
        ([["a", "b"], [1, '"2']], [[1]], "series.csv, line 2: unexpected end of data"),
        ([["a", "b", "a"], [1, 2, 3]], [[1]], "series.csv, line 1, column 3: the name 'a' comes twice"),
        ([[1.5, 2.5], [1, 2]], [[1]], "series.csv, line 1: numbers, expected a row of names first"),
        (
            [["a", "b"], *[[1, 2]] * 20],
            [["from", "to"], [0, 1]],
            "graph.csv, line 1, column 1: 'from' is no number, expected a finite number; expected one row",
        ),
        ([["a", "b"], *[[1, 2]] * 20], [[0, 1, 0.5], [1, 0, 2]], r"graph.csv: .* \[2, 3\], .*a list of edges"),
        ([["a", "b"], *[[1, 2]] * 20], [[0, "1e300"], [1, 0]], "graph.csv, line 1, column 2: '1e300' is too large"),
    ],
)
def test_bad_files(tmp_path, series, graph, message):
    files = write(tmp_path / "series.csv", series), write(tmp_path / "graph.csv", graph)
    with pytest.raises(ValueError, match=message):
        read_signals(*files)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_nodes": 5}, "num_nodes is 5, expected at least 6"),
        ({"strength": 1.0}, "strength is 1.0, expected 0 < strength < 1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        spreading_signals(**arguments)


@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e8])
def test_a_column_without_spread_is_left_at_zero(scale):
    """0.1 + 0.2 and 0.3 differ by rounding: by the deviation, one would be -1 and a later 3 would be 5e16."""
    series = torch.randn(50, 2, dtype=torch.float64)
    series[:, 1] = torch.tensor([0.1 + 0.2] + [0.3] * 34 + [3.0] * 15, dtype=torch.float64) * scale
    signals = standardised(series, torch.ones(2, 2), ["a", "b"], noise=1.0)
    assert signals.values[:, 1].tolist() == [0.0] * 50
    assert signals.noise == pytest.approx(float(1 / series[:35, 0].var(correction=0)) / 2)
    spread = series[:, 1] + torch.arange(50) * 1e-6 * scale  # little, but more than rounding
    assert standardised(torch.stack([series[:, 0], spread], 1), torch.ones(2, 2), ["a", "b"]).values[:35, 1].std() > 0.9


def test_values_of_any_real_dtype_give_the_same():
    series = torch.randint(0, 50, (40, 3))
    expected = standardised(series.double(), torch.ones(3, 3), ["a", "b", "c"])
    for dtype in (torch.uint8, torch.int64, torch.float16, torch.float32):
        found = standardised(series.to(dtype), torch.ones(3, 3, dtype=torch.int64), ["a", "b", "c"])
        assert torch.equal(found.values, expected.values)
        assert found.adjacency.dtype == torch.float32


def test_undo_gives_back_the_units():
    series = torch.randn(30, 3, dtype=torch.float64) * 20 + 60
    series[:, 2] = 7.0
    series[4, 0] = torch.nan
    signals = standardised(series, torch.ones(3, 3), ["a", "b", "c"])
    assert_close(signals.undo(signals.values), series, equal_nan=True, atol=1e-4, rtol=0)
    forecasts = signals.values[:24].view(4, 6, 3).transpose(1, 2)  # [B, N, H]
    assert_close(
        signals.undo(forecasts, 1), series[:24].view(4, 6, 3).transpose(1, 2), equal_nan=True, atol=1e-4, rtol=0
    )
    with pytest.raises(ValueError, match="z has 6 entries in dimension -1, expected 3, one a node"):
        signals.undo(forecasts)
    with pytest.raises(ValueError, match="units is None, expected mean and deviation"):
        Signals(signals.values, torch.ones(3, 3), ["a", "b", "c"]).undo(signals.values)


def test_gaps_stay_gaps_and_do_not_count():
    series = torch.randn(40, 2, dtype=torch.float64)
    series[3:9, 0] = torch.nan
    signals = standardised(series, torch.ones(2, 2), ["a", "b"])
    assert torch.equal(signals.values.isnan(), series.isnan())
    past = torch.cat([series[:3, 0], series[9:28, 0]])
    assert_close(signals.values[28:, 0].double(), (series[28:, 0] - past.mean()) / past.std(correction=0))


def test_other_shares_and_directed_graphs():
    weights = torch.tensor([[1.0, 0.5], [0.0, 1.0]])
    signals = standardised(torch.randn(100, 2), weights, ["a", "b"], shares=(0.3, 0.2), directed=True)
    assert (signals.validation, signals.test) == (50, 80)
    assert signals.adjacency.tolist() == [[0, 0.5], [0, 0]]
    assert weights.tolist() == [[1, 0.5], [0, 1]]
    assert_close(signals.values[:50].mean(0), torch.zeros(2), atol=1e-6, rtol=0)
    for steps in range(20, 200):  # as the default has always been
        default = standardised(torch.randn(steps, 1), torch.ones(1, 1), ["a"])
        assert (default.test, default.test - default.validation) == (int(0.8 * steps), steps // 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shares": (-0.1, 0.2)}, r"shares is \(-0.1, 0.2\), expected those of validation and test, each >= 0"),
        ({"shares": (0.5, 0.5)}, "expected .* their sum below 1"),
        ({"shares": (0.0, 0.99)}, "shares is .* of 20 steps, expected at least one step for training"),
        ({"features": torch.ones(19, 4)}, r"features has shape \[19, 4\], expected \[20, C\], one row per step"),
        ({"features": torch.full((20, 1), torch.nan)}, "features holds values that are not finite"),
        (
            {"series": torch.stack([torch.arange(20.0), torch.full((20,), torch.nan)], 1)},
            "node 'b' has no value in the 14 training steps, expected at least one",
        ),
        ({"series": torch.ones(20, 2, 3)}, r"series has shape \[20, 2, 3\] .*, expected real \[T, N\]"),
        ({"series": torch.ones(20, 2) * 1j}, "series has shape .* and dtype torch.complex64"),
        (
            {"series": torch.full((20, 2), 1e39, dtype=torch.float64)},
            r"series holds .* in torch.float32: \[0, 0\] is inf",
        ),
        ({"adjacency": torch.full((2, 2), 1e300, dtype=torch.float64)}, r"adjacency holds .*: \[0, 0\] is inf"),
        ({"names": ["a"]}, "names has 1 entries, expected 2, one per node"),
        ({"noise": float("nan")}, "noise is nan, expected a variance >= 0"),
        (
            {"series": torch.tensor([[0, 1e-30], [0, 2e-30]] * 18 + [[0, 1e30]] * 4)},
            r"z-scores holds .*\[36, 1\] is inf",
        ),
    ],
)
def test_what_cannot_be_standardised(change, message):
    arguments = {"series": torch.randn(20, 2), "adjacency": torch.ones(2, 2), "names": ["a", "b"]} | change
    with pytest.raises(ValueError, match=message):
        standardised(**arguments)


def test_several_features_of_a_node_are_refused():
    values = torch.randn(30, 4, 2)
    with pytest.raises(
        ValueError, match=r"values has shape \[30, 4, 2\] and dtype torch.float32, expected real \[T, N\]"
    ):
        Signals(values, torch.ones(4, 4), list("abcd"))


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "series.csv").write_bytes(b"a,b\n\xff,2\n")
    with pytest.raises(ValueError, match=r"series.csv: byte 0xff at offset 4 is not UTF-8"):
        read_signals(tmp_path / "series.csv", tmp_path / "none.csv")
