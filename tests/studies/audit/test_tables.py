"""Every table on small made files of the form of the published ones, and the errors it computes."""

import json
import math
from dataclasses import replace

import pytest
import torch

from gnnseq.experiments import Store, Trial
from gnnseq.experiments.settings import Settings
from gnnseq.runs import run_trials
from gnnseq.studies.audit.baselines import ONCE, PERSISTENCE, ZERO, regressions, same_period
from gnnseq.studies.audit.files import CHICKENPOX, DataFile
from gnnseq.studies.audit.neighbours import FiniteMatchTask
from gnnseq.studies.audit.report import fill_table
from gnnseq.studies.audit.run import run_audit
from gnnseq.studies.audit.tables import TABLES, chickenpox, communities, influenza, traffic

pytestmark = pytest.mark.filterwarnings("ignore:.*not the published data")
BY_NAME = {table.name: table for table in TABLES}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of the form of the published data, made at random."""
    path, draw = tmp_path_factory.mktemp("data"), torch.Generator().manual_seed(0)
    ring = [[i, (i + d) % 9] for i in range(9) for d in (1, 2)]
    walk = torch.randn(80, 9, generator=draw)
    (path / "chickenpox.json").write_text(json.dumps({"edges": ring, "FX": walk.tolist()}))
    adjacency = torch.eye(9)
    for one, two in ring:
        adjacency[one, two] = adjacency[two, one] = 1
    rows = "\n".join(",".join(f"{v:g}" for v in row) for row in adjacency.tolist())
    counts = torch.rand(200, 9, generator=draw) * 100
    table = "\n".join(",".join(f"{v:.1f}" for v in row) for row in counts.tolist())
    below = path / "below"
    below.mkdir()
    for name in ("japan", "region785"):
        (below / f"{name}.txt").write_text(table)
    for name in ("japan-adj.txt", "region-adj.txt", "los_adj.csv"):
        (below / name).write_text(rows)
    speeds = torch.rand(2 * 400, 9, generator=draw) * 60
    head = ",".join(f"s{i}" for i in range(9))
    (below / "los_speed.csv").write_text("\n".join([head, *(",".join(f"{v:.2f}" for v in r) for r in speeds.tolist())]))
    return path


def short(trial):
    if trial.settings == ONCE:
        return trial
    every = trial.settings.validate_every and 2
    return replace(trial, settings=replace(trial.settings, steps=2, validate_every=every, test_samples=500))


@pytest.mark.parametrize("name", ["gpvar", "chickenpox", "influenza", "traffic"])
def test_every_row_of_forecasts_is_filled(name, folder, tmp_path, monkeypatch):
    table = BY_NAME[name]
    todo = communities.trials(folder, 1, steps=300) if name == "gpvar" else table.trials(folder, 1)
    records = run_trials([short(trial) for trial in todo], Store(tmp_path / "r.jsonl"), run=run_audit, progress=False)
    assert {record["status"] for record in records} == {"done"}
    for filled in fill_table(table, records):
        assert (filled.same is None) == (filled.row.same is None)
        assert (filled.ours is None) == (filled.row.ours is None)
        assert len(filled.baselines) == len(filled.row.baselines)
        assert filled.verdict.word != "not run yet" or filled.row.same is None


def test_baselines_run_in_other_processes(folder, tmp_path):
    pytest.importorskip("joblib")
    todo = [trial for trial in BY_NAME["chickenpox"].trials(folder, 1) if trial.settings == ONCE][:2]
    records = run_trials(todo, Store(tmp_path / "r.jsonl"), run=run_audit, jobs=2, progress=False)
    assert [record["status"] for record in records] == ["done", "done"]
    assert [record["score"] for record in records] == [run_audit(trial)["score"] for trial in todo]


def test_trials_have_keys_of_their_own(folder):
    for name in ("chickenpox", "influenza", "traffic", "neighbours", "memory"):
        todo = BY_NAME[name].trials(folder, 2)
        assert len({trial.key for trial in todo}) == len(todo)


def test_there_are_more_than_forty_rows_and_every_number_from_memory_says_so():
    rows = [row for table in TABLES for row in table.rows]
    assert len(rows) >= 40
    assert all(row.published.where for row in rows if row.published.mark != "from memory")
    assert {row.published.mark for row in rows} == {"from the source", "from a quotation", "from memory"}


def test_the_split_of_the_chickenpox_example(folder):
    series = json.loads((folder / "chickenpox.json").read_text())["FX"]
    values = torch.tensor(series)
    for ratio in chickenpox.TITLES:
        snapshots = len(values) - 4
        train = int(ratio * snapshots)
        task = chickenpox.task(folder, ratio)
        (x, y), (seen, learned) = task.part("windows", "test"), task.part("windows", "train")
        assert (len(seen), len(x)) == (train, snapshots - train)
        torch.testing.assert_close(y, values[4 + train :])
        torch.testing.assert_close(x[0, :, :, 0], values[train : train + 4].t())
        torch.testing.assert_close(learned, values[4 : 4 + train])
        whole, asked = task.part("in order", "test")
        assert len(whole) == snapshots
        torch.testing.assert_close(asked[train:], y)
        assert asked[:train].isnan().all()


def test_errors_are_those_of_the_published_measure(folder):
    task = influenza.task(folder, "Japan, 47 prefectures", (2, 3, 5, 10, 15))
    counts = task.signals.undo(task.signals.values)
    first = int((0.5 + 0.2) * len(counts))
    assert (task.signals.validation, task.signals.test) == (int(0.5 * len(counts)), first)
    persistent = run_audit(Trial(task, PERSISTENCE, settings=ONCE))["by_lead"]
    yearly = run_audit(Trial(task, same_period("last year"), settings=ONCE))["by_lead"]
    for lead in task.leads:
        truth = counts[first:]
        for found, back in ((persistent, lead), (yearly, 52)):
            error = truth - counts[first - back : len(counts) - back]
            assert found[str(lead)] == pytest.approx(float(error.square().mean().sqrt()), rel=1e-4)


def test_the_windows_of_t_gcn_lie_in_their_part_and_its_error_is_over_all_steps(folder):
    task = traffic.task(folder)
    speeds = task.signals.undo(task.signals.values)
    steps = 1 + len(speeds)
    begin = int(0.8 * steps)
    assert task.signals.test == begin
    part = speeds[begin:]
    found = run_audit(Trial(task, PERSISTENCE, settings=ONCE))["by_lead"]
    for ahead in (3, 12):
        windows = [part[i : i + 12 + ahead] for i in range(steps - begin - 12 - ahead)]
        errors = torch.stack([w[12:] - w[11] for w in windows])
        assert found[str(ahead)] == pytest.approx(float(errors.square().mean().sqrt()), rel=1e-5)


def test_a_forecast_that_is_nan_is_no_gap(folder):
    task = chickenpox.task(folder, 0.9)
    _, y = task.part("windows", "test")
    spoilt = torch.zeros_like(y)
    spoilt[0, 0] = torch.nan
    assert task.metric(spoilt, y) == (math.inf, y.numel())
    assert task.errors(spoilt, y) == {"1": math.inf}


def test_baselines_are_fitted_to_the_training_part_alone(folder):
    task = chickenpox.task(folder, 0.9)
    x, y = task.part("windows", "train")
    inputs = x.squeeze(-1).flatten(0, 1).double()
    gram = inputs.t() @ inputs + torch.eye(4, dtype=torch.float64)
    weights = torch.linalg.solve(gram, inputs.t() @ y.flatten().double())
    x, y = task.part("windows", "test")
    expected = float((x.squeeze(-1).double() @ weights - y.double()).square().mean())
    assert run_audit(Trial(task, regressions(4)[0], settings=ONCE))["score"] == pytest.approx(expected, rel=1e-5)
    zero = run_audit(Trial(task, ZERO, settings=ONCE))
    assert zero["score"] == pytest.approx(task.chance) == pytest.approx(float(y.square().mean()), rel=1e-5)
    assert (zero["weights"], zero["by_lead"]) == (0, {"1": pytest.approx(zero["score"])})


def test_training_goes_on_from_any_batch(folder):
    task = chickenpox.task(folder, 0.9)
    whole = [batch.x for batch in task.batches("windows", 0, "train", 16, 9)]
    rest = [batch.x for batch in task.batches("windows", 0, "train", 16, 4, first=5)]
    assert all(map(torch.equal, whole[5:], rest))
    assert not torch.equal(whole[0], whole[5])


def test_trees_to_fit_are_judged_on_themselves():
    task = FiniteMatchTask(2, trees=10)
    train = torch.cat([batch.y for batch in task.batches("tree", 0, "train", 5, 2)])
    again = torch.cat([batch.y for batch in task.batches("tree", 0, "test", 5, 2)])
    assert sorted(train.tolist()) == sorted(again.tolist())
    assert sum(int(batch.num_graphs) for batch in task.batches("tree", 0, "test", 250, 9)) == 10
    later = [batch.y for batch in task.batches("tree", 0, "train", 4, 6)]
    assert all(map(torch.equal, later[4:], [b.y for b in task.batches("tree", 0, "train", 4, 2, first=4)]))


def test_a_file_of_another_hash_is_named(folder):
    with pytest.warns(UserWarning, match=r"chickenpox\.json has sha256 \w+, expected 724b48cf"):
        CHICKENPOX.find(folder)


def test_a_missing_file_is_downloaded_and_checked(tmp_path):
    source = tmp_path / "source.txt"
    source.write_text("1,2\n")
    good = DataFile("a.txt", source.as_uri(), "97f8f5cb9b2b9d6a3ce6b7f3e0d5d1b2a6a7a1e2ed38a1a2c5b0a7c0e6e0a000")
    with pytest.raises(ValueError, match="expected 97f8"):
        good.find(tmp_path / "data")
    assert not list((tmp_path / "data").iterdir())


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("japan.txt", "1,2\n3,x\n", r"japan\.txt, line 2, column 2"),
        ("japan.txt", "1,2\n3\n", r"japan\.txt, line 2: 1 cells, expected 2"),
        ("japan.txt", "", r"japan\.txt"),
    ],
)
def test_a_malformed_table_names_file_line_and_column(tmp_path, name, text, message):
    (tmp_path / "japan-adj.txt").write_text("0,1\n1,0\n")
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        influenza.task(tmp_path, "Japan, 47 prefectures", (2,))


def test_memoryless_and_constant_baselines():
    rows = BY_NAME["memory"].rows
    values = {name: value for row in rows for name, value in row.constants.items()}
    assert values["memoryless"] == pytest.approx(10 * math.log(8) / 1020)
    assert values["constant 1"] == pytest.approx(1 / 6)


def test_settings_of_a_baseline_stand_for_no_training():
    assert Settings(width=1, steps=1, stop_at=None, test_samples=1_000_000) == ONCE
