import csv
import io
from dataclasses import asdict

import pytest

from gnnseq.experiments import Trial, markdown, rows, to_csv


def record(length=10, family="gcn", seed=0, accuracy=0.1, status="done", reach=8, required=8):
    return {
        "trial": asdict(Trial(family, length, seed)),
        "status": status,
        "title": family.upper(),
        "accuracy": accuracy,
        "best_50": accuracy + 0.1,
        "hops_required": required,
        "hops_reach": reach,
        "weights": 10_000,
        "steps": 400,
        "ms_per_step": 2.0 + seed,
        "chance": 0.1,
        "initialisation": "default",
        "learning_rate": 0.003,
    }


def test_rows_give_mean_and_sample_deviation_over_seeds():
    (row,) = rows([record(seed=s, accuracy=a) for s, a in enumerate((0.2, 0.4, 0.9))])
    assert row.seeds == 3
    assert row.accuracy == pytest.approx(0.5)
    assert row.spread == pytest.approx(0.360555, abs=1e-6)
    assert row.best_50 == pytest.approx(0.6)
    assert row.ms_per_step == 3.0


@pytest.mark.parametrize(
    ("accuracy", "reach", "verdict"),
    [
        (0.1, 7, "cannot see"),
        (0.99, 8, "learned"),
        (0.99, None, "learned"),
        (0.5, 8, "learned in part"),
        (0.11, 8, "did not learn"),
    ],
)
def test_verdicts(accuracy, reach, verdict):
    assert rows([record(accuracy=accuracy, reach=reach)])[0].verdict == verdict


def test_failures_are_counted_and_never_averaged():
    (row,) = rows([record(accuracy=0.5), record(seed=1, status="diverged", accuracy=0.0)])
    assert (row.seeds, row.failed, row.accuracy, row.spread) == (1, 1, 0.5, 0.0)
    assert rows([record(status="failed")]) == []


def test_markdown_and_csv_hold_every_row():
    table = rows([record(length, family) for length in (20, 5) for family in ("gcn", "lstm")])
    text = markdown(table)
    assert text.index("length 5") < text.index("length 20")
    assert text.count("| LSTM") == 2
    read = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert [(r["length"], r["family"]) for r in read] == [
        ("5", "gcn"),
        ("5", "lstm"),
        ("20", "gcn"),
        ("20", "lstm"),
    ]
    assert read[0]["verdict"] == "did not learn"
