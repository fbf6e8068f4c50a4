"""The example of forecasts on a graph, with tiny arguments."""

import json
import os
import runpy
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from gnnseq.graphs import rewired

EXAMPLE = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "examples" / "gcrn_signals.py")))
TINY = ["--steps", "2", "--seeds", "2", "--hidden", "2", "--window", "4", "--batch-size", "2", "--nodes", "8"]


NAMES = ["mean", "persistence", "AR(4)", "AR(4) of each node", "AR(4) with neighbours", "LSTM without the graph"]
NAMES += ["GCRN, random graph", "GCRN, true graph", "GCRN, true graph, seq2seq"]


def test_made_signals(tmp_path, capsys):
    assert EXAMPLE.main([*TINY, "--output", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    record = json.loads((tmp_path / "out" / "results.json").read_text())
    assert (tmp_path / "out" / "forecasts.png").stat().st_size > 10_000
    assert list(record["results"]) == NAMES
    assert all(name in printed for name in NAMES)
    assert [len(result["runs"]) for result in record["results"].values()] == [1] * 5 + [2] * 4
    errors = {name: result["runs"][0]["errors"]["MAE"] for name, result in record["results"].items()}
    assert all(len(values) == 3 for values in errors.values())
    first = {name: values[0] for name, values in errors.items()}
    assert first["AR(4) with neighbours"] < first["AR(4)"] < first["persistence"]
    assert record["best_possible"] == pytest.approx(0.79788, abs=1e-4)  # of normal noise with variance 1


RING = torch.eye(6).roll(1, 0) + torch.eye(6).roll(-1, 0) + torch.eye(6).roll(3, 0)


def own_series(folder):
    """A wide table with times and gaps, and the ring as a list of edges with distances."""
    rows = torch.randn(90, 6, generator=torch.Generator().manual_seed(0)).tolist()
    lines = ["time,a,b,c,d,e,f"]
    for step, row in enumerate(rows):
        cells = ["" if (step + node) % 17 == 0 else f"{value:.3f}" for node, value in enumerate(row)]
        lines.append(",".join([f"2024-03-{1 + step // 24:02d} {step % 24:02d}:00", *cells]))
    (folder / "series.csv").write_text("\n".join(lines))
    edges = [f"{'abcdef'[u]},{'abcdef'[v]},{4 if abs(u - v) == 3 else 1}" for u, v in RING.nonzero().tolist()]
    (folder / "edges.csv").write_text("\n".join(["from,to,distance", *edges]))
    return ["--series", str(folder / "series.csv"), "--time", "time"]


@pytest.mark.parametrize(
    ("more", "missing"),
    [(["--edges"], set()), (["--distances"], set()), (["--directed", "--period", "3", "--edges"], {NAMES[6]})],
)
def test_own_signals_with_times_and_gaps(tmp_path, more, missing):
    command = [*TINY, *own_series(tmp_path), *more, str(tmp_path / "edges.csv"), "--horizon", "2"]
    assert EXAMPLE.main([*command, "--output", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "results.json").read_text())
    assert record["best_possible"] is None
    assert set(NAMES) - set(record["results"]) == missing
    assert ("3 steps before" in record["results"]) == ("--period" in more)
    for result in record["results"].values():
        for one in result["runs"]:
            assert all(0 < value < 100 for value in one["errors"]["MAE"] + one["errors"]["RMSE"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "0"], "--steps is 0, expected at least 1"),
        (["--batch-size", "0"], "--batch-size is 0, expected at least 1"),
        (["--learning-rate", "0"], "--learning-rate is 0.0, expected a positive number"),
        (["--series", "x.csv"], "--series goes with one of --adjacency, --edges and --distances"),
        (["--edges", "x.csv"], "--series goes with one of --adjacency, --edges and --distances"),
        (["--horizon", "0"], "--horizon is 0, expected at least 1"),
        (["--horizon", "81"], "length + horizon is 8 + 81, expected at most the 88 steps of the validation part"),
        (["--directed", "--K", "2"], "--K is 2, expected an odd number with --directed"),
        (["--series", "no.csv", "--adjacency", "no.csv"], "No such file"),
        (["--window", "700"], "length + horizon is 700 + 3, expected at most the 560 steps of the train part"),
        (["--nodes", "3"], "num_nodes is 3, expected at least 6"),
    ],
)
def test_bad_input(tmp_path, capsys, arguments, message):
    assert EXAMPLE.main([*arguments, "--output", str(tmp_path)]) == 2
    assert message in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


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
    [kernel(40), without_an_edge(8), star(6), torch.ones(3, 3), torch.ones(2, 2)],
    ids=["complete", "nearly complete", "star", "three nodes", "two nodes"],
)
def test_a_graph_without_a_random_twin_goes_on_without(tmp_path, capsys, A):
    assert rewired(A.fill_diagonal_(0.0), 0) is None
    assert EXAMPLE.main([*TINY, *write_csv(tmp_path, A), "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("The graph has no random twin")
    names = list(json.loads((tmp_path / "results.json").read_text())["results"])
    assert names[-3:] == ["LSTM without the graph", "GCRN, true graph", "GCRN, true graph, seq2seq"]
    assert "GCRN, random graph" not in names


def test_a_second_run_trains_nothing_again(tmp_path, monkeypatch):
    command = [*TINY, "--output", str(tmp_path)]
    assert EXAMPLE.main(command) == 0
    before = {name: (tmp_path / name).read_bytes() for name in ("records.jsonl", "results.json", "forecasts.png")}
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".pt") == []
    monkeypatch.delitem(EXAMPLE.main.__globals__, "fit")
    assert EXAMPLE.main(command) == 0
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_the_same_series_in_another_unit_is_run_anew(tmp_path):
    own_series(tmp_path)
    lines = (tmp_path / "series.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines[1:]]
    scaled = [",".join([row[0], *(value and repr(4 * float(value)) for value in row[1:])]) for row in rows]
    (tmp_path / "scaled.csv").write_text("\n".join([lines[0], *scaled]))
    means = []
    for name in ("series.csv", "scaled.csv"):
        command = [*TINY, "--series", str(tmp_path / name), "--time", "time", "--edges", str(tmp_path / "edges.csv")]
        assert EXAMPLE.main([*command, "--output", str(tmp_path / "out")]) == 0
        results = json.loads((tmp_path / "out" / "results.json").read_text())["results"]
        means.append(results["GCRN, true graph"]["runs"][0]["errors"]["MAE"][0])
    assert means[1] == pytest.approx(4 * means[0])


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_by_a_signal_it_goes_on_from_a_checkpoint(tmp_path, monkeypatch, number, status):
    long = [*TINY, "--steps", "40", "--seeds", "1"]
    assert EXAMPLE.main([*long, "--output", str(tmp_path / "whole")]) == 0
    drawn, taken = EXAMPLE.to_windows, []

    def to_windows(samples):
        if len(samples) == 2:  # a training batch
            taken.append(None)
            if len(taken) == 31:
                os.kill(os.getpid(), number)
        return drawn(samples)

    with monkeypatch.context() as patch:
        patch.setitem(EXAMPLE.main.__globals__, "to_windows", to_windows)
        assert EXAMPLE.main([*long, "--output", str(tmp_path / "stopped")]) == status
    assert len(list((tmp_path / "stopped").glob("*.best.pt"))) == 1
    assert EXAMPLE.main([*long, "--output", str(tmp_path / "stopped")]) == 0
    whole, again = (json.loads((tmp_path / f / "results.json").read_text())["results"] for f in ("whole", "stopped"))
    assert {name: result["runs"] for name, result in again.items()} == {n: r["runs"] for n, r in whole.items()}


def test_a_run_that_diverges_is_a_result(tmp_path, capsys, monkeypatch):
    def spoilt(optimizer, closure=None):
        torch.nn.init.constant_(optimizer.param_groups[0]["params"][0], float("nan"))

    monkeypatch.setattr(torch.optim.Adam, "step", spoilt)
    assert EXAMPLE.main([*TINY, "--output", str(tmp_path)]) == 1
    assert capsys.readouterr().out.count("diverged, counted as the mean: seed 1: loss is nan at step 2") == 4
    results = json.loads((tmp_path / "results.json").read_text())["results"]
    runs, mean = results["GCRN, true graph"]["runs"], results["mean"]["runs"]
    assert [one["errors"] for one in runs] == 2 * [one["errors"] for one in mean]
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 8


@pytest.mark.parametrize("name", ["GCRN, true graph", "GCRN, true graph, seq2seq"])
def test_training_beats_persistence_on_the_true_graph(tmp_path, name):
    signals = EXAMPLE.spreading_signals(16, 300)
    options = EXAMPLE.parse(["--steps", "80", "--hidden", "8", "--window", "6", "--K", "2", "--horizon", "2"])
    model, _ = EXAMPLE.train(signals, name, signals.adjacency, 0, options, tmp_path / "run.pt")
    errors = EXAMPLE.judge(model, signals, options)["errors"]["MAE"]
    persistence = EXAMPLE.judge(EXAMPLE.PersistenceForecast(2), signals, options)["errors"]["MAE"]
    assert sum(errors) < 0.9 * sum(persistence)
