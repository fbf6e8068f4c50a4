"""The example of sentiment, with tiny arguments and a treebank that is made up."""

import json
import random
import runpy
import urllib.error
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from gnnseq.data.trees import sentiment as download
from gnnseq.training import Checkpoint

EXAMPLE = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "examples" / "tree_lstm_sentiment.py")))
TINY = ["--epochs", "2", "--budget", "20000", "--features", "6", "--batch-size", "4", "--phrases", "1"]
WORDS = {"awful": 0, "bad": 1, "film": 2, "the": 2, "good": 3, "great": 4}


def sentence(draw, words):
    """A random binary tree whose labels are the most extreme below."""
    if words == 1:
        word = draw.choice(list(WORDS))
        return f"({WORDS[word]} {word})", WORDS[word]
    left = draw.randint(1, words - 1)
    (one, a), (two, b) = sentence(draw, left), sentence(draw, words - left)
    label = max(a, b, key=lambda value: abs(value - 2))
    return f"({label} {one} {two})", label


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    folder, draw = tmp_path_factory.mktemp("trees"), random.Random(0)
    for part, count in (("train", 24), ("dev", 10)):
        lines = [sentence(draw, draw.randint(2, 6))[0] for _ in range(count)]
        (folder / f"{part}.txt").write_text("\n".join(lines) + "\n")
    return folder


def run(folder, trees, *arguments):
    return EXAMPLE.main([*TINY, "--path", str(trees), "--output", str(folder), *arguments])


def records(folder):
    return [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]


def test_all_models_on_both_tasks(tmp_path, trees, capsys):
    assert run(tmp_path, trees, "--classes", "5", "2", "--seeds", "2") == 0
    printed, found = capsys.readouterr().out, records(tmp_path)
    names = ["tree", "tree-child-sum", "lstm", "bilstm", "bag"]
    expected = [(c, name, seed) for c in (5, 2) for name in names for seed in (0, 1)]
    assert [(r["task"]["size"], r["trial"]["family"], r["trial"]["seed"]) for r in found] == expected
    for record in found:
        assert abs(record["weights"] - 20000) <= 400
        best = [score for _, score, _ in record["looks"]]
        assert len(best) == 2
        assert record["score"] == record["parts"]["dev"]["sentences"] == pytest.approx(max(best))
        assert record["family"]["title"] in printed
    assert (tmp_path / "table.md").read_text() in printed
    assert (tmp_path / "accuracy.png").stat().st_size > 10_000
    assert list(tmp_path.glob("*.pt")) == []
    before = (tmp_path / "records.jsonl").read_bytes()
    assert run(tmp_path, trees, "--classes", "5", "2", "--seeds", "2") == 0
    assert (tmp_path / "records.jsonl").read_bytes() == before
    assert "--test judges on test.txt" in printed


def test_a_test_part(tmp_path, trees):
    for part in ("train", "dev"):
        (tmp_path / f"{part}.txt").write_bytes((trees / f"{part}.txt").read_bytes())
    (tmp_path / "test.txt").write_bytes((trees / "dev.txt").read_bytes())
    assert run(tmp_path / "dev", tmp_path, "--models", "bag") == 0
    assert [list(record["parts"]) for record in records(tmp_path / "dev")] == [["dev"]]
    assert run(tmp_path / "out", tmp_path, "--models", "bag", "tree", "--test") == 0
    for record in records(tmp_path / "out"):
        assert record["parts"]["test"] == record["parts"]["dev"]
        assert record["task"]["title"] == "test sentences, 5 classes"
    assert "test phrases" in (tmp_path / "out" / "table.md").read_text()


def test_a_stopped_run_goes_on(tmp_path, trees, monkeypatch, capsys):
    models = ["--models", "tree"]
    assert run(tmp_path / "whole", trees, *models) == 0
    save, stops = Checkpoint._save, [None, KeyboardInterrupt]

    def save_and_stop(self, history):
        save(self, history)
        if stops and stops.pop():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "_save", save_and_stop)
        assert run(tmp_path / "stopped", trees, *models) == 130
    assert "Run the same command to go on" in capsys.readouterr().err
    assert len(list((tmp_path / "stopped").glob("*.pt"))) == 2  # the last and the best
    assert run(tmp_path / "stopped", trees, *models) == 0
    (whole,), (again,) = records(tmp_path / "whole"), records(tmp_path / "stopped")
    same = ("key", "score", "parts", "weights", "looks", "curve")
    assert [whole[name] for name in same] == [again[name] for name in same]
    assert list((tmp_path / "stopped").glob("*.pt")) == []


def test_records_do_not_depend_on_the_number_of_processes(tmp_path, trees):
    pytest.importorskip("joblib")
    models = ["--models", "tree", "bag", "--epochs", "1"]
    for jobs in ("1", "2"):
        assert run(tmp_path / jobs, trees, *models, "--jobs", jobs) == 0
    one, two = ({r["key"]: r for r in records(tmp_path / jobs)} for jobs in ("1", "2"))
    assert one.keys() == two.keys()
    assert all(one[key]["curve"] == two[key]["curve"] for key in one)


