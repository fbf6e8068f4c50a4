"""The example of forecasts on a graph, with tiny arguments."""

import json
import os
import runpy
import signal
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
    assert not any(tmp_path.iterdir())


def test_random_graph_keeps_every_degree_and_all_weights():
    A = torch.rand(12, 12).triu(1) * (torch.rand(12, 12) > 0.5)
    A = A + A.t()
    other = EXAMPLE.random_graph(A, seed=0)
    assert torch.equal(other, other.t())
    assert ((other > 0).sum(0) == (A > 0).sum(0)).all()
    assert not torch.equal(other > 0, A > 0)
    assert torch.equal(other[other > 0].sort().values, A[A > 0].sort().values)


def write_csv(folder, A, steps=60):
    rows = torch.randn(steps, len(A), generator=torch.Generator().manual_seed(0)).tolist()
    names = ",".join(f"n{node}" for node in range(len(A)))
    (folder / "series.csv").write_text("\n".join([names, *(",".join(f"{v:.3f}" for v in row) for row in rows)]))
    (folder / "graph.csv").write_text("\n".join(",".join(map(str, row)) for row in A.tolist()))
    return ["--series", str(folder / "series.csv"), "--adjacency", str(folder / "graph.csv")]


def star(nodes):
    A = torch.zeros(nodes, nodes)
    A[0, 1:] = A[1:, 0] = 1.0
    return A


def kernel(nodes):
    place = torch.linspace(0, 1, nodes)
    return torch.exp(-((place - place.unsqueeze(1)) ** 2))


def without_an_edge(nodes):
    A = torch.ones(nodes, nodes)
    A[0, 1] = A[1, 0] = 0.0
    return A


@pytest.mark.parametrize(
    "A",
    [kernel(40), without_an_edge(8), star(6), torch.ones(3, 3), torch.ones(2, 2), torch.zeros(5, 5), torch.ones(1, 1)],
    ids=["complete", "nearly complete", "star", "three nodes", "two nodes", "no edges", "one node"],
)
def test_a_graph_without_a_random_twin_goes_on_without(tmp_path, capsys, A):
    assert EXAMPLE.random_graph(A.fill_diagonal_(0.0), 0) is None
    assert EXAMPLE.main([*TINY, *write_csv(tmp_path, A), "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("The graph has no random twin")
    names = list(json.loads((tmp_path / "results.json").read_text())["results"])
    assert names[-2:] == ["LSTM without the graph", "GCRN, true graph"]
    assert "GCRN, random graph" not in names


def test_a_second_run_trains_nothing_again(tmp_path, monkeypatch):
    command = [*TINY, "--output", str(tmp_path)]
    assert EXAMPLE.main(command) == 0
    before = {name: (tmp_path / name).read_bytes() for name in ("records.jsonl", "results.json", "forecasts.png")}
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".pt") == []
    monkeypatch.delitem(EXAMPLE.main.__globals__, "fit")
    assert EXAMPLE.main(command) == 0
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_by_a_signal_it_goes_on_from_a_checkpoint(tmp_path, monkeypatch, number, status):
    long = [*TINY, "--steps", "40", "--seeds", "1"]
    assert EXAMPLE.main([*long, "--output", str(tmp_path / "whole")]) == 0
    drawn, taken = EXAMPLE.windows, []

    def windows(values, starts, length):
        if len(starts) == 2:  # a training batch
            taken.append(None)
            if len(taken) == 31:
                os.kill(os.getpid(), number)
        return drawn(values, starts, length)

    with monkeypatch.context() as patch:
        patch.setitem(EXAMPLE.main.__globals__, "windows", windows)
        assert EXAMPLE.main([*long, "--output", str(tmp_path / "stopped")]) == status
    assert len(list((tmp_path / "stopped").glob("*.best.pt"))) == 1
    assert EXAMPLE.main([*long, "--output", str(tmp_path / "stopped")]) == 0
    whole, again = (json.loads((tmp_path / f / "results.json").read_text())["results"] for f in ("whole", "stopped"))
    assert {name: result["mse"] for name, result in again.items()} == {n: result["mse"] for n, result in whole.items()}


def test_a_run_that_diverges_is_a_result(tmp_path, capsys, monkeypatch):
    def spoilt(optimizer, closure=None):
        torch.nn.init.constant_(optimizer.param_groups[0]["params"][0], float("nan"))

    monkeypatch.setattr(torch.optim.Adam, "step", spoilt)
    assert EXAMPLE.main([*TINY, "--output", str(tmp_path)]) == 1
    assert capsys.readouterr().out.count("diverged, counted as the mean: seed 1: loss is nan at step 2") == 3
    results = json.loads((tmp_path / "results.json").read_text())["results"]
    assert results["GCRN, true graph"]["mse"] == 2 * results["mean"]["mse"]
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 6


def test_training_beats_persistence_on_the_true_graph(tmp_path):
    signals = EXAMPLE.spreading_signals(16, 300)
    options = EXAMPLE.parse(["--steps", "40", "--hidden", "8", "--window", "6"])
    model, _ = EXAMPLE.train(signals, signals.adjacency, 2, 0, options, tmp_path / "run.pt")
    graph = EXAMPLE.operator(model, signals.adjacency)
    guess = EXAMPLE.forecast(model, signals, graph, 6, signals.test, len(signals.values))
    assert EXAMPLE.error(guess, signals) < 0.8 * EXAMPLE.error(signals.values[signals.test - 1 : -1], signals)
