"""Old records keep their numbers, and today's comparison takes them for its own."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest

from gnnseq.experiments import DEFAULT, RMSPROP, PalindromeTask, Settings, Trial, collect, find_family, run_trial

spec = importlib.util.spec_from_file_location(
    "convert_records", Path(__file__).parents[1] / "benchmarks" / "convert_records.py"
)
convert_records = importlib.util.module_from_spec(spec)
spec.loader.exec_module(convert_records)

SETTINGS = Settings(width=6, steps=30, batch_size=8, optimizer=RMSPROP, stop_at=None, test_samples=250)
TRIAL = Trial(
    PalindromeTask(2, numbers=True), replace(find_family("lstm"), initialise=DEFAULT), 1, 0.01, settings=SETTINGS
)
OLD = {
    "base": 10, "batch_size": 8, "budget": 10_000, "family": "lstm", "learning_rate": 0.01, "length": 2,
    "max_norm": 10.0, "optimizer": "rmsprop", "scalar": True, "seed": 1, "steps": 30, "stop_at": None,
    "test_samples": 250, "tuned": False, "width": 6,
}  # fmt: skip


def old_record():
    """As version 0.1 would have written what runs now."""
    new = run_trial(TRIAL)
    kept = {name: new[name] for name in convert_records.KEPT}
    return kept | {
        "key": "0123456789abcdef",
        "trial": OLD,
        "accuracy": new["score"],
        "train_accuracy": new["train_score"],
        "curve": new["curve"],
        "title": "LSTM",
        "chance": 0.1,
    }, new


def test_an_old_record_becomes_that_of_the_same_trial():
    old, new = old_record()
    found = convert_records.convert(old, "abc1234")
    assert found["key"] == TRIAL.key
    assert found["converted"]["revision"] == found["git"]["revision"] == "abc1234"
    others = {name: value for name, value in found.items() if name not in ("converted", "git")}
    assert others == new
    assert json.loads(json.dumps(found)) == found
    assert len(collect([found])) == 1


def test_without_a_rate_the_familys_own_counts():
    assert convert_records.trial_of({"key": "x", "trial": OLD | {"learning_rate": None}}).learning_rate == 0.003
    tuned = convert_records.trial_of({"key": "x", "trial": OLD | {"tuned": True, "scalar": False}})
    assert tuned.family.initialise.name == "chrono"
    assert tuned.task == PalindromeTask(2)


def test_a_file_is_converted_once(tmp_path, capsys):
    old, _ = old_record()
    failed = {"key": "f", "trial": OLD | {"seed": 9}, "status": "failed", "stopped": "E: no", "traceback": "..."}
    (tmp_path / "old.jsonl").write_text(f"{json.dumps(old)}\n{json.dumps(failed)}\n")
    arguments = [str(tmp_path / "old.jsonl"), str(tmp_path / "new.jsonl"), "--revision", "abc1234"]
    assert convert_records.main(arguments) == 0
    assert "2 records converted, 0 were there" in capsys.readouterr().out
    first = (tmp_path / "new.jsonl").read_text()
    assert convert_records.main(arguments) == 0
    assert "0 records converted, 2 were there" in capsys.readouterr().out
    assert (tmp_path / "new.jsonl").read_text() == first


def test_bad_input(tmp_path, capsys):
    assert convert_records.main([str(tmp_path / "no.jsonl"), str(tmp_path / "new.jsonl"), "--revision", "x"]) == 2
    assert "expected a file of records" in capsys.readouterr().err
    old, _ = old_record()
    with pytest.raises(ValueError, match="has 7 weights, but the model of today"):
        convert_records.convert(old | {"weights": 7}, "x")


LISTS = {
    "accuracy": 0.5, "budget_note": "", "by_depth": {"3": [20, 40]}, "by_length": {"20": [20, 40]},
    "curve": [{"loss": 1.5, "seconds": 0.1, "validation": 0.25}, {"loss": 1.0, "seconds": 0.2, "validation": 0.5}],
    "key": "fedcba9876543210", "learning_rate": 0.004, "ms_per_step": 1.5, "seconds": 3.0, "title": "LSTM",
    "trial": {"arguments": 3, "batch_size": 8, "budget": 5000, "depth": 4, "family": "lstm", "labels": "all",
              "learning_rate": None, "longest": 20, "round_steps": 5, "rounds": 2, "seed": 1, "test_samples": 40},
    "weights": 4962, "width": 20,
}  # fmt: skip


def test_a_record_of_nested_lists_is_that_of_todays_trial():
    found = convert_records.convert(LISTS, "abc1234")
    trial = convert_records.lists_trial(LISTS)
    assert (found["key"], found["converted"]["from"]) == (trial.key, "fedcba9876543210")
    assert found["looks"] == [[5, 0.25, None], [10, 0.5, None]]
    assert (found["score"], found["by_depth"], found["steps"]) == (0.5, {"3": [20, 40]}, 10)
    (result,) = collect([found])
    assert (result.model, result.scores) == ("LSTM on the symbols in a row", {1: 0.5})


def test_a_file_of_nested_lists(tmp_path, capsys):
    (tmp_path / "old.jsonl").write_text(json.dumps(LISTS) + "\n")
    arguments = [str(tmp_path / "old.jsonl"), str(tmp_path / "new.jsonl"), "--revision", "abc1234"]
    assert convert_records.main(arguments) == 0
    assert "1 records converted, 0 were there" in capsys.readouterr().out
    assert convert_records.main(arguments) == 0
    assert "0 records converted, 1 were there" in capsys.readouterr().out
