"""The study of theory and training, with tiny runs."""

from dataclasses import replace

import pytest
import torch

from gnnseq.experiments import (
    AutomatonTask,
    CopyMemoryTask,
    FormulaTask,
    ListOpsTask,
    PalindromeTask,
    RecallTask,
    Store,
    Trial,
)
from gnnseq.experiments.tasks.networks import KarateTask
from gnnseq.results import collect
from gnnseq.results.verdict import diagnosis
from gnnseq.studies.compute.constructions import track
from gnnseq.studies.compute.predict import can_compute
from gnnseq.studies.compute.study import (
    MIN_GRU_SIGNED,
    SETTINGS,
    STUDIED,
    TASKS,
    by_length,
    predicted,
    run_compute,
    run_study,
)

TINY = replace(SETTINGS, steps=2, budget=3_000, batch_size=4, test_samples=10)
BY_NAME = {family.name: family for family in STUDIED}
FEW = [BY_NAME["lstm"], BY_NAME["min-gru"], BY_NAME["tree-lstm-tree"]]
PARITY, FORMULA = AutomatonTask("parity", 8), FormulaTask("formula", 9)


def run(store, **changes):
    options = {"tasks": [PARITY, FORMULA], "families": FEW, "seeds": 2, "grid": (1e-3, 1e-2), "lengths": (4, 9)}
    return run_study(store, **options | {"settings": TINY, "progress": False} | changes)


def test_every_family_on_every_task_that_it_reads(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    records = run(store)
    names = [(r["trial"]["seed"], r["task"]["name"], r["family"]["name"]) for r in records]
    one = [("parity", "lstm"), ("parity", "min-gru"), ("formula", "lstm"), ("formula", "min-gru"),
           ("formula", "tree-lstm-tree")]  # fmt: skip
    assert names == [(seed, *pair) for seed in (0, 1) for pair in one]
    assert [r["computes"] for r in records[:5]] == ["can", "cannot", "cannot", "cannot", "can"]
    for record in records:
        symbols = {"4": 200, "9": 450} if record["task"]["name"] == "parity" else {"4": 150, "9": 450}
        for name in ("by_length", "hard_by_length"):
            assert {length: total for length, (_, total) in record[name].items()} == symbols
            assert all(0 <= right <= total for right, total in record[name].values())
    tuned = [r for r in store if r["purpose"] == "tuning"]
    assert len(tuned) == len(FEW) * 2
    assert all("by_length" not in r for r in tuned)
    assert {r["trial"]["seed"] for r in tuned} == {1_000_000}
    for family in FEW:
        assert len({r["trial"]["learning_rate"] for r in records if r["family"]["name"] == family.name}) == 1
    assert run(store) == records  # nothing is run again
    assert len(list(store)) == len(records) + len(tuned)


def test_runs_at_other_lengths_are_refused(tmp_path):
    store, one = Store(tmp_path / "records.jsonl"), {"tasks": [PARITY], "families": FEW[:1], "grid": None}
    run(store, seeds=1, **one)
    with pytest.raises(
        ValueError, match=r"lengths is \[4\], but .* holds lstm, parity 8, .* at lengths 4, 9; expected"
    ):
        run(store, lengths=(4,), **one)
    assert len(run(store, seeds=[1], lengths=(4,), **one)) == 1


def test_one_rate_is_not_tuned_and_none_is_each_family_s_own(tmp_path):
    records = run(Store(tmp_path / "one.jsonl"), grid=(0.02,), seeds=1)
    assert {r["trial"]["learning_rate"] for r in records} == {0.02}
    records = run(Store(tmp_path / "own.jsonl"), grid=None, seeds=[3], families=FEW[:1], tasks=[PARITY])
    assert [(r["trial"]["seed"], r["trial"]["learning_rate"]) for r in records] == [(3, FEW[0].learning_rate)]


def test_the_same_trial_whether_it_was_tested_by_length_or_not():
    trial = Trial(PARITY, FEW[0], 0, 1e-3, TINY)
    record = run_compute(trial, lengths=(4,), samples=3)
    assert record["key"] == trial.key
    assert "computes" not in record["trial"]


def test_a_prediction_becomes_the_diagnosis(tmp_path):
    records = run(Store(tmp_path / "records.jsonl"), tasks=[PARITY], families=FEW[:2], grid=None, seeds=1)
    words = {result.model: diagnosis(result) for result in collect(records)}
    assert words["MinGRU, 2 layers"] == "cannot compute"
    assert words["LSTM"] in ("did not learn", "learned in part", "sees too weakly")


def test_exact_weights_are_right_at_all_lengths():
    task = AutomatonTask("s3")
    model = track(can_compute(BY_NAME["lstm"], task).build().encoder.layer, task.automaton)
    for hard in (False, True):
        assert by_length(model, task, "path", (3, 50), 7, hard=hard) == {"3": [21, 21], "50": [350, 350]}
    assert model.training


def test_a_prediction_draws_no_random_number_and_is_for_these_tasks_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    assert predicted(None, Trial(PARITY, FEW[1]))["computes"] == "cannot"
    assert torch.equal(torch.get_rng_state(), before)
    assert predicted(None, Trial(PalindromeTask(5), FEW[1])) == {}


class Silent(torch.nn.Module):
    """Says the first class everywhere."""

    def __init__(self, task):
        super().__init__()
        self.task = task

    def forward(self, batch):
        outputs = torch.zeros(len(batch.y), self.task.num_outputs)
        outputs[:, 0] = 1.0
        return outputs


@pytest.mark.parametrize(
    ("task", "view"),
    [(ListOpsTask(20), "tree"), (ListOpsTask(20), "path"), (CopyMemoryTask(5), "path"), (RecallTask(16), "path"),
     (PalindromeTask(5), "path")],
)  # fmt: skip
def test_other_tasks_have_the_same_report(task, view):
    found = by_length(Silent(task), task, view, (16, 32), samples=30)
    asked = {"copy memory": 3 * 30, "recall": 4 * 30}.get(task.name, 30)
    assert {length: total for length, (_, total) in found.items()} == {"16": asked, "32": asked}


def test_the_study_holds_every_task_and_the_twins_once():
    assert len(TASKS) == 12
    assert "tree-lstm" not in BY_NAME
    assert BY_NAME["min-gru-signed"] is MIN_GRU_SIGNED
    read = {view for task in TASKS for view in task.views}
    assert {family.view for family in STUDIED} - read == {"balanced tree", "symbols", "signals"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lengths": (0, 4)}, r"lengths is \[0, 4\], expected positive lengths"),
        ({"lengths": ()}, r"lengths is \[\], expected positive lengths"),
        ({"seeds": 0}, "seeds is 0, expected an integer >= 1"),
        ({"grid": (0.0,)}, "grid is .*, expected positive learning rates"),
        ({"families": [BY_NAME["gcn-graph"]]}, "families holds none with a view of parity, 3 to 8 symbols"),
    ],
)
def test_bad_input_is_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        run(Store(tmp_path / "records.jsonl"), **changes)


def test_a_task_without_lengths():
    with pytest.raises(TypeError, match=r"expected one with at\(length\)"):
        by_length(Silent(KarateTask()), KarateTask(), "graph", (4,))
