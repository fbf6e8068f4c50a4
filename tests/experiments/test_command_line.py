import argparse
import io
import os
import signal
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from gnnseq.experiments import PalindromeTask, Settings, Trial, find_family
from gnnseq.experiments.command_line import (
    add_places,
    add_settings,
    check_at_least_one,
    check_places,
    check_positive,
    compare_models,
    exit_status,
    fill_in,
    make_folder,
    report_failures,
)
from gnnseq.runs import TrialsFailedError
from gnnseq.training.interrupt import Interrupt

SETTINGS = (("batch_size", int, "of a step"), ("rate", float, "of Adam"))


def parse(*arguments):
    parser = argparse.ArgumentParser()
    add_settings(parser, SETTINGS, {"batch_size": 128, "rate": None})
    return parser.parse_args(arguments), parser.format_help()


def test_settings_are_options_of_their_type_and_say_their_default():
    options, text = parse("--batch-size", "3")
    assert (options.batch_size, options.rate) == (3, None)
    assert "of a step (default: 128)" in text
    assert "of Adam (default: each model's own)" in text
    assert parse("--rate", "0.5")[0].rate == 0.5


def test_a_preset_fills_in_what_was_not_given():
    options = fill_in(parse("--batch-size", "3")[0], {"batch_size": 9, "rate": 0.25})
    assert (options.batch_size, options.rate) == (3, 0.25)


def test_numbers_below_one_are_refused():
    options = argparse.Namespace(batch_size=0, seeds=1, rate=None)
    check_at_least_one(options, ["seeds", "rate"])
    with pytest.raises(ValueError, match=r"^--batch-size is 0, expected at least 1$"):
        check_at_least_one(options, ["seeds", "batch_size"])


def test_a_device_that_is_not_here_is_refused():
    parser = argparse.ArgumentParser()
    add_places(parser)
    check_places(parser.parse_args([]))
    for device in ("cuda:99", "nowhere"):
        with pytest.raises(ValueError, match=rf"^--device is '{device}', expected a device of torch that is here: ."):
            check_places(parser.parse_args(["--device", device]))
    with pytest.raises(ValueError, match=r"^--jobs is 0, expected at least 1$"):
        check_places(parser.parse_args(["--jobs", "0"]))


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (ValueError("no"), 2, "learn: no\n"),
        (FileNotFoundError("gone"), 2, "learn: gone\n"),
        (ArithmeticError("loss is nan"), 2, "learn: loss is nan\n"),
        (TrialsFailedError("3 of 3 trials failed"), 1, "learn: 3 of 3 trials failed\n"),
        (KeyboardInterrupt(), 130, "\nStopped. Run the same command to go on from out.\n"),
    ],
)
def test_how_a_command_ends_that_was_broken_off(error, status, told, capsys):
    def run():
        raise error

    assert exit_status("learn", "out", run) == status
    assert capsys.readouterr().err == told


def test_other_endings_are_the_commands_own(capsys):
    assert exit_status("learn", "out", lambda: None) == 0
    assert exit_status("learn", "out", lambda: 1) == 1
    assert capsys.readouterr().err == ""
    with pytest.raises(KeyError):  # a fault of the program, which must not be hidden
        exit_status("learn", "out", lambda: {}["x"])


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0, "--max-norm is 0.0, expected a positive number"),
        (float("nan"), "--max-norm is nan, expected a positive number"),
        (float("inf"), "--max-norm is inf, expected a positive number"),
        ([0.1, -1.0], "--max-norm holds -1.0, expected positive numbers"),
    ],
)
def test_numbers_that_are_not_positive_are_refused(value, told):
    check_positive(argparse.Namespace(max_norm=[0.1, 2.0], rate=None), ["max_norm", "rate"])
    with pytest.raises(ValueError, match=f"^{told}$"):
        check_positive(argparse.Namespace(max_norm=value), ["max_norm"])


def test_a_folder_is_made_and_left_empty(tmp_path):
    make_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize("name", ["file", "file/below", "/dev/null/runs"])
def test_a_folder_that_cannot_be_written_is_refused(name, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"^--output is .*, expected a folder that can be written: "):
        make_folder(tmp_path / name)


def test_sigterm_does_what_ctrl_c_does(capsys):
    before = signal.getsignal(signal.SIGTERM)
    assert exit_status("learn", "out", lambda: os.kill(os.getpid(), signal.SIGTERM)) == 143
    assert capsys.readouterr().err == "\nStopped. Run the same command to go on from out.\n"
    assert signal.getsignal(signal.SIGTERM) == before


def test_sigterm_lets_a_step_end_as_ctrl_c_does():
    seen = []

    def run():
        with Interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGTERM)
            seen.append(interrupt.requested)
        raise KeyboardInterrupt

    assert exit_status("learn", "out", run) == 143
    assert seen == [True]


def test_sigterm_ends_a_job_in_the_background_that_ignores_ctrl_c():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert exit_status("learn", "out", lambda: os.kill(os.getpid(), signal.SIGTERM)) == 143
    finally:
        signal.signal(signal.SIGINT, before)


def test_warnings_are_lines(capsys):
    assert exit_status("learn", "out", lambda: warnings.warn("small", stacklevel=1)) == 0
    assert capsys.readouterr().err == "note: small\n"


def test_characters_that_the_terminal_lacks_are_escapes(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert exit_status("learn", Path("out"), lambda: print("90 ± 2", flush=True)) == 0
    assert raw.getvalue() == b"90 \\xb1 2\n"


def test_runs_that_are_not_done_are_named_and_make_the_status(capsys):
    done = {"status": "done", "label": "lstm", "stopped": None}
    assert report_failures([done]) == 0
    assert capsys.readouterr().err == ""
    assert report_failures([done, done | {"status": "failed", "stopped": "KeyError: 'x'"}]) == 1
    assert capsys.readouterr().err == "failed: lstm: KeyError: 'x'\n"


def test_a_study_runs_its_trials_and_shows_and_writes_the_results(tmp_path, capsys):
    lstm = Trial(PalindromeTask(4), find_family("lstm"), settings=Settings(budget=600, steps=1))
    trials, folder, drawn = [lstm, replace(lstm, seed=1)], tmp_path / "new", []

    def run(trial, folder, device):
        if trial.seed:
            raise KeyError("x")
        return trial.description | {"status": "done", "folder": str(folder), "device": device}

    with pytest.warns(UserWarning, match="1 of 2 trials failed"):
        status = compare_models(
            trials,
            argparse.Namespace(output=folder, jobs=1, device="here"),
            run=run,
            table=lambda found: f"{len(found)} runs",
            plot=lambda *given: drawn.append(given),
        )
    assert status == 1
    ((records, path),) = drawn
    assert path == folder / "accuracy.png"
    assert [record["status"] for record in records] == ["done", "failed"]
    assert (records[0]["folder"], records[0]["device"]) == (str(folder), "here")
    assert (folder / "table.md").read_text() == "2 runs"
    output, errors = capsys.readouterr()
    assert output == f"2 runs\nResults: {folder}/records.jsonl, table.md, accuracy.png\n"
    assert errors.endswith(f"failed: {trials[1].label}: KeyError: 'x'\n")
