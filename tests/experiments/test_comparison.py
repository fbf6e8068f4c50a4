import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest

from gnnseq.experiments import (
    GRAPH_FAMILIES,
    SEQUENCE_FAMILIES,
    PalindromeTask,
    Settings,
    Store,
    find_family,
    pairs,
    run_comparison,
)
from gnnseq.experiments.comparison import FIRST_TUNING_SEED, check_seeds

TASKS = [PalindromeTask(3), PalindromeTask(4)]
MODELS = [find_family("lstm"), find_family("bag")]
SMALL = Settings(budget=600, steps=2, batch_size=4, test_samples=250)


def compare(tmp_path, **changes):
    arguments = {"store": Store(tmp_path / "records.jsonl"), "seeds": 2, "settings": SMALL, "progress": False}
    return run_comparison(TASKS, MODELS, **arguments | changes)


def names(records):
    return [(r["trial"]["seed"], r["task"]["size"], r["family"]["name"]) for r in records]


def test_every_model_on_every_task_and_seed(tmp_path):
    records = compare(tmp_path)
    assert names(records) == [(s, n, f) for s in (0, 1) for n in (3, 4) for f in ("lstm", "bag")]
    assert {r["tuning"] for r in records} == {None}
    assert {r["trial"]["learning_rate"] for r in records} == {0.003}
    stored = Store(tmp_path / "records.jsonl").read()
    assert sorted(stored) == sorted(r["key"] for r in records)
    again = compare(tmp_path, run=lambda trial: pytest.fail("nothing is to be run again"))
    assert again == records


def test_a_grid_is_tried_by_all_on_validation_data_and_the_best_rate_taken(tmp_path):
    ran = []

    def run(trial):
        """A record whose score says how near the rate is to one that suits the model."""
        ran.append(trial)
        best = {"lstm": 0.01, "bag": 0.1}[trial.family.name]
        score = 1.0 - abs(trial.learning_rate - best)
        tuning = trial.purpose == "tuning"
        scores = {"score": None if tuning else score, "validation_score": score if tuning else None, "loss": 1.0}
        return {**trial.description, "status": "done", **scores}

    grid = [0.1, 0.001, 0.01]
    records = compare(tmp_path, grid=grid, run=run)
    tries = [trial for trial in ran if trial.purpose == "tuning"]
    assert {trial.seed for trial in tries} == {FIRST_TUNING_SEED}
    per_pair = {(t.task, t.family): sorted(o.learning_rate for o in tries if (o.task, o.family) == (t.task, t.family))
                for t in tries}  # fmt: skip
    assert len(per_pair) == 4
    grown = (0.001, 0.01, 0.1, 1.0)  # the bag's best rate stands at the end
    assert {family.name: tuple(rates) for (_, family), rates in per_pair.items()} == {"lstm": grown[:3], "bag": grown}
    assert {(r["family"]["name"], r["trial"]["learning_rate"]) for r in records} == {("lstm", 0.01), ("bag", 0.1)}
    assert records[0]["tuning"]["chosen"] == 0.01
    assert records[0]["tuning"]["scores"] == {"0.001": 0.991, "0.01": 1.0, "0.1": 0.91}
    assert len(Store(tmp_path / "records.jsonl")) == len(ran) == 12 + 2 + 8
    stored = [r for r in Store(tmp_path / "records.jsonl") if r["purpose"] == "test"]
    assert {len(r["tuning"]["grid"]) for r in stored if r["family"]["name"] == "lstm"} == {3}
    assert {tuple(r["tuning"]["grid"]) for r in stored if r["family"]["name"] == "bag"} == {grown}


def test_a_grid_grows_as_often_as_it_may(tmp_path):
    def run(trial):
        tuning = trial.purpose == "tuning"
        score = -trial.learning_rate  # the smaller the better, for ever
        scores = {"score": None if tuning else score, "validation_score": score if tuning else None, "loss": 1.0}
        return {**trial.description, "status": "done", **scores}

    for extensions, lowest in ((0, 0.01), (2, 0.0001)):
        folder = tmp_path / str(extensions)
        records = compare(folder, grid=[0.01, 0.1], run=run, extensions=extensions)
        assert {r["trial"]["learning_rate"] for r in records} == {lowest}
    with pytest.raises(ValueError, match="extensions is -1, expected at least 0"):
        compare(tmp_path, grid=[0.01, 0.1], run=run, extensions=-1)


def test_a_store_holds_how_the_rate_was_chosen_at_last(tmp_path):
    def run(trial):
        score = -abs(trial.learning_rate - 0.01)
        tuning = trial.purpose == "tuning"
        scores = {"score": None if tuning else score, "validation_score": score if tuning else None, "loss": 1.0}
        return {**trial.description, "status": "done", **scores}

    for grid in ([0.01, 0.1], [0.001, 0.01, 0.1]):
        records = compare(tmp_path, grid=grid, run=run, extensions=0)
        stored = Store(tmp_path / "records.jsonl").read()
        assert all(stored[record["key"]]["tuning"] == record["tuning"] for record in records)
        assert records[0]["tuning"]["grid"] == grid
    lines = (tmp_path / "records.jsonl").read_text().count("\n")
    compare(tmp_path, grid=grid, run=run, extensions=0)
    compare(tmp_path, run=run)
    assert (tmp_path / "records.jsonl").read_text().count("\n") == lines + 8


