"""The example of forecasts on a graph, with tiny arguments."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

EXAMPLE = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "examples" / "gcrn_signals.py")))
TINY = ["--steps", "2", "--seeds", "2", "--hidden", "2", "--window", "4", "--batch-size", "2", "--nodes", "8"]


def test_made_signals(tmp_path, capsys):
    assert EXAMPLE.main([*TINY, "--output", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    record = json.loads((tmp_path / "out" / "results.json").read_text())
    assert (tmp_path / "out" / "forecasts.png").stat().st_size > 10_000
    names = ["mean", "persistence", "AR(4)", "AR(4) with neighbours"]
    names += ["LSTM without the graph", "GCRN, random graph", "GCRN, true graph"]
    assert list(record["results"]) == names
    assert all(name in printed for name in names)
    assert [len(result["mse"]) for result in record["results"].values()] == [1, 1, 1, 1, 2, 2, 2]
    errors = {name: result["mse"][0] for name, result in record["results"].items()}
    assert record["best_possible"] < errors["AR(4) with neighbours"] < errors["AR(4)"] < errors["persistence"]


def test_own_signals(tmp_path):
    series = [",".join("abcdef"), *(",".join(f"{v:.3f}" for v in row) for row in torch.randn(60, 6).tolist())]
    (tmp_path / "series.csv").write_text("\n".join(series))
    ring = torch.eye(6).roll(1, 0) + torch.eye(6).roll(-1, 0) + torch.eye(6).roll(3, 0)
    (tmp_path / "graph.csv").write_text("\n".join(",".join(map(str, row)) for row in ring.tolist()))
    files = ["--series", str(tmp_path / "series.csv"), "--adjacency", str(tmp_path / "graph.csv")]
    assert EXAMPLE.main([*TINY, *files, "--output", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "results.json").read_text())["best_possible"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "0"], "--steps is 0, expected at least 1"),
        (["--batch-size", "0"], "--batch-size is 0, expected at least 1"),
        (["--learning-rate", "0"], "--learning-rate is 0.0, expected a positive number"),
        (["--series", "x.csv"], "--series and --adjacency go together, one is missing"),
        (["--series", "no.csv", "--adjacency", "no.csv"], "No such file"),
        (["--window", "700"], "--window is 700, expected less than the 560 training steps"),
        (["--nodes", "3"], "num_nodes is 3, expected at least 6"),
    ],
)
def test_bad_input(tmp_path, capsys, arguments, message):
    assert EXAMPLE.main([*arguments, "--output", str(tmp_path)]) == 2
    assert message in capsys.readouterr().err


def test_random_graph_keeps_every_degree_and_all_weights():
    A = torch.rand(12, 12).triu(1) * (torch.rand(12, 12) > 0.5)
    A = A + A.t()
    other = EXAMPLE.random_graph(A, seed=0)
    assert torch.equal(other, other.t())
    assert ((other > 0).sum(0) == (A > 0).sum(0)).all()
    assert not torch.equal(other > 0, A > 0)
    assert torch.equal(other[other > 0].sort().values, A[A > 0].sort().values)


def test_training_beats_persistence_on_the_true_graph():
    signals = EXAMPLE.spreading_signals(16, 300)
    options = EXAMPLE.parse(["--steps", "40", "--hidden", "8", "--window", "6"])
    model = EXAMPLE.train(signals, signals.adjacency, 2, 0, options)
    graph = EXAMPLE.operator(model, signals.adjacency)
    guess = EXAMPLE.forecast(model, signals, graph, 6, signals.test, len(signals.values))
    assert EXAMPLE.error(guess, signals) < 0.8 * EXAMPLE.error(signals.values[signals.test - 1 : -1], signals)
