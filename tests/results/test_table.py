import csv
import io

import pytest

from gnnseq.experiments import PalindromeTask, Settings, Trial, find_family, markdown, rows, run_trial, to_csv
from gnnseq.results.joined import collect


def record(length=10, family="gcn", seed=0, score=0.1, status="done", **others):
    trial = Trial(PalindromeTask(length), find_family(family), seed)
    return {
        **trial.description,
        "status": status,
        "score": score,
        "best_50": score + 0.1,
        "influence": 0.5,
        "weights": 10_000,
        "state_size": 32,
        "steps": 400,
        "samples_to_threshold": 6_400 * (seed + 1) if score > 0.95 else None,
        "ms_per_step": 2.0 + seed,
        "peak_memory_mb": 1.5,
        "hops_reach": 8,
        "hops_required": 8,
        **others,
    }


ERROR = {"name": "adding", "title": "adding over 50 steps", "size": 50, "level": "graph", "view": "path",
         "metric": "mean squared error", "higher_is_better": False, "chance": 0.16, "solved": 0.01}  # fmt: skip


def test_rows_give_mean_and_sample_deviation_over_seeds():
    (row,) = rows([record(seed=s, score=a) for s, a in enumerate((0.2, 0.4, 0.9))])
    assert row.seeds == 3
    assert row.score == pytest.approx(0.5)
    assert row.spread == pytest.approx(0.360555, abs=1e-6)
    assert row.best_50 == pytest.approx(0.6)
    assert row.ms_per_step == 3.0
    assert row.samples_to_threshold is None


def test_a_threshold_is_averaged_over_the_seeds_that_reached_it():
    (row,) = rows([record(seed=s, score=a) for s, a in enumerate((0.2, 0.99, 0.98))])
    assert row.samples_to_threshold == 16_000


@pytest.mark.parametrize(
    ("score", "reach", "influence", "verdict"),
    [
        (0.1, 7, 0.5, "cannot see"),
        (0.1, None, 0.0, "cannot see"),
        (0.3, 7, 0.5, "scores beyond its reach"),
        (0.99, 8, 0.5, "learned"),
        (0.99, None, None, "learned"),
        (0.5, 8, 0.5, "learned in part"),
        (0.11, 8, 0.5, "sees but did not learn"),
    ],
)
def test_verdicts(score, reach, influence, verdict):
    assert rows([record(score=score, hops_reach=reach, influence=influence)])[0].verdict == verdict


@pytest.mark.parametrize(
    ("score", "verdict"), [(0.16, "sees but did not learn"), (0.08, "learned in part"), (0.009, "learned")]
)
def test_verdicts_on_errors(score, verdict):
    (row,) = rows([record(score=score, task=ERROR, best_50=None)])
    assert row.verdict == verdict
    text = markdown([row])
    assert "Adding over 50 steps (the best constant guess has a mean squared error of 0.16)" in text
    assert "fresh mean squared error" in text
    assert f"{score:.4f} ± 0.0000" in text
    assert "best 50" not in text


def test_failures_are_counted_and_never_averaged():
    failed = Trial(PalindromeTask(10), find_family("gcn"), 1).description | {"status": "failed"}
    (row,) = rows([record(score=0.5), failed])
    assert (row.seeds, row.failed, row.score, row.spread) == (1, 1, 0.5, 0.0)
    assert "50.0 ±  0.0 %, 1 failed |" in markdown([row])


def test_a_model_all_of_whose_runs_failed_is_shown():
    failed = [Trial(PalindromeTask(10), find_family("gcn"), seed).description | {"status": "failed"} for seed in (0, 1)]
    table = rows([*failed, record(family="lstm", score=0.5)])
    assert [(row.seeds, row.failed, row.verdict) for row in table] == [(0, 2, "failed"), (1, 0, "learned in part")]
    line = next(line for line in markdown(table).splitlines() if "GCN" in line)
    assert "| none, 2 failed |" in line
    assert "nan" not in line
    (first, _) = csv.DictReader(io.StringIO(to_csv(table)))
    assert (first["seeds"], first["score"], first["weights"], first["failed"]) == ("0", "", "", "2")


def test_a_run_that_diverged_is_a_result_at_chance_and_named():
    """As on the page: gnnseq.results.joined.score has the one rule."""
    records = [record(score=0.5), record(seed=1) | {"status": "diverged", "score": float("nan")}]
    (row,) = rows(records)
    (result,) = collect(records)
    assert (row.seeds, row.failed, row.diverged) == (2, 0, 1)
    assert row.score == result.summary.mean == pytest.approx(0.3)
    assert "30.0 ± 28.3 %, 1 diverged |" in markdown([row])


def test_tuning_runs_are_left_out():
    assert rows([record() | {"purpose": "tuning", "score": None}]) == []


def test_settings_make_rows_of_their_own():
    other = Trial(PalindromeTask(10), find_family("gcn"), learning_rate=0.1, settings=Settings(steps=9))
    assert [row.setting for row in rows([record(), record() | other.description])] == [
        "default, lr 0.003",
        "default, lr 0.1",
    ]


def test_markdown_and_csv_hold_every_row():
    table = rows([record(length, family) for length in (20, 5) for family in ("gcn", "lstm")])
    text = markdown(table)
    assert text.index("Palindromes of length 5 (a guess scores 10 %)") < text.index("length 20")
    assert text.count("| LSTM") == 2
    assert "samples to learn" not in text  # nobody did
    read = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert [(r["size"], r["family"]) for r in read] == [
        ("5", "gcn"),
        ("5", "lstm"),
        ("20", "gcn"),
        ("20", "lstm"),
    ]
    assert read[0]["verdict"] == "sees but did not learn"


def test_a_real_record_makes_a_row():
    settings = Settings(budget=600, steps=2, batch_size=4, test_samples=250)
    (row,) = rows([run_trial(Trial(PalindromeTask(4), find_family("rnn"), settings=settings))])
    assert (row.task, row.kind, row.size, row.family) == ("palindromes of length 4", "palindromes", 4, "rnn")
