from dataclasses import replace

import pytest
import torch

from gnnseq.results.joined import collect
from gnnseq.studies.optimizers.trial import METHODS, OptimizerTrial, find_method, run_optimizer_trial

TINY = OptimizerTrial("adam", 0.02, length=3, width=12, steps=60, every=5, samples=100)


def test_the_four_methods_take_their_textbook_steps():
    taken = {}
    for method in METHODS:
        weight = torch.zeros(1, requires_grad=True)
        optimizer = method([weight], 0.1)
        for _ in range(2):
            weight.grad = torch.tensor([2.0])
            optimizer.step()
        taken[method.name] = -weight.item()
    assert taken["sgd"] == pytest.approx(0.1 * (2 + 2))
    assert taken["momentum"] == pytest.approx(0.1 * (2 + (0.9 * 2 + 2)))
    assert taken["adam"] == pytest.approx(0.1 * 2)
    first, second = (0.01 * 4) ** 0.5, (0.99 * 0.04 + 0.04) ** 0.5
    assert taken["rmsprop"] == pytest.approx(0.1 * (2 / first + 2 / second), rel=1e-5)


def test_a_run_ends_at_the_threshold_and_its_record_is_read():
    record = run_optimizer_trial(TINY)
    assert record["status"] == "done"
    assert record["steps_to_threshold"] == record["steps"] < 60
    assert record["steps"] % 5 == 0
    assert record["samples_to_threshold"] == 64 * record["steps"]
    assert record["score"] > 0.9
    assert record["validation_score"] is None
    (result,) = collect([record])
    assert result.scores == {0: record["score"]}
    older = record | {"accuracy": 0.5}  # once kept beside the score
    assert collect([older])[0].scores == result.scores


def test_the_same_trial_gives_the_same_record_but_for_times():
    short = replace(TINY, steps=4)
    first, second = run_optimizer_trial(short), run_optimizer_trial(short)
    for name in ("curve", "score", "key", "label"):
        assert first[name] == second[name]


def test_a_tuning_run_sees_no_test_data():
    record = run_optimizer_trial(replace(TINY, steps=2, purpose="tuning"))
    assert record["score"] is None
    assert record["test_samples"] == 0
    assert 0 <= record["validation_score"] <= 1
    assert record["steps_to_threshold"] is None
    assert collect([record]) == []


def test_every_setting_changes_the_key():
    changes = {"optimizer": "sgd", "learning_rate": 0.1, "seed": 1, "purpose": "tuning", "family": "lstm", "length": 5,
               "width": 2, "steps": 1, "batch_size": 2, "threshold": 0.5, "every": 1, "samples": 7}  # fmt: skip
    keys = {replace(TINY, **{name: value}).key for name, value in changes.items()}
    assert len(keys | {TINY.key}) == len(changes) + 1
    assert TINY.label == "adam, rnn 3, lr 0.02, seed 0"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"family": "gru"}, "family is 'gru', expected one of rnn, lstm"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"steps": 0}, "steps is 0"),
        ({"every": 0}, "every is 0"),
    ],
)
def test_bad_input_is_named(change, named):
    with pytest.raises(ValueError, match=named):
        replace(TINY, **change)
    assert find_method("sgd").title == "SGD"
