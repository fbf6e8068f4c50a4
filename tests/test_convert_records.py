"""Old records keep their numbers, and today's comparison takes them for its own."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest
from small_treebank import PARTS

from gnnseq.data.trees.sentiment import sentiment_trees
from gnnseq.experiments import DEFAULT, RMSPROP, PalindromeTask, Settings, Trial, collect, find_family, run_trial
from gnnseq.experiments.run import solve_size
from gnnseq.studies.sentiment.models import sentiment_table
from gnnseq.studies.sentiment.task import SentimentData

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


def old_sentiment(data):
    epochs = [{"dev": {"sentences": score, "phrases": 0.5}, "loss": 1.0, "seconds": 4.0} for score in (0.25, 0.75, 0.5)]
    values = {"family": "tree", "seed": 2, "classes": 5, "budget": 3_000, "features": 6, "epochs": 3, "batch_size": 2,
              "learning_rate": 0.05, "word_rate": 0.1, "weight_decay": 1e-4, "dropout": 0.5, "word_dropout": 0.02,
              "feature_dropout": 0.3, "phrases": 3}  # fmt: skip
    weights = solve_size(convert_records.sentiment_trial({"trial": values}, data)).weights
    return {"key": "0123456789abcdef", "trial": values, "data": data.digest, "vectors": "random", "weights": weights,
            "word_weights": 60, "seconds": 13.0, "curve": epochs, "best_epoch": 2, "best": {"dev": epochs[1]["dev"]},
            "title": "Tree-LSTM, constituency (N-ary)"}  # fmt: skip


def test_an_old_record_of_sentiment_keeps_its_key_and_numbers():
    data = SentimentData(PARTS)
    old = old_sentiment(data)
    found = convert_records.convert_sentiment(old, "abc1234", data)
    assert (found["key"], found["converted"]["from"]) == ("0123456789abcdef", "SentimentTrial")
    assert (found["score"], found["steps"], found["ms_per_step"]) == (0.75, 6, 2000.0)
    assert found["looks"] == [[2, 0.25, None], [4, 0.75, None], [6, 0.5, None]]
    assert found["parts"] == {"dev": {"sentences": 0.75, "phrases": 0.5}}
    (result,) = collect([found])
    assert result.scores == {2: 0.75}
    assert "| 75.0 % (1 seed) | 2e+03" in sentiment_table([found])


@pytest.mark.parametrize(
    ("change", "message"),
    [({"data": "x"}, "is of trees x and random vectors"), ({"weights": 7}, "has 7 weights, but the model of today")],
)
def test_records_of_other_sentences_are_refused(change, message):
    data = SentimentData(PARTS)
    with pytest.raises(ValueError, match=message):
        convert_records.convert_sentiment(old_sentiment(data) | change, "x", data)


def test_a_file_of_sentiment_is_converted_once(tmp_path, capsys):
    trees = ["(3 (2 a) (3 b))", "(1 (1 c) (2 a))", "(3 (2 a) (3 c))"]
    for part in ("train", "dev"):
        (tmp_path / f"{part}.txt").write_text("\n".join(trees) + "\n")
    data = SentimentData({part: sentiment_trees(part, tmp_path) for part in ("train", "dev")})
    (tmp_path / "old.jsonl").write_text(json.dumps(old_sentiment(data)) + "\n")
    arguments = [str(tmp_path / "old.jsonl"), str(tmp_path / "new.jsonl"), "--revision", "x", "--trees", str(tmp_path)]
    for told in ("1 records converted, 0 were there", "0 records converted, 1 were there"):
        assert convert_records.main(arguments) == 0
        assert told in capsys.readouterr().out


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
