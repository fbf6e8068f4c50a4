"""The example of nested lists, with tiny arguments."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from gnnseq.training import Checkpoint

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
        assert record["family"]["title"] in printed
    assert (tmp_path / "accuracy.png").stat().st_size > 10_000
    assert (tmp_path / "table.md").read_text() in printed
    assert [p.suffix for p in tmp_path.iterdir() if p.name[0] != "." and p.suffix == ".pt"] == []
    before = (tmp_path / "records.jsonl").read_bytes()
    assert run(tmp_path, "--seeds", "2", "--models", *EXAMPLE.MODELS) == 0
    assert (tmp_path / "records.jsonl").read_bytes() == before


def test_a_stopped_run_goes_on(tmp_path, monkeypatch, capsys):
    models = ["--models", "tree"]
    assert run(tmp_path / "whole", *models) == 0
    save, stops = Checkpoint._save, [None, KeyboardInterrupt]

    def save_and_stop(self, history):
        save(self, history)
        if stops and stops.pop():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "_save", save_and_stop)
        assert run(tmp_path / "stopped", *models) == 130
    assert "Run the same command to go on" in capsys.readouterr().err
    assert len(list((tmp_path / "stopped").glob("*.pt"))) == 2  # the last and the best
    assert run(tmp_path / "stopped", *models) == 0
    (whole,), (again,) = records(tmp_path / "whole"), records(tmp_path / "stopped")
    same = ("key", "score", "by_depth", "by_length", "weights", "looks", "curve")
    assert [whole[name] for name in same] == [again[name] for name in same]
    assert list((tmp_path / "stopped").glob("*.pt")) == []


def test_labels_of_the_answer_alone(tmp_path):
    assert run(tmp_path, "--labels", "root", "--models", "tree", "lstm") == 0
    assert {record["task"]["name"] for record in records(tmp_path)} == {"listops, the answer labelled"}


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
    assert (lstm["status"], lstm["stopped"]) == ("diverged", "loss is nan at step 4")
    assert (bag["status"], bag["stopped"]) == ("done", None)
    shown = capsys.readouterr()
    assert "(1 seed), 1 diverged" in shown.out
    assert "loss is nan at step 4" in shown.err
    assert (tmp_path / "accuracy.png").stat().st_size > 10_000
    assert list(tmp_path.glob("*.pt")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rounds", "0"], "--rounds is 0, expected at least 1"),
        (["--seeds", "0"], "--seeds is 0, expected at least 1"),
        (["--batch-size", "0"], "--batch-size is 0, expected at least 1"),
        (["--learning-rate", "-1"], "--learning-rate is -1.0, expected a positive number"),
        (["--models", "gcn"], "model is 'gcn', expected one of tree, tree-nary"),
        (["--depth", "1"], "depth is 1, expected an integer >= 2"),
        (["--arguments", "10"], "arguments is 10, expected an integer from 2 to 9"),
        (["--longest", "5"], "lengths is (6, 5)"),
        (["--budget", "10"], "budget is 10 weights, expected at least"),
        (["--jobs", "0"], "--jobs is 0, expected at least 1"),
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
