"""Signals on a graph: what is made, read, standardised and refused."""

import pytest
import torch
from torch.testing import assert_close

from gnnseq.data.signals.series import read_signals, spreading_signals, standardised, windows


def write(path, rows):
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return path


def test_z_scores_know_the_past_only():
    series = torch.randn(50, 3, dtype=torch.float64) * 4 + 7
    series[:, 2] = 5.0  # constant: no division by zero
    signals = standardised(series, torch.ones(3, 3), ["a", "b", "c"])
    past = signals.values[:40].double()
    assert_close(past.mean(0), torch.zeros(3, dtype=torch.float64), atol=1e-6, rtol=0)
    assert_close(past[:, :2].std(0, correction=0), torch.ones(2, dtype=torch.float64), atol=1e-6, rtol=0)
    assert not signals.values[:, 2].any()
    changed = series.clone()
    changed[40:] = 100.0
    assert torch.equal(standardised(changed, torch.ones(3, 3), ["a", "b", "c"]).values[:40], signals.values[:40])
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
        ([["a", "b"], [1, "x"]], [[1, 0], [0, 1]], "series.csv, line 2: could not convert string to float: 'x'"),
        ([["a", "b"], [1, 2]], [[1, 0], [0, 1]], "series has 1 steps, expected at least 20"),
        ([["a", "b"], *[[1, 2]] * 20], [[1]], r"adjacency has shape \[1, 1\], expected \[2, 2\]"),
        ([["a", "b"], *[[1, 2]] * 20], [[1, 0], [1]], "graph.csv, line 2: 1 cells, expected 2"),
        ([["a", "b"], *[[1, "nan"]] * 20], [[1, 0], [0, 1]], "series holds values that are not finite"),
        ([["a", "b"], *[[1, 2]] * 20], [[1, -1], [-1, 1]], "adjacency holds negative weights"),
    ],
)
def test_bad_files(tmp_path, series, graph, message):
    files = write(tmp_path / "series.csv", series), write(tmp_path / "graph.csv", graph)
    with pytest.raises(ValueError, match=message):
        read_signals(*files)


def test_windows():
    values = torch.arange(20.0).view(10, 2)
    x, y = windows(values, torch.tensor([0, 4]), 3)
    assert x.shape == (2, 2, 3, 1)
    assert x[1, :, :, 0].tolist() == [[8, 10, 12], [9, 11, 13]]
    assert y[1].tolist() == [[10, 12, 14], [11, 13, 15]]


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
