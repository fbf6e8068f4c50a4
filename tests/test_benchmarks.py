"""The benchmarks' software on tiny work: agreement, records, absent peers. Nothing here judges a time."""

import json
from functools import partial
from pathlib import Path

import pytest
import torch

from benchmarks import floor, gpu, growth, influence_engines, memory, run, where
from benchmarks.count import count
from benchmarks.machine import Gemm, facts
from benchmarks.measure import measure, quartiles
from benchmarks.row import AbsentError, Row, Side, agree
from benchmarks.rows import ROWS, batches, gcn, linear, pairs, paths, training
from benchmarks.table import line
from gnnseq.layers import GCN


def row(theirs=1.0, **changes):
    def side(value):
        return Side(lambda: torch.ones(2) * value, lambda: {"output": torch.full((2,), value)})

    return Row("tiny", "two ones", "nobody", {1: 0.5}, lambda: (side(1.0), side(theirs)), **changes)


class Options:
    rounds, memory, threads = 2, False, [1]


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_record_has_all_that_the_table_shows():
    record = measure(row(), 1, 3, Gemm())
    assert record["ratio"] > 0
    assert record["ratio_quartiles"][0] <= record["ratio"] <= record["ratio_quartiles"][1]
    assert record["compared"] == ["output"]
    assert line(record).startswith("tiny")
    json.dumps(record)


def test_no_ratio_where_results_disagree():
    record = run.run_row(row(theirs=1.1), 1, Options, Gemm())
    assert "ratio" not in record
    assert "output differs by 9.1e-02" in line(record)


def test_absent_peers_are_listed_as_absent():
    def make():
        raise AbsentError("nobody 1.0 is not installed")

    record = run.run_row(Row("tiny", "", "", {}, make), 1, Options, Gemm())
    assert line(record).endswith("absent: nobody 1.0 is not installed")


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        ({"b": torch.ones(2)}, r"results are \['a'\] and \['b'\]"),
        ({"a": torch.ones(3)}, r"a has shape \[2\], the peer's has \[3\]"),
        ({"a": torch.tensor([1.0, 1.01])}, "a differs by 9.9e-03"),
        ({"a": torch.tensor([1.0, float("nan")])}, "a differs by nan"),
    ],
)
def test_agreement_is_refused(theirs, message):
    with pytest.raises(ValueError, match=message):
        agree({"a": torch.ones(2)}, theirs, 1e-3)


def test_work_is_counted():
    a, b = torch.ones(3, 4), torch.ones(4, 5)
    out = torch.zeros(3, 5)
    assert count(lambda: a @ b) == (2 * 3 * 4 * 5, 4 * (12 + 20 + 15))
    assert count(lambda: out.addmm_(a, b))[0] == 2 * 3 * 4 * 5
    assert quartiles([1.0]) == [1.0, 1.0]
    assert quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == [2.0, 4.0]


def test_rows_without_packages_of_their_own_agree(monkeypatch):
    for module, sizes in ((paths, {"BATCH": 3, "UNITS": 4}), (gcn, {"PATHS": 2, "NODES": 4, "CHANNELS": 5})):
        for name, size in sizes.items():
            monkeypatch.setattr(module, name, size)
    sides = [paths.equal("gru", 3), paths.unequal("lstm", 1, 4), gcn.make(), batches.make(3, False)]
    monkeypatch.setattr(training, "LENGTH", 4)
    sides.append(training.make(["lstm"]))
    sides += [linear.make(partial(linear.paths, 2, 9)), linear.make(partial(linear.caterpillars, 3, 5))]
    sides += [linear.make(partial(linear.trees, 3, 6)), linear.against_lstm(7), pairs.make(4)]
    for ours, theirs in sides:
        assert max(agree(ours.results(), theirs.results(), 1e-4).values()) <= 1e-4


def test_names_and_goals_of_the_rows():
    assert len({r.name for r in ROWS}) == len(ROWS)
    assert [r.name for r in run.chosen(["gcrn-p"])] == ["gcrn-path"]
    with pytest.raises(SystemExit, match="no row is called nothing"):
        run.chosen(["nothing"])


def test_command_writes_records(tmp_path, capsys):
    path = tmp_path / "new" / "records.json"
    assert run.main(["batch-equal-128", "--threads", "1", "--rounds", "1", "--out", str(path)]) == 0
    record = json.loads(path.read_text())
    assert record["packages"]["torch"] == facts()["packages"]["torch"]
    assert record["records"][0]["row"] == "batch-equal-128"
    assert "batch-equal-128" in capsys.readouterr().out


