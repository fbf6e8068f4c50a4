"""The example of vanishing gradients, with tiny arguments."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

EXAMPLE = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).parents[2] / "examples" / "vanishing_gradients.py"), run_name="example")
)
TINY = ["--steps", "8", "--radii", "0.5", "1.5", "--width", "4", "--seeds", "2", "--train-steps", "2"]


def main(*arguments):
    return EXAMPLE.main([str(argument) for argument in arguments])


def test_flow_training_and_figures(tmp_path, capsys):
    assert main(*TINY, "--output", tmp_path) == 0
    printed = capsys.readouterr().out
    records = json.loads((tmp_path / "gradients.json").read_text())
    assert [record["radius"] for record in records] == [pytest.approx(0.5), pytest.approx(1.5), None, None]
    assert all(len(own) == 8 for record in records for own in record["hidden"])
    assert (tmp_path / "gradients.md").read_text() in printed
    for name in ("gradients", "clipping"):
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
    trainings = [json.loads(line) for line in (tmp_path / "training.jsonl").read_text().splitlines()]
    assert [(t["family"]["title"][-3:], t["trial"]["max_norm"], t["trial"]["seed"]) for t in trainings[:4]] == [
        ("0.5", None, 0), ("0.5", 1.0, 0), ("1.5", None, 0), ("1.5", 1.0, 0),
    ]  # fmt: skip
    assert len(trainings) == 8


def test_a_second_run_trains_only_what_is_missing(tmp_path):
    assert main(*TINY, "--output", tmp_path) == 0
    path = tmp_path / "training.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    assert main(*TINY, "--output", tmp_path) == 0
    again = path.read_text().splitlines(keepends=True)
    assert again[:-1] == lines[:-1]
    last, new = json.loads(lines[-1]), json.loads(again[-1])
    assert [last[name] for name in ("key", "score", "curve")] == [new[name] for name in ("key", "score", "curve")]


def test_without_training(tmp_path, capsys):
    assert main(*TINY, "--train-steps", 0, "--output", tmp_path) == 0
    assert "clipping.png" not in capsys.readouterr().out
    assert not (tmp_path / "clipping.png").exists()


def test_ctrl_c_keeps_what_is_done(tmp_path, capsys, monkeypatch):
    done = EXAMPLE.main.__globals__["run_trial"]

    def once(trial):
        if trial.settings.max_norm is not None:
            raise KeyboardInterrupt
        return done(trial)

    monkeypatch.setitem(EXAMPLE.main.__globals__, "run_trial", once)
    assert main(*TINY, "--output", tmp_path) == 130
    assert "Run the same command to go on" in capsys.readouterr().err
    assert len((tmp_path / "training.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--steps", "1"], "--steps is 1, expected at least 2"),
        (["--radii", "0.5", "-1"], "--radii holds -1.0"),
        (["--max-norm", "0"], "--max-norm is 0.0"),
        (["--learning-rate", "nan"], "--learning-rate is nan"),
        (["--train-steps", "-1"], "--train-steps is -1"),
        (["--output", "/dev/null/runs"], "can be written"),
    ],
)
def test_bad_input_is_named(arguments, named, capsys):
    assert main(*arguments) == 2
    output, errors = capsys.readouterr()
    assert named in errors
    assert output == ""
