"""The example of nested lists, with tiny arguments."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

EXAMPLE = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "examples" / "tree_lstm_listops.py")))
TINY = ["--rounds", "2", "--round-steps", "2", "--batch-size", "4", "--test-samples", "30", "--budget", "5000"]
TINY += ["--depth", "5", "--arguments", "3", "--longest", "20"]


def run(folder, *arguments):
    return EXAMPLE.main([*TINY, *arguments, "--output", str(folder)])


def records(folder):
    return [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]


def test_all_models(tmp_path, capsys):
    assert run(tmp_path, "--seeds", "2", "--models", *EXAMPLE.MODELS) == 0
    printed, found = capsys.readouterr().out, records(tmp_path)
    assert [(r["trial"]["family"], r["trial"]["seed"]) for r in found] == [
        (m, s) for m in EXAMPLE.MODELS for s in (0, 1)
    ]
    for record in found:
        assert abs(record["weights"] - 5000) <= 100
        for groups in (record["by_depth"], record["by_length"]):
            assert sum(count for _, count in groups.values()) == 30
            assert sum(right for right, _ in groups.values()) == pytest.approx(30 * record["accuracy"])
        assert record["title"] in printed
    assert (tmp_path / "accuracy.png").stat().st_size > 10_000
    assert (tmp_path / "table.md").read_text() in printed
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".jsonl", ".md", ".png"]
    before = (tmp_path / "records.jsonl").read_bytes()
    assert run(tmp_path, "--seeds", "2", "--models", *EXAMPLE.MODELS) == 0
    assert (tmp_path / "records.jsonl").read_bytes() == before


def test_a_stopped_run_goes_on(tmp_path, monkeypatch, capsys):
    models = ["--models", "tree"]
    assert run(tmp_path / "whole", *models) == 0
    rounds = EXAMPLE.run_listops.__globals__["Rounds"]
    save, stops = rounds._save, [None, KeyboardInterrupt]

    def save_and_stop(self):
        save(self)
        if stops and stops.pop():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rounds, "_save", save_and_stop)
        assert run(tmp_path / "stopped", *models) == 130
    assert "Run the same command to go on" in capsys.readouterr().err
    assert len(list((tmp_path / "stopped").glob("*.pt"))) == 1
    assert run(tmp_path / "stopped", *models) == 0
    (whole,), (again,) = records(tmp_path / "whole"), records(tmp_path / "stopped")
    same = ("key", "accuracy", "by_depth", "by_length", "weights")
    assert [whole[name] for name in same] == [again[name] for name in same]
    assert [entry["loss"] for entry in whole["curve"]] == [entry["loss"] for entry in again["curve"]]


def test_labels_of_the_answer_alone(tmp_path):
    assert run(tmp_path, "--labels", "root", "--models", "tree", "lstm") == 0
    assert {record["trial"]["labels"] for record in records(tmp_path)} == {"root"}
    assert "of the whole expression alone" in (tmp_path / "table.md").read_text()


def test_a_run_that_diverges_is_a_result_and_the_others_run(tmp_path, monkeypatch, capsys):
    step, steps = torch.optim.Adam.step, []

    def spoilt(optimizer, closure=None):
        step(optimizer)
        steps.append(None)
        if len(steps) == 3:  # in the second round of the first model
            torch.nn.init.constant_(optimizer.param_groups[0]["params"][0], float("nan"))

    monkeypatch.setattr(torch.optim.Adam, "step", spoilt)
    assert run(tmp_path, "--models", "lstm", "bag") == 1
    lstm, bag = records(tmp_path)
    assert (lstm["status"], lstm["stopped"]) == ("diverged", "round 2: loss is nan at step 2")
    assert (bag["status"], bag["stopped"]) == ("done", None)
    printed = capsys.readouterr().out
    assert "seed 0: diverged, round 2: loss is nan" in printed
    assert "\nDiverged, counted as a constant guess: LSTM" in printed
    assert (tmp_path / "accuracy.png").stat().st_size > 10_000
    assert list(tmp_path.glob("*.pt")) == []


def test_a_run_may_diverge_in_its_first_round(tmp_path, monkeypatch):
    def spoilt(optimizer, closure=None):
        torch.nn.init.constant_(optimizer.param_groups[0]["params"][0], float("nan"))

    monkeypatch.setattr(torch.optim.Adam, "step", spoilt)
    assert run(tmp_path, "--models", "lstm", "bag") == 1
    assert [(r["status"], r["curve"]) for r in records(tmp_path)] == [("diverged", [])] * 2
    lines = [line.split(" | ") for line in (tmp_path / "table.md").read_text().splitlines() if line.startswith("| ")]
    shares = {row[0]: row[2] for row in lines[1:]}
    assert len(shares) == 3
    assert len(set(shares.values())) == 1  # those of the constant guess


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rounds", "0"], "--rounds is 0, expected at least 1"),
        (["--seeds", "0"], "--seeds is 0, expected at least 1"),
        (["--batch-size", "0"], "--batch-size is 0, expected at least 1"),
        (["--learning-rate", "-1"], "--learning-rate is -1.0, expected a positive number"),
        (["--models", "gcn"], "family is 'gcn', expected one of tree, tree-nary"),
        (["--depth", "1"], "depth is 1, expected an integer >= 2"),
        (["--arguments", "10"], "arguments is 10, expected an integer from 2 to 9"),
        (["--longest", "5"], "lengths is (6, 5)"),
        (["--budget", "10"], "budget is 10 weights, expected at least"),
    ],
)
def test_bad_input(tmp_path, capsys, arguments, message):
    assert run(tmp_path, *arguments) == 2
    assert message in capsys.readouterr().err


def test_quick_defaults():
    options = EXAMPLE.parse([])
    assert (options.seeds, options.rounds) == (1, 12)
    full = EXAMPLE.parse(["--preset", "full", "--rounds", "3"])
    assert (full.seeds, full.rounds, full.models) == (3, 3, EXAMPLE.MODELS)
