"""The examples as a user runs them, with tiny arguments."""

import csv
import errno
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from gnnseq.experiments import FAMILIES
from gnnseq.experiments.presets import PRESETS
from gnnseq.results.joined import TWINS

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name, *arguments):
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def call(capsys, name, *arguments):
    """The same in this process, which is quicker; exit status, output and errors."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, EXAMPLES / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        status = module.main([str(argument) for argument in arguments])
    return status, *capsys.readouterr()


COMPARE = ["--lengths", 4, 6, "--models", "lstm", "gcn", "--seeds", 2, "--steps", 3, "--budget", 600, "--jobs", 1]


def test_compare_writes_everything_and_a_second_run_repeats_nothing(tmp_path):
    first = run("compare_rnn_vs_gnn.py", *COMPARE, "--output", tmp_path)
    assert first.returncode == 0, first.stderr
    assert "Palindromes of length 6" in first.stdout
    assert "lr 0.003" in first.stdout
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    assert len(records) == 8
    assert len(list(csv.DictReader((tmp_path / "summary.csv").read_text().splitlines()))) == 4
    assert (tmp_path / "accuracy.png").stat().st_size > 10_000
    second = run("compare_rnn_vs_gnn.py", *COMPARE, "--output", tmp_path)
    assert second.returncode == 0
    assert second.stdout == first.stdout
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 8


def test_compare_repeats_only_a_record_that_was_cut_off(tmp_path, capsys):
    call(capsys, "compare_rnn_vs_gnn.py", *COMPARE, "--output", tmp_path)
    path = tmp_path / "records.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    status, _, errors = call(capsys, "compare_rnn_vs_gnn.py", *COMPARE, "--output", tmp_path)
    assert status == 0
    assert "line 8 is not a whole record" in errors
    assert len(path.read_text().splitlines()) == 8


def test_the_reports_preset_reads_numbers_with_its_own_settings(tmp_path, capsys):
    small = ["--lengths", 4, "--steps", 2, "--seeds", 1, "--jobs", 1, "--output", tmp_path]
    status, *_ = call(capsys, "compare_rnn_vs_gnn.py", "--preset", "report", *small)
    assert status == 0
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    settings = {
        r["trial"]["family"]: (r["trial"]["learning_rate"], r["trial"]["optimizer"], r["width"]) for r in records
    }
    assert settings == {"rnn": (1e-3, "rmsprop", 128), "lstm": (1e-2, "rmsprop", 128)}
    assert all(r["trial"]["task"]["numbers"] and r["initialisation"] == "default" for r in records)
    assert {r["trial"]["stop_at"] for r in records} == {None}


def test_the_reports_preset_gives_symbols_to_a_gcrn(tmp_path, capsys):
    small = ["--lengths", 4, "--steps", 2, "--seeds", 1, "--jobs", 1, "--models", "gcrn", "gru", "--output", tmp_path]
    assert call(capsys, "compare_rnn_vs_gnn.py", "--preset", "report", *small)[0] == 0
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    assert {r["trial"]["family"]: r["trial"]["task"]["numbers"] for r in records} == {"gru": True, "gcrn": False}


def test_the_tuned_preset_has_an_initialisation_for_each_model(tmp_path, capsys):
    small = ["--lengths", 4, "--steps", 2, "--seeds", 1, "--jobs", 1, "--output", tmp_path]
    assert call(capsys, "compare_rnn_vs_gnn.py", "--preset", "tuned-report", *small)[0] == 0
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    settings = {r["trial"]["family"]: (r["trial"]["learning_rate"], r["trial"]["initialisation"]) for r in records}
    assert settings == {"rnn": (5e-4, "orthogonal, inputs times 0.1"), "lstm": (3e-3, "chrono")}
    shared = {(r["trial"]["optimizer"], r["width"], r["trial"]["batch_size"], r["trial"]["stop_at"]) for r in records}
    assert shared == {("adam", 128, 128, 1.0)}


def test_compare_tunes_on_validation_data(tmp_path, capsys):
    status, output, _ = call(capsys, "compare_rnn_vs_gnn.py", *COMPARE, "--tune", 0.01, 1e-5, "--output", tmp_path)
    assert status == 0
    assert "chosen from 0.01, 1e-05 on validation data" in output
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    purposes = [r["purpose"] for r in records]
    assert (purposes.count("test"), purposes.count("tuning") >= 8) == (8, True)
    assert all({1e-5, 0.01} <= {*r["tuning"]["grid"]} for r in records if r["purpose"] == "test")


def test_compare_writes_a_page_with_verdicts(tmp_path, capsys):
    pytest.importorskip("gnnseq.plots.comparison.report")
    status, output, _ = call(capsys, "compare_rnn_vs_gnn.py", *COMPARE, "--html", "--output", tmp_path)
    assert status == 0
    assert "page.html" in output
    assert "<table" in (tmp_path / "page.html").read_text()


def test_a_task_may_bring_its_size(tmp_path, capsys):
    small = ["--models", "lstm", "--lengths", 4, 5, "--seeds", 1, "--steps", 2, "--budget", 2000, "--jobs", 1]
    status, *_ = call(capsys, "compare_rnn_vs_gnn.py", "--tasks", "copy:3", "palindromes", *small, "--output", tmp_path)
    assert status == 0
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    assert [(r["task"]["name"], r["task"]["size"]) for r in records] == [
        ("copy memory", 3),
        ("palindromes", 4),
        ("palindromes", 5),
    ]


def test_the_verdicts_preset_judges_every_model_against_the_lstm(tmp_path, capsys):
    pytest.importorskip("gnnseq.plots.comparison.report")
    assert PRESETS["verdicts"]["models"] == [family.name for family in FAMILIES if family.name not in TWINS]
    small = ["--tasks", "copy:3", "neighbours:2", "--seeds", 2, "--steps", 2, "--budget", 2000, "--tune", 0.01]
    models = ["--models", "lstm", "min-gru", "transformer", "conv-graph"]
    status, *_ = call(
        capsys, "compare_rnn_vs_gnn.py", "--preset", "verdicts", *small, *models, "--jobs", 1, "--output", tmp_path
    )
    assert status == 0
    with (tmp_path / "verdicts.csv").open(newline="") as file:
        pairs = list(csv.DictReader(file))
    assert len(pairs) == 2 + 3
    assert all("LSTM" in (pair["a"], pair["b"]) for pair in pairs)
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    assert {r["trial"]["seed"] for r in records if r["purpose"] == "tuning"} == {1_000_000, 1_000_001}
    assert not any("child-sum on the path" in pair["a"] + pair["b"] for pair in pairs)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--models", "lsmt"], "did you mean 'lstm'"),
        (["--tasks", "copy:one"], "--tasks holds 'copy:one', expected a size"),
        (["--tasks", "copy:3", "--lengths", "5"], "--lengths is 5, but each of --tasks copy:3 has a size of its own"),
        (["--html", "--reference", "lsmt"], "did you mean 'lstm'"),
        (["--lengths", "1"], "--lengths holds 1"),
        (["--seeds", "0"], "--seeds is 0"),
        (["--jobs", "-1"], "--jobs is -1"),
        (["--learning-rate", "-1"], "--learning-rate is -1.0"),
        (["--tune", "0.1", "0"], "--tune holds 0.0, expected positive"),
        (["--tune", "--learning-rate", "0.1"], "--tune and --learning-rate are both given"),
        (["--tasks", "palindrome"], "task is 'palindrome', expected one of"),
        (["--models", "gcn-graph"], "expected a view that a family reads: graph"),
        (["--output", "/dev/null/runs"], "can be written"),
    ],
)
def test_compare_names_what_is_wrong(arguments, named, capsys):
    status, output, errors = call(capsys, "compare_rnn_vs_gnn.py", *arguments)
    assert status == 2
    assert named in errors
    assert output == ""


def test_a_budget_too_small_is_recorded_as_failed(tmp_path, capsys):
    status, _, errors = call(capsys, "compare_rnn_vs_gnn.py", *COMPARE, "--budget", 5, "--output", tmp_path)
    assert status == 1
    assert re.search(r"(\d+) of \1 trials failed; .*Traceback .*budget is 5 weights, expected at least", errors, re.S)


def test_a_terminal_without_every_character_gets_escapes(tmp_path):
    small = ["--models", "lstm", "--lengths", 4, "--seeds", 2, "--steps", 2, "--budget", 2000, "--jobs", 1]
    command = [sys.executable, EXAMPLES / "compare_rnn_vs_gnn.py", *small, "--output", tmp_path]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*map(str, command)], env=environment, capture_output=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(rb"\| \d+\.\d \\xb1 \d+\.\d % \[", done.stdout)
    assert re.search(r"\| \d+\.\d ± \d+\.\d % \[", (tmp_path / "summary.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("lost", ["disk", "folder"])
def test_a_full_disk_or_a_lost_folder_ends_a_sweep_with_one_line(tmp_path, capsys, monkeypatch, lost):
    from gnnseq.runs.store import Store

    small = ["--models", "lstm", "--lengths", 4, 5, 6, "--seeds", 1, "--steps", 2, "--budget", 2000, "--jobs", 1]
    output, write = tmp_path / "out", Store.append_new

    def fail(store, record):
        if len(store.attempts()) < 2:
            return write(store, record)
        if lost == "folder":
            shutil.rmtree(output)
            return write(store, record)

        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", full)
            return write(store, record)

    monkeypatch.setattr(Store, "append_new", fail)
    status, printed, errors = call(capsys, "compare_rnn_vs_gnn.py", *small, "--output", output)
    (line,) = [line for line in errors.splitlines() if line.startswith("compare_rnn_vs_gnn: ")]
    assert (status, printed) == (2, "")
    assert line.endswith(f"{'No space left on device' if lost == 'disk' else 'No such file or directory'}: "
                         f"'{output}/records.jsonl'")  # fmt: skip
    assert "Traceback" not in errors
    if lost == "disk":
        assert len((output / "records.jsonl").read_text().splitlines()) == 2


def test_hop_receptive_field(tmp_path):
    small = ["--show", "sight", "--steps", 12, "--seeds", 2, "--width", 8]
    done = run("hop_receptive_field.py", *small, "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "GCN, 8 layers on the path: reaches the last 9 of 12 symbols" in done.stdout
    assert "exactly 0" in done.stdout
    assert len(json.loads((tmp_path / "sight.json").read_text())) >= 9
    assert (tmp_path / "sight.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["--models", "gnc"], "did you mean 'gcn'"), (["--steps", "1"], "--steps is 1, expected at least 2")],
)
def test_hop_receptive_field_names_what_is_wrong(arguments, named, capsys):
    status, _, errors = call(capsys, "hop_receptive_field.py", *arguments)
    assert status == 2
    assert named in errors
