"""The example of computability, with tiny arguments."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

EXAMPLE = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).parents[2] / "examples" / "can_it_compute.py"), run_name="example")
)
TINY = ["--tasks", "parity", "formula", "--models", "lstm", "tree-lstm-tree", "--steps", "2", "--lengths", "6", "12",
        "--jobs", "1"]  # fmt: skip


def main(*arguments):
    return EXAMPLE.main([str(argument) for argument in arguments])


def test_table_figure_and_outcomes(tmp_path, capsys):
    assert main(*TINY, "--output", tmp_path) == 0
    printed = capsys.readouterr().out
    found = json.loads((tmp_path / "outcomes.json").read_text())
    assert [(o["model"], o["task"], o["computes"]) for o in found] == [
        ("LSTM", "parity", "can"),
        ("LSTM", "formula", "cannot"),
        ("Tree-LSTM, child-sum on the tree", "formula", "can"),
    ]
    assert all(o["because"] and set(o["accuracy"]) == set(o["hard"]) == {"6", "12"} for o in found)
    text = (tmp_path / "table.md").read_text()
    assert text.split("\n\n")[0] in printed
    assert "| hard 12 " in text
    assert (tmp_path / "compute.png").stat().st_size > 10_000
    before = (tmp_path / "records.jsonl").read_text()
    assert main(*TINY, "--output", tmp_path) == 0
    assert (tmp_path / "records.jsonl").read_text() == before


def test_a_preset_asks_for_everything():
    options = EXAMPLE.parse(["--preset", "full", "--seeds", "2"])
    assert (options.seeds, options.steps, options.drift, len(options.tasks)) == (2, 600, True, 12)
    assert options.rates == [1e-3, 3e-3, 1e-2]


def test_drift(tmp_path, monkeypatch, capsys):
    asked = EXAMPLE.main.__globals__["run_drift"]
    monkeypatch.setitem(
        EXAMPLE.main.__globals__, "run_drift",
        lambda store, seeds, jobs: asked(store, seeds, (5, 20), [EXAMPLE.SETTINGS.__class__(steps=1, budget=900)]),
    )  # fmt: skip
    assert main(*TINY[:2], "--models", "lstm", *TINY[6:], "--drift", "--output", tmp_path) == 0
    assert "to 20" in capsys.readouterr().out
    assert (tmp_path / "drift.png").stat().st_size > 10_000
