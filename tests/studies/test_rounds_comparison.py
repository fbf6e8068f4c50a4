import pytest

from gnnseq.runs.store import Store
from gnnseq.studies.rounds_comparison import compare_in_rounds, mean_percent


class Runs:
    """Runs that leave a checkpoint, as those in rounds do, and count how often they were called."""

    def __init__(self, folder, broken=()):
        self.folder, self.broken, self.done = folder, broken, []

    def runs(self, *keys):
        return {key: lambda key=key: self.run(key) for key in keys}

    def run(self, key):
        (self.folder / f"{key}.pt").write_bytes(b"")
        if key in self.broken:
            raise KeyboardInterrupt
        self.done.append(key)
        return {"key": key, "value": len(key)}


def compare(made, folder, *keys):
    return compare_in_rounds(
        made.runs(*keys),
        folder,
        describe=lambda record: f"{record['key']} is {record['value']}",
        tabulate=lambda records: f"table of {sum(record['value'] for record in records)}\n",
        draw=lambda records, path: path.write_text(str(len(records))),
    )


def test_each_run_is_told_of_when_it_ends_and_all_is_written(tmp_path):
    made = Runs(tmp_path)
    told = compare(made, tmp_path, "a", "bcd")
    assert next(told) == "a is 1"
    assert made.done == ["a"]
    assert list(told) == ["bcd is 3", "\ntable of 4\n", f"Results: {tmp_path}/records.jsonl, table.md, accuracy.png"]
    assert (tmp_path / "table.md").read_text() == "table of 4\n"
    assert (tmp_path / "accuracy.png").read_text() == "2"
    assert [record["key"] for record in Store(tmp_path / "records.jsonl")] == ["a", "bcd"]
    assert list(tmp_path.glob("*.pt")) == []


def test_what_is_stored_is_not_run_again(tmp_path):
    first, again = Runs(tmp_path), Runs(tmp_path)
    list(compare(first, tmp_path, "a", "bcd"))
    assert list(compare(again, tmp_path, "bcd", "ef"))[:2] == ["bcd is 3", "ef is 2"]
    assert again.done == ["ef"]


def test_a_stop_keeps_what_is_done_and_the_checkpoint_of_what_is_not(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        list(compare(Runs(tmp_path, broken=["bcd"]), tmp_path, "a", "bcd"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bcd.pt", "records.jsonl"]
    again = Runs(tmp_path)
    list(compare(again, tmp_path, "a", "bcd"))
    assert again.done == ["bcd"]


def test_mean_and_deviation_in_per_cent():
    assert mean_percent([0.5]) == "50.0 %"
    assert mean_percent([0.1, 0.3]) == "20.0 ± 14.1 %"


def test_a_checkpoint_that_a_kill_left_beside_its_record_is_removed(tmp_path):
    Store(tmp_path / "records.jsonl").append({"key": "a", "value": 1})
    (tmp_path / "a.pt").write_bytes(b"")
    made = Runs(tmp_path)
    list(compare(made, tmp_path, "a"))
    assert made.done == []
    assert list(tmp_path.glob("*.pt")) == []


def test_a_store_that_cannot_be_written_is_told_before_anything_runs(tmp_path, monkeypatch):
    def refuse(store):
        raise OSError("Read-only file system")

    monkeypatch.setattr(Store, "repair", refuse)
    made = Runs(tmp_path)
    with pytest.raises(OSError, match="Read-only"):
        list(compare(made, tmp_path, "a"))
    assert made.done == []
