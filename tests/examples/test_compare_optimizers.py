import importlib.util
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location(
    "compare_optimizers", Path(__file__).parents[2] / "examples" / "compare_optimizers.py"
)
example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(example)

TINY = ["--steps", "6", "--seeds", "2", "--tuning-seeds", "1", "--rates", "0.01", "0.1", "--path-steps", "3",
        "--width", "4", "--length", "4", "--jobs", "1", "--optimizers", "sgd", "adam"]  # fmt: skip


def test_everything_is_written_and_a_second_run_repeats_nothing(tmp_path, capsys):
    assert example.main([*TINY, "--output", str(tmp_path)]) == 0
    first = capsys.readouterr().out
    assert "undecided at 2 seeds".capitalize() in first
    assert "an RNN of two weights" in first
    names = {"records.jsonl", "optimizers.md", "verdicts.csv", "optimizers.png", "learning.png", "paths.png"}
    assert names <= {path.name for path in tmp_path.iterdir()}
    size = (tmp_path / "records.jsonl").stat().st_size
    assert example.main([*TINY, "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out == first
    assert (tmp_path / "records.jsonl").stat().st_size == size


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--optimizers", "adm"], "did you mean 'adam'"),
        (["--rates", "0"], "expected positive learning rates, not 0.0"),
        (["--seeds", "0"], "seeds is 0"),
        (["--jobs", "0"], "jobs is 0"),
        (["--steps", "0"], "steps is 0"),
        (["--length", "1", "--jobs", "1", "--rates", "0.1", "--seeds", "1", "--tuning-seeds", "1"], "length is 1"),
    ],
)
def test_what_is_wrong_is_named(arguments, named, tmp_path, capsys):
    assert example.main([*arguments, "--output", str(tmp_path / "out")]) == 2
    assert named in capsys.readouterr().err
