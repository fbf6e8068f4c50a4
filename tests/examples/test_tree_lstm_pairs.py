"""The example of pairs, with tiny arguments."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from gnnseq.training import Checkpoint

EXAMPLE = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "examples" / "tree_lstm_pairs.py")))
TINY = ["--steps", "4", "--batch-size", "4", "--budget", "9000", "--look-every", "2", "--longest", "2"]
HEADER = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    for length in range(1, 13):
        lines = ["#\t( not a )\tb", "<\ta\t( a ( or b ) )", "=\tb\tb", "^\ta\t( not a )"] * 3
        for part in ("train", "test"):
            (folder / f"{part}{length}").write_text("\n".join(lines) + "\n")
    for name in EXAMPLE.SICK.values():
        rows = [f"{n}\tA dog runs\tA {n % 3} cat sleeps\t{1 + n % 5}\tNEUTRAL" for n in range(8)]
        (folder / name).write_text(HEADER + "\n".join(rows) + "\n")
    return folder


def run(folder, data, *arguments):
    return EXAMPLE.main(["--path", str(data), *TINY, *arguments, "--output", str(folder)])


def records(folder):
    return [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]


def test_all_models_and_nothing_twice(tmp_path, data, capsys):
    assert run(tmp_path, data) == 0
    assert [record["trial"]["family"] for record in records(tmp_path)] == EXAMPLE.MODELS
    assert (tmp_path / "table.md").read_text() in capsys.readouterr().out
    assert (tmp_path / "accuracy.png").stat().st_size > 10_000
    before = (tmp_path / "records.jsonl").read_bytes()
    assert run(tmp_path, data) == 0
    assert (tmp_path / "records.jsonl").read_bytes() == before


@pytest.mark.parametrize("trees", ["balanced", "right"])
@pytest.mark.parametrize("task", ["relatedness", "entailment"])
def test_sentences(tmp_path, data, task, trees):
    assert run(tmp_path, data, "--task", task, "--trees", trees, "--models", "tree-nary", "lstm") == 0
    for record in records(tmp_path):
        assert record["task"]["title"] == f"SICK {task}, {trees} trees"
        assert ("pearson" in record) == (task == "relatedness")


def test_a_stopped_run_goes_on(tmp_path, data, monkeypatch, capsys):
    models = ["--models", "tree-nary"]
    assert run(tmp_path / "whole", data, *models) == 0
    save, stops = Checkpoint._save, [KeyboardInterrupt]

    def save_and_stop(self, history):
        save(self, history)
        if stops:
            raise stops.pop()

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "_save", save_and_stop)
        assert run(tmp_path / "stopped", data, *models) == 130
    assert run(tmp_path / "stopped", data, *models) == 0
    (whole,), (again,) = records(tmp_path / "whole"), records(tmp_path / "stopped")
    same = ("key", "score", "by_length", "weights", "looks", "curve")
    assert [whole[name] for name in same] == [again[name] for name in same]
