import json
import os

import pytest

from gnnseq.experiments import Store


def test_records_are_found_by_key_and_the_later_one_counts(tmp_path):
    store = Store(tmp_path / "a" / "records.jsonl")
    store.append({"key": "x", "value": 1})
    store.append({"key": "y", "value": 2})
    store.append({"key": "x", "value": 3})
    again = Store(store.path)
    assert len(again) == 2
    assert again.read()["x"]["value"] == 3
    assert "y" in again
    assert "z" not in again
    assert [json.loads(line)["value"] for line in store.path.read_text().splitlines()] == [1, 2, 3]


@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_line_cut_off_is_reported_kept_and_does_not_spoil_the_next(tmp_path, cut):
    store = Store(tmp_path / "records.jsonl")
    store.append({"key": "x", "value": 1})
    store.append({"key": "y", "value": 2})
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:-cut])
    torn = store.path.read_bytes().splitlines()[-1]
    if cut > 1:  # with one byte gone only the end of the line is missing, not the record
        with pytest.warns(UserWarning, match="line 2 is not a whole record"):
            assert set(store.read()) == {"x"}
    store.append({"key": "z", "value": 3})
    lines = store.path.read_bytes().splitlines()
    assert lines[1] == torn
    assert json.loads(lines[2]) == {"key": "z", "value": 3}


def test_a_foreign_line_is_reported(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('[1, 2]\n{"no": "key"}\n\n{"key": "x"}\n')
    with pytest.warns(UserWarning, match=r"line [12] is not"):
        assert set(Store(path).read()) == {"x"}


def test_bad_paths(tmp_path):
    with pytest.raises(ValueError, match="a folder"):
        Store(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="can be written"):
        Store(tmp_path / "file" / "records.jsonl")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(ValueError, match="can be written"):
        Store(tmp_path / "locked" / "records.jsonl")
