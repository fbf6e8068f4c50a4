import csv

import pytest

from gnnseq.training import History

HISTORY = History([2.5, 1.25], [0.1, 1 / 3], [10.0, 3.0], [0.1, 0.05], 1.5, "stopped by a callback at step 2")


def test_csv(tmp_path):
    HISTORY.to_csv(tmp_path / "a" / "history.csv")
    with (tmp_path / "a" / "history.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [int(line["step"]) for line in lines] == [1, 2]
    for name in ("loss", "accuracy", "grad_norm", "learning_rate"):
        assert [float(line[name]) for line in lines] == getattr(HISTORY, name)


def test_json_and_back(tmp_path):
    HISTORY.to_json(tmp_path / "history.json")
    assert History.from_json(tmp_path / "history.json") == HISTORY


@pytest.mark.parametrize("text", ["", "[1]", '{"los": []}'])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "history.json").write_text(text)
    with pytest.raises(ValueError, match=r"history.json is no history of a training"):
        History.from_json(tmp_path / "history.json")


def test_divergence_is_recorded_once_it_is():
    history = History([1.0])
    assert not history.diverges("loss", 3.0)
    assert history.diverges("loss", float("inf"))
    assert history.diverged
    assert history.stopped == "loss is inf at step 2"
