"""The example of a training with Fabric; tests/training/test_devices.py compares two processes with one."""

import csv
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("lightning_fabric")
EXAMPLE = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "examples" / "train_with_fabric.py")))
TINY = ["--steps", "4", "--batch-size", "4", "--length", "4", "--every", "2"]


def without_seconds(text):
    return re.sub(r"[\d.]+ s:", "s:", text)


def test_it_trains_and_goes_on(tmp_path, capsys):
    pytest.importorskip("tensorboard")
    arguments = [*TINY, "--accumulate", "2", "--output", str(tmp_path), "--tensorboard"]
    assert EXAMPLE.main(arguments) == 0
    first = capsys.readouterr().out
    assert first.startswith("4 steps on 1 process(es), 32-true")
    with (tmp_path / "history.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4
    assert {"checkpoint.pt", "checkpoint.best.pt"} <= {file.name for file in tmp_path.iterdir()}
    assert list(tmp_path.glob("events.*"))
    assert EXAMPLE.main(arguments) == 0
    assert without_seconds(capsys.readouterr().out) == without_seconds(first)


def test_changed_settings_are_refused(tmp_path, capsys):
    assert EXAMPLE.main([*TINY, "--output", str(tmp_path)]) == 0
    assert EXAMPLE.main([*TINY, "--max-norm", "2", "--output", str(tmp_path)]) == 2
    assert "max_norm is 1.0, not 2.0" in capsys.readouterr().err
