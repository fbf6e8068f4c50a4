import json
from dataclasses import replace

import pytest
import torch

from gnnseq.experiments import PALINDROME_FAMILIES, Trial, find_family, run_trial

TINY = Trial("lstm", 4, budget=600, steps=3, batch_size=8, test_samples=250)


@pytest.mark.parametrize("family", PALINDROME_FAMILIES, ids=lambda family: family.name)
def test_every_family_runs_and_its_record_is_plain_data(family):
    record = run_trial(replace(TINY, family=family.name))
    assert json.loads(json.dumps(record)) == record
    assert record["status"] == "done"
    assert record["steps"] == 3
    assert 0 <= record["accuracy"] <= 1
    assert record["test_samples"] == 250
    assert len(record["curve"]["grad_norm"]) == 3
    assert record["title"] == family.title


@pytest.mark.parametrize("family", ["lstm", "gcrn"])
def test_the_same_trial_gives_the_same_record(family):
    trial = replace(TINY, family=family)
    first = run_trial(trial)
    torch.randn(7)
    second = run_trial(trial)
    assert first["curve"] == second["curve"]
    assert first["loss"] == second["loss"]
    assert run_trial(replace(trial, seed=1))["curve"] != first["curve"]


def test_child_sum_on_a_path_is_the_lstm():
    assert run_trial(replace(TINY, family="tree-lstm"))["curve"] == run_trial(TINY)["curve"]


def test_keys_tell_trials_apart():
    assert TINY.key == replace(TINY).key
    assert len({replace(TINY, seed=s).key for s in range(5)} | {replace(TINY, steps=4).key}) == 6


def test_training_stops_where_it_has_learned():
    record = run_trial(Trial("lstm", 2, budget=600, steps=400, batch_size=32, learning_rate=0.03))
    assert record["stopped"].startswith("stopped by after_step")
    assert 20 <= record["steps"] < 400
    assert record["accuracy"] > 0.95


def test_divergence_is_recorded():
    record = run_trial(replace(TINY, family="gcn", optimizer="sgd", learning_rate=1e20, max_norm=1e30, steps=20))
    assert record["status"] == "diverged"
    assert "at step" in record["stopped"]


def test_the_reports_settings_read_digits_as_numbers():
    record = run_trial(replace(TINY, scalar=True, width=12, tuned=False, optimizer="rmsprop"))
    assert record["width"] == 12
    assert record["initialisation"] == "default"
    assert record["weights"] == 4 * 12 * (1 + 12 + 1) + 10 * 12 + 10


def test_unknown_model_names_the_nearest():
    with pytest.raises(ValueError, match=r"model is 'lsmt'.*did you mean 'lstm'"):
        find_family("lsmt")
