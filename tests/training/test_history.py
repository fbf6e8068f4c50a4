import csv
import json
from dataclasses import asdict

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


BROKEN = {
    "deep": "[" * 100_000,
    "number": '{"loss": 1.5}',
    "word": '{"loss": ["1.5"], "accuracy": [0], "grad_norm": [0], "learning_rate": [0]}',
    "lengths": '{"loss": [1.5]}',
    "seconds": '{"seconds": "long"}',
    "diverged": '{"diverged": 1}',
    "not UTF-8": "\udcff",
}


@pytest.mark.parametrize("text", ["", "[1]", '{"los": []}', *BROKEN.values()], ids=["empty", "list", "name", *BROKEN])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "history.json").write_text(text, errors="surrogateescape")
    with pytest.raises(ValueError, match=r"history.json is no history of a training"):
        History.from_json(tmp_path / "history.json")


def test_every_flipped_bit_is_found_or_changes_nothing(tmp_path):
    path = tmp_path / "history.json"
    HISTORY.to_json(path)
    whole, refused = path.read_bytes(), 0
    for bit in range(8 * len(whole)):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << bit % 8
        path.write_bytes(broken)
        try:
            assert History.from_json(path) == HISTORY
        except ValueError:
            refused += 1
    assert refused > 0.9 * 8 * len(whole)


def test_a_history_of_an_older_version_is_read(tmp_path):
    (tmp_path / "history.json").write_text(json.dumps(asdict(HISTORY)))
    assert History.from_json(tmp_path / "history.json") == HISTORY


def test_divergence_is_recorded_once_it_is():
    history = History([1.0])
    assert not history.diverges("loss", 3.0)
    assert history.diverges("loss", float("inf"))
    assert history.diverged
    assert history.stopped == "loss is inf at step 2"
