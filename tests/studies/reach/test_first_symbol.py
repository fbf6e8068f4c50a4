from dataclasses import replace

import pytest
import torch

from gnnseq.studies.reach.first_symbol import RecallTrial, recall_batches, run_recall
from gnnseq.studies.reach.models import REACH_MODELS

TINY = RecallTrial("conv-2", 3, steps=2, width=8, batch_size=8, test_samples=250)


def test_the_target_is_the_first_symbol_and_a_seed_repeats():
    collate = REACH_MODELS["conv-2"].collate
    one, two = (list(recall_batches(collate, 5, 3, 4, 2)) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        assert torch.equal(a.y, a.x.view(4, 5)[:, 0])
        assert torch.equal(a.x, b.x)
    assert not torch.equal(one[0].x, one[1].x)


def test_a_record_repeats_and_says_what_is_seen():
    record, again = run_recall(TINY, REACH_MODELS), run_recall(TINY, REACH_MODELS)
    for key in ("accuracy", "before", "after", "strength"):
        assert record[key] == again[key]
    assert record["sees"]
    assert record["hops"] == 2
    assert record["steps"] == 2
    assert sum(record["before"]) == pytest.approx(1.0, abs=2e-3)
    assert record["before"] != record["after"]
    blind = run_recall(replace(TINY, length=4), REACH_MODELS)
    assert not blind["sees"]
    assert blind["before"][-1] == blind["after"][-1] == 0.0
    assert blind["strength"] == 0.0


def test_a_model_learns_up_to_its_reach_and_is_at_chance_beyond():
    seen, blind = (run_recall(RecallTrial("conv-2", length), REACH_MODELS)["accuracy"] for length in (3, 4))
    assert seen > 0.97
    assert blind < 0.15


def test_a_budget_decides_the_width():
    record = run_recall(replace(TINY, width=None, budget=2_000), REACH_MODELS)
    assert record["weights"] == pytest.approx(2_000, rel=0.05)
    assert record["width"] != 8


def test_keys_differ_where_trials_do():
    keys = {TINY.key, replace(TINY, seed=1).key, replace(TINY, length=4).key, replace(TINY, steps=3).key}
    assert len(keys) == 4
