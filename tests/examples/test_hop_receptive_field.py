"""The example of reach and influence, with tiny arguments."""

import csv
import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

EXAMPLE = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).parents[2] / "examples" / "hop_receptive_field.py"), run_name="example")
)
TINY = ["--steps", "11", "--seeds", "1", "--jobs", "1", "--train-steps", "2"]
MODELS, DISTANCES = ["--models", "lstm", "gcn", "gcrn", "--width", "12"], ["--distances", "2", "3"]


def main(*arguments):
    return EXAMPLE.main([str(argument) for argument in arguments])


def test_every_part_writes_its_figure_and_its_numbers(tmp_path, capsys):
    assert main(*TINY, *MODELS, *DISTANCES, "--output", tmp_path) == 0
    printed = capsys.readouterr().out
    assert "GCN, 8 layers on the path: reaches the last 9 of 11 symbols" in printed
    for name in ("sight", "heat", "depth", "reach", "trained"):
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
        assert name == "trained" or f"{name}.png" in printed
    sight = json.loads((tmp_path / "sight.json").read_text())
    assert [record["family"] for record in sight] == ["lstm", "lstm", "gcn", "gcrn", "gcrn"]
    assert all(len(record["theory"]) == 11 for record in sight)
    heat = json.loads((tmp_path / "heat.json").read_text())
    assert [len(record["shares"]) for record in heat] == [11, 11, 11]
    assert len(json.loads((tmp_path / "depth.json").read_text())) == 10
    reach = [json.loads(line) for line in (tmp_path / "reach.jsonl").read_text().splitlines()]
    assert {record["task"]["size"] for record in reach} == {3, 4}
    assert [r["hops_required"] - r["hops_reach"] for r in reach if r["trial"]["family"] == "conv-2"] == [0, 1]


def test_a_second_run_trains_nothing_again(tmp_path):
    part = [*TINY, "--show", "reach", "--output", tmp_path]
    assert main(*part, "--distances", 2) == 0
    before = (tmp_path / "reach.jsonl").read_text().splitlines()
    assert main(*part, "--distances", 4, 2, 2) == 0
    after = (tmp_path / "reach.jsonl").read_text().splitlines()
    assert after[: len(before)] == before
    assert len(after) == 2 * len(before)


def test_only_what_is_asked_for(tmp_path):
    assert main(*TINY, *MODELS, "--show", "heat", "--output", tmp_path) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"heat.json", "heat.png"}


def test_topologies(tmp_path, capsys):
    assert main("--topologies", *TINY, "--seeds", 2, "--output", tmp_path) == 0
    printed = capsys.readouterr().out
    table = list(csv.DictReader((tmp_path / "topologies.csv").read_text().splitlines()))
    hops = {row["model"].split(":")[0].split(",")[0]: int(row["hops_required"]) for row in table}
    assert hops["path"] == 10
    assert hops["star"] == hops["cycle"] == 1
    assert len(table) == 8
    assert all(float(row["low"]) <= float(row["mean"]) <= float(row["high"]) for row in table)
    assert (tmp_path / "topologies.md").read_text() in printed


def test_ctrl_c_keeps_what_is_done(tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setitem(EXAMPLE.main.__globals__, "run_trials", interrupted)
    assert main(*TINY, *MODELS, *DISTANCES, "--show", "heat", "reach", "--output", tmp_path) == 130
    assert "Run the same command to go on" in capsys.readouterr().err
    assert (tmp_path / "heat.png").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--steps", "1"], "--steps is 1, expected at least 2"),
        (["--topologies", "--steps", "2"], "--steps is 2, expected at least 3"),
        (["--seeds", "0"], "--seeds is 0"),
        (["--jobs", "0"], "--jobs is 0"),
        (["--train-steps", "0"], "--train-steps is 0"),
        (["--distances", "3", "0"], "--distances holds 0"),
        (["--models", "gnc"], "did you mean 'gcn'"),
        (["--output", "/dev/null/runs"], "/dev/null"),
    ],
)
def test_bad_input_is_named(arguments, named, capsys):
    assert main(*arguments) == 2
    output, errors = capsys.readouterr()
    assert named in errors
    assert output == ""


def test_the_preset_has_the_distances_and_seeds_of_the_documentation_and_the_default_is_small():
    quick, full = EXAMPLE.parse([]), EXAMPLE.parse(["--preset", "full"])
    assert (quick.distances, quick.seeds_of["reach"], quick.train_steps, quick.jobs) == ([2, 4, 7, 9], 1, 150, 1)
    assert (full.distances, full.seeds_of["reach"], full.train_steps) == ([1, 2, 3, 4, 5, 7, 8, 9], 3, 200)
    assert (quick.seeds_of["sight"], full.seeds_of["sight"]) == (3, 5)
    assert set(EXAMPLE.parse(["--seeds", "2"]).seeds_of.values()) == {2}
