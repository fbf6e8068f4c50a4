import sys

import pytest

from gnnseq.runs.progress import Progress, describe, label_of


def record(score, task="t", higher=True, status="done"):
    about = {"title": task, "metric": "accuracy" if higher else "mean squared error", "higher_is_better": higher}
    return {"key": "k", "label": "model", "status": status, "score": score, "task": about}


def test_the_best_is_of_the_same_task_and_of_its_direction():
    progress = Progress(9, show=False)
    for label, found in [
        ("a", record(0.5)),
        ("b", record(0.9)),
        ("c", record(0.7)),
        ("d", record(1.0, status="failed")),
    ]:
        progress.start(label)
        progress.end(label, found)
    assert progress.best(record(0)) == "best 90% (b)"
    for label, found in [
        ("e", record(2.0, "u", False)),
        ("f", record(0.25, "u", False)),
        ("g", record(3.0, "u", False)),
    ]:
        progress.start(label)
        progress.end(label, found)
    assert progress.best(record(0, "u")) == "best 0.25 (f)"
    assert progress.best(record(0)) == "best 90% (b)"
    assert progress.best(record(0, "v")) == ""


def test_what_runs():
    progress = Progress(4, show=False)
    assert progress.running == "between trials"
    for label in "abcd":
        progress.start(label)
    assert progress.running == "now a; b and 2 more"
    for label in "abcd":
        progress.end(label, record(0.5))
    assert progress.running == "done"


def test_lines_without_a_terminal(capsys):
    progress = Progress(3)
    progress.start("a")
    progress.end("a", record(0.5))
    progress.skip(1)
    progress.note("a remark")
    progress.close()
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("1/3, model: 50%, best 50% (a), about 00:0")
    assert second == "a remark"


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    progress = Progress(2)
    progress.start("a")
    progress.end("a", record(0.5))
    progress.close()
    shown = capsys.readouterr().err
    assert "now a" in shown
    assert "1/2" in shown
    assert "best 50% (a)" in shown
    assert "\n1/2, " not in shown


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (record(0.876), "model: 88%"),
        (record(0.01234, higher=False), "model: 0.0123"),
        (record(None, status="failed"), "model: failed"),
        ({"key": "k", "status": "done"}, "k: done"),
        ({"key": "k", "status": "done", "accuracy": 1.0, "trial": {"family": "gcn", "length": 5, "seed": 2}},
         "gcn 5, seed 2: 100%"),
    ],
)  # fmt: skip
def test_records_in_words(found, words):
    assert describe(found) == words


def test_a_trial_without_a_label_is_called_by_its_key():
    class Plain:
        key = "abc"

    assert label_of(Plain()) == "abc"


def test_the_first_estimate_does_not_count_the_start_of_the_processes(monkeypatch):
    """81 trials of 10 s in two processes, which take 15 s to start: 6 min 45 s, not 26 minutes."""
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    progress, estimates = Progress(81, show=False, jobs=2), []
    for number in range(80):
        clock[0] = 15 + 10 * (number // 2 + 1)
        progress.start("a")
        progress.end("a", record(0.5) | {"elapsed": 10.0})
        estimates.append(progress.left())
    assert estimates[0] == "about 06:40 left"
    assert estimates[40] == "about 03:20 left"
    assert estimates[-1] == "about 00:05 left"


def test_the_estimate_follows_the_rate_that_was_seen(monkeypatch):
    """Workers that share a core are slower than their own clock says."""
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    progress = Progress(20, show=False, jobs=2)
    for number in range(10):
        clock[0] = 20.0 * (number + 1)
        progress.start("a")
        progress.end("a", record(0.5) | {"elapsed": 10.0})
    assert progress.left() == "about 03:20 left"


@pytest.mark.parametrize(
    "odd",
    [
        {"score": "much"},
        {"score": [1]},
        {"score": float("nan")},
        {"task": "sums", "score": 0.5},
        {"task": None},
        {"trial": ["a"]},
        {"trial": None, "label": None},
        {"elapsed": "long"},
    ],
)
def test_records_of_any_function_are_shown(odd, capsys):
    progress = Progress(2)
    progress.start("a")
    progress.end("a", {"key": "k", "status": "done"} | odd)
    assert capsys.readouterr().err.startswith("1/2, k: ")
