"""The table of language models: the best first, what failed last, with or without stored curves."""

import math

import pytest

from gnnseq.studies.text.table import last_train_loss, text_table


def record(title, loss, status="done", **more):
    done = {"loss": loss, "score": 0.5, "carried": None, "curve": {"loss": [9.0] * 5 + [math.log(2)] * 20}}
    return {"family": {"title": title}, "status": status, "weights": 1_000, "width": 7, "ms_per_step": 2.0,
            "stopped": "loss is nan"} | (done if status == "done" else {}) | more  # fmt: skip


def test_the_best_comes_first_and_a_diverged_run_last():
    diverged, best = record("bad", None, "diverged"), record("first", math.log(4), carried=math.log(2))
    records = [diverged, record("second", 2.0), best]
    _, _, first, second, bad = text_table(records).splitlines()
    assert [cell.strip() for cell in first.split("|")[1:-1]] == [
        "first", "1,000", "7", "2.000", "1.000", "50.0 %", "1.000", "2",
    ]  # fmt: skip
    assert second.startswith("| second ")
    assert "| diverged: loss is nan " in bad


def test_a_record_without_its_curve_has_the_mean_of_its_last_batches():
    whole = record("first", 1.0)
    slim = {key: value for key, value in whole.items() if key != "curve"} | {"last_train_loss": 3.0}
    assert last_train_loss(whole) == pytest.approx(math.log(2))
    assert last_train_loss(slim) == 3.0