def test_word_vectors(tmp_path, trees, capsys):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("good 1 0 0\nbad -1 0 0\nelsewhere 0 0 1\n")
    assert run(tmp_path, trees, "--vectors", str(vectors), "--models", "tree", "--word-rate", "0") == 0
    (record,) = records(tmp_path)
    assert (record["vectors"], record["trial"]["task"]["features"], record["word_weights"]) == ("given", 3, 0)
    assert "2 of 7 words have a vector" in capsys.readouterr().out
    vectors.write_text("good 1 0 0\nbad -1 0\n")
    assert run(tmp_path, trees, "--vectors", str(vectors)) == 2
    assert "vectors.txt, line 2: expected a word and 3 numbers, got 2 numbers" in capsys.readouterr().err


def test_without_a_network_and_a_path(tmp_path, monkeypatch, capsys):
    def no_network(*args):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(download, "download", no_network)
    assert EXAMPLE.main([*TINY, "--cache", str(tmp_path), "--output", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert "could not be had" in message
    assert "give --path, a folder with train.txt and dev.txt" in message


def test_a_run_that_diverges_is_a_result_and_the_others_run(tmp_path, trees, monkeypatch, capsys):
    step, steps = torch.optim.Adagrad.step, []

    def spoilt(optimizer, closure=None):
        step(optimizer)
        steps.append(None)
        if len(steps) == 7:  # in the second round of the first model
            torch.nn.init.constant_(optimizer.param_groups[0]["params"][0], float("nan"))

    monkeypatch.setattr(torch.optim.Adagrad, "step", spoilt)
    assert run(tmp_path, trees, "--models", "lstm", "bag") == 1
    lstm, bag = records(tmp_path)
    assert (lstm["status"], lstm["stopped"]) == ("diverged", "loss is nan at step 8")
    assert (bag["status"], bag["stopped"]) == ("done", None)
    shown = capsys.readouterr()
    assert "(1 seed), 1 diverged" in shown.out
    assert "seed 0: loss is nan at step 8" in shown.err
    assert (tmp_path / "accuracy.png").stat().st_size > 10_000
    assert list(tmp_path.glob("*.pt")) == []


def test_a_run_may_diverge_in_its_first_round(tmp_path, trees, monkeypatch):
    def spoilt(optimizer, closure=None):
        torch.nn.init.constant_(optimizer.param_groups[0]["params"][0], float("nan"))

    monkeypatch.setattr(torch.optim.Adagrad, "step", spoilt)
    assert run(tmp_path, trees, "--models", "lstm", "bag") == 1
    assert [(r["status"], "looks" in r) for r in records(tmp_path)] == [("diverged", False)] * 2
    lines = [line.split(" | ") for line in (tmp_path / "table.md").read_text().splitlines() if line.startswith("| ")]
    shares = {row[0].strip(" |"): row[2].split(" %")[0] for row in lines[1:]}
    assert len(shares) == 3
    assert len(set(shares.values())) == 1  # those of the constant guess


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "0"], "--epochs is 0, expected at least 1"),
        (["--models", "gcn"], "model is 'gcn', expected one of tree, tree-child-sum"),
        (["--phrases", "-1"], "--phrases is -1, expected at least 0"),
        (["--budget", "10"], "budget is 10 weights, expected at least"),
        (["--word-dropout", "1"], "word_dropout is 1.0, expected 0 <= word_dropout < 1"),
        (["--vectors", "no.txt"], "No such file"),
        (["--path", "nowhere"], "No such file"),
        (["--jobs", "0"], "--jobs is 0, expected at least 1"),
    ],
)
def test_bad_input(tmp_path, trees, capsys, arguments, message):
    assert run(tmp_path, trees, *arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"(3 (2 a) (3 b)\n", "train.txt, line 1, column 15: expected ')'"),
        (b"(3 (2 a) (b))\n", "train.txt, line 1"),
        (b"(7 (2 a) (3 b))\n", "has the label '7', expected 0 to 4"),
        (b"(3 (2 a) (3 b\xff))\n", "byte 0xff at offset 13 is not UTF-8"),
        (b"", "train.txt is empty"),
        (b"(2 (2 a) (2 b))\n(3 (2 a) (3 b) (2 c))\n", "train.txt, tree 2 has a node with 3 children, expected at most"),
    ],
)
def test_bad_trees(tmp_path, capsys, content, message):
    (tmp_path / "train.txt").write_bytes(content)
    (tmp_path / "dev.txt").write_text("(3 (2 a) (3 b))\n")
    assert run(tmp_path / "out", tmp_path) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Sentences: " not in printed.out  # which is told before the first step
    assert not (tmp_path / "out").exists()


def test_trees_with_three_children_are_read_by_the_other_models(tmp_path):
    for part in ("train", "dev"):
        (tmp_path / f"{part}.txt").write_text("(3 (2 a) (3 b) (2 c))\n(1 (1 a) (2 c))\n")
    assert run(tmp_path / "out", tmp_path, "--models", "tree-child-sum", "bag") == 0


def test_presets():
    paper = EXAMPLE.parse(["--preset", "paper", "--epochs", "2"])
    assert (paper.budget, paper.features, paper.epochs, paper.seeds, paper.classes) == (316_000, 300, 2, 3, [5, 2])
    assert (EXAMPLE.parse([]).seeds, EXAMPLE.parse([]).classes) == (1, [5])