def test_peak_sees_what_a_run_takes():
    assert 60e6 < memory.peak(lambda: torch.ones(20_000_000)) < 140e6


def test_growth(tmp_path, capsys):
    assert growth.exponent([{"size": n, "seconds": 3.0 * n**2} for n in (1, 10, 100)], "seconds") == pytest.approx(2)
    path = tmp_path / "growth.json"
    assert growth.main(["GCN", "GCRN", "--axes", "nodes", "--largest", "100", "--out", str(path)]) == 0
    records = json.loads(path.read_text())["records"]
    assert [(r["layer"], r["axis"], len(r["points"])) for r in records] == [("GCN", "nodes", 1), ("GCRN", "nodes", 1)]
    assert "GCRN" in capsys.readouterr().out


def test_shares_of_a_run_add_up():
    found = where.shares(lambda: torch.ones(200, 200) @ torch.ones(200, 200), passes=2)
    assert sum(found.values()) == pytest.approx(1)
    assert found["products"] > 0


def test_the_page_on_influence_shows_the_stored_records():
    root = Path(__file__).parents[1]
    records = json.loads((root / "docs/results/influence_engines.json").read_text())
    assert influence_engines.table(records) in (root / "docs/influence_speed.md").read_text()
    assert {record["work"] for record in records} == {work.name for work in influence_engines.works()}


def test_ways_to_influence_are_measured_where_they_agree(tmp_path):
    graph = influence_engines.Work("nodes", GCN(8, 4, 1), influence_engines.path(5), influence_engines.ON_NODES)
    record = influence_engines.measure(graph, 1)
    assert set(record["cpu_ms"]) == set(influence_engines.ON_NODES)
    assert record["ratio"]["forward in blocks"] == 1.0
    out = tmp_path / "records.json"
    for number in (1, 2):
        influence_engines.store({**record, "rounds": number}, out, ["other", "nodes"])
    assert [(r["work"], r["rounds"]) for r in json.loads(out.read_text())] == [("nodes", 2)]


def test_the_script_for_a_gpu_runs_on_tiny_work(tmp_path, capsys):
    out = tmp_path / "gpu.json"
    assert gpu.main(["--device", "cpu", "--small", "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    assert found["device"] == {"name": "CPU"}
    assert list(found["parts"]) == list(gpu.PARTS)
    assert all(found["parts"].values())
    assert {record["kind"] for record in found["parts"]["correctness"]} == {"float32", "TF32", "bfloat16"}
    assert all("compiled_ms" in record for record in found["parts"]["compiled"])
    assert torch.get_default_device().type == "cpu"


def test_the_script_for_a_gpu_names_what_it_left_out_and_what_failed(monkeypatch):
    assert gpu.records("throughput", torch.device("cpu"), True, until=0.0)[1:] == [
        {"left_out": "the rest, for want of time"}
    ]
    monkeypatch.setitem(gpu.PARTS, "large", lambda device, small: 1 / 0)
    assert gpu.records("large", torch.device("cpu"), True, 0.0) == [{"failed": "ZeroDivisionError: division by zero"}]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 2


def test_the_floor_of_a_step_and_of_a_short_path(monkeypatch, tmp_path, capsys):
    for module in (paths, floor):
        monkeypatch.setattr(module, "BATCH", 2)
        monkeypatch.setattr(module, "UNITS", 4)
    monkeypatch.setattr(training, "LENGTH", 4)
    out = tmp_path / "floor.json"
    assert floor.main(["--models", "lstm", "--rounds", "1", "--out", str(out)]) == 0
    record = json.loads(out.read_text())
    assert all(took > 0 for of in ("steps", "paths of 10") for row in record[of].values() for took in row.values())
    one = floor.Training("lstm")
    before = [weight.clone() for weight in one.model.parameters()]
    floor.step_ways("lstm")["fit without the optimizer's step"]()
    assert all(torch.equal(a, b) for a, b in zip(before, floor.Training("lstm").model.parameters(), strict=True))


def test_the_page_shows_the_stored_floor_and_what_compiling_gains():
    docs = Path(__file__).parents[1] / "docs"
    page = (docs / "benchmarks.md").read_text()
    record = json.loads((docs / "results" / "floor.json").read_text())
    assert floor.table(record, "steps") in page
    assert floor.table(record, "paths of 10") in page
    assert gpu.compiled_table(json.loads((docs / "results" / "compiled.json").read_text())) in page
