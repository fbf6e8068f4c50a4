import pickle
from dataclasses import replace

import pytest

from gnnseq.experiments import ADAM, DEFAULT, SGD, PalindromeTask, Settings, Trial, Tuning, find_family, run_trial

LSTM, GCN = find_family("lstm"), find_family("gcn")
SMALL = Settings(budget=600, steps=3, batch_size=8, test_samples=250)
TINY = Trial(PalindromeTask(4), LSTM, settings=SMALL)


def test_keys_tell_trials_apart():
    others = [replace(TINY, seed=s) for s in range(5)]
    others += [replace(TINY, settings=replace(SMALL, steps=4)), replace(TINY, task=PalindromeTask(4, numbers=True))]
    others += [replace(TINY, family=replace(LSTM, initialise=DEFAULT)), replace(TINY, purpose="tuning")]
    others += [replace(TINY, learning_rate=0.1), replace(TINY, settings=replace(SMALL, optimizer=SGD))]
    assert len({trial.key for trial in others}) == len(others)
    tuned = replace(TINY, tuning=Tuning((0.003,), (0.5,), 0.003, (9,)))
    assert Trial(PalindromeTask(4), LSTM, learning_rate=0.003, settings=SMALL) == TINY
    assert TINY.key == tuned.key == replace(TINY, settings=replace(SMALL, optimizer=ADAM)).key


def test_a_label_says_what_runs():
    assert TINY.label == "lstm, palindromes 4, lr 0.003, seed 0"
    assert replace(TINY, purpose="tuning").label.endswith("tuning")


def test_bad_trials():
    with pytest.raises(ValueError, match=r"learning_rate is -0\.1"):
        replace(TINY, learning_rate=-0.1)
    with pytest.raises(ValueError, match=r"learning_rate is 0\.0"):
        replace(TINY, learning_rate=0.0)
    with pytest.raises(TypeError, match="expected a frozen dataclass"):
        replace(TINY, task="palindromes")
    with pytest.raises(ValueError, match="view is 'graph'"):
        replace(TINY, family=replace(LSTM, view="graph"))
    with pytest.raises(ValueError, match=r"budget is 50 weights, expected at least \d+: the model's smallest size"):
        run_trial(replace(TINY, settings=replace(SMALL, budget=50)))


def test_unknown_model_names_the_nearest():
    with pytest.raises(ValueError, match=r"model is 'lsmt'.*did you mean 'lstm'"):
        find_family("lsmt")


def test_a_task_of_plain_values_travels():
    assert pickle.loads(pickle.dumps(TINY.task)) == TINY.task


def test_a_later_setting_changes_the_key_only_where_it_is_used():
    assert "validate_every" not in TINY.plain
    assert replace(TINY, settings=replace(SMALL, validate_every=5)).plain["validate_every"] == 5
    with pytest.raises(ValueError, match="validate_every is 0, expected an integer >= 1"):
        Settings(validate_every=0)