def test_real_runs_are_tuned_too(tmp_path):
    records = run_comparison(
        [PalindromeTask(2)],
        MODELS[:1],
        store=Store(tmp_path / "records.jsonl"),
        seeds=1,
        grid=[1e-6, 0.03],
        settings=replace(SMALL, steps=60, batch_size=16),
        progress=False,
    )
    assert records[0]["tuning"]["chosen"] == 0.03
    assert records[0]["score"] > records[0]["tuning"]["scores"]["1e-06"]


def test_a_rate_is_chosen_by_its_mean_over_all_tries(tmp_path):
    records = run_comparison(
        [PalindromeTask(3)],
        MODELS[:1],
        store=Store(tmp_path / "records.jsonl"),
        seeds=1,
        grid=[0.001, 0.03],
        tuning_seeds=3,
        settings=replace(SMALL, steps=20),
        progress=False,
    )
    tried = [r for r in Store(tmp_path / "records.jsonl") if r["purpose"] == "tuning"]
    assert sorted({r["trial"]["seed"] for r in tried}) == [1_000_000, 1_000_001, 1_000_002]
    assert records[0]["tuning"]["seeds"] == [1_000_000, 1_000_001, 1_000_002]
    for name, score in records[0]["tuning"]["scores"].items():
        own = [r["validation_score"] for r in tried if r["trial"]["learning_rate"] == float(name)]
        assert len(own) == 3
        assert score == pytest.approx(statistics.fmean(own))


def test_who_cannot_read_a_task_is_left_out_and_named():
    with pytest.warns(UserWarning, match=r"palindromes of length 3: left out.*: gcn-graph \(graph\)"):
        joined = pairs(TASKS[:1], [*SEQUENCE_FAMILIES, GRAPH_FAMILIES[0]])
    assert len(joined) == len(SEQUENCE_FAMILIES)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seeds": 0}, "seeds is 0"),
        ({"seeds": [1, 1]}, r"seeds is \[1, 1\]"),
        ({"grid": [0.1, 0.0]}, r"grid is \[0\.1, 0\.0\], expected positive"),
        ({"grid": [0.1], "tuning_seeds": (1,)}, "tuning_seeds holds 1, expected no seed of the final runs"),
        ({"grid": [0.1], "tuning_seeds": ()}, r"tuning_seeds is \(\)"),
        ({"grid": [0.1], "tuning_seeds": 0}, "tuning_seeds is 0, expected an integer >= 1"),
        ({"seeds": 1.0}, "seeds is 1.0, expected an integer >= 1"),
        ({"seeds": [-1]}, r"seeds\[0\] is -1, expected an integer from 0 to"),
        ({"seeds": [0, 0.5]}, r"seeds\[1\] is 0.5, expected an integer from 0 to"),
        ({"grid": [float("inf")]}, r"grid is \[inf\], expected positive learning rates, not inf"),
    ],
)
def test_bad_input(tmp_path, changes, named):
    with pytest.raises(ValueError, match=named):
        compare(tmp_path, **changes)


def test_bad_tasks_and_families():
    with pytest.raises(ValueError, match="tasks is empty"):
        pairs([], MODELS)
    with pytest.raises(ValueError, match="families is empty"):
        pairs(TASKS, [])
    with pytest.raises(ValueError, match="families holds 'lstm' twice"):
        pairs(TASKS, [*MODELS, MODELS[0]])
    with pytest.raises(ValueError, match="tasks holds 'palindromes of length 3' twice"):
        pairs([*TASKS, PalindromeTask(3)], MODELS)
    with pytest.raises(ValueError, match=r"palindromes of length 3 offer path, .*expected a view .*: graph"):
        pairs(TASKS, GRAPH_FAMILIES[:1])
    assert check_seeds([4, 2]) == (4, 2)


def test_a_task_without_validation_data_is_refused_before_anything_runs(tmp_path):
    @dataclass(frozen=True)
    class NoValidation(PalindromeTask):
        def batches(self, view, seed, split, *args, **kwargs):
            return iter(()) if split == "validation" else super().batches(view, seed, split, *args, **kwargs)

    with pytest.raises(ValueError, match="have no validation data"):
        run_comparison([NoValidation(4)], MODELS, store=Store(tmp_path / "r.jsonl"), grid=[0.1], settings=SMALL)
    assert len(Store(tmp_path / "r.jsonl")) == 0


OWN = """
import sys
from torch import nn
from gnnseq.experiments import Family, PalindromeTask, Settings, Store, run_comparison

class Mine(nn.Module):
    def __init__(self, symbols, width, outputs):
        super().__init__()
        self.table, self.head = nn.Embedding(symbols, width), nn.Linear(width, outputs)

    def forward(self, batch):
        return self.head(self.table(batch.x)[batch.ptr[:-1]])

mine = Family("mine", view="path", build=lambda task, width, embedding: Mine(task.num_symbols, width, task.num_outputs))
run_comparison([PalindromeTask(3), PalindromeTask(5)], [mine], store=Store(sys.argv[1]), seeds=1, jobs=2,
               settings=Settings(budget=600, steps=2, batch_size=4, test_samples=250), progress=False)
"""


def test_a_module_of_a_users_script_runs_in_two_processes(tmp_path):
    pytest.importorskip("joblib")
    (tmp_path / "own.py").write_text(OWN)
    command = [sys.executable, str(tmp_path / "own.py"), str(tmp_path / "records.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    assert [(r["family"]["name"], r["status"]) for r in records] == [("mine", "done")] * 2
