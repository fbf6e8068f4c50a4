from dataclasses import replace

import pytest

from gnnseq.experiments import ADAM, SGD, Settings
from gnnseq.runs.store import Store
from gnnseq.studies.optimizers.race import (
    FIRST_TUNING_SEED,
    SETTINGS,
    Race,
    base_trial,
    choose_rate,
    race_table,
    race_verdicts,
    rates_that_learn,
    run_race,
    steps_taken,
)

BASE = base_trial("rnn", 3, replace(SETTINGS, width=12, steps=40, test_samples=250, batch_size=32))


def tried(rate, seed, reached, loss=1.0, status="done"):
    trial = {"learning_rate": rate, "seed": seed, "steps": 100, "optimizer": "sgd"}
    return {"trial": trial, "steps_to_threshold": reached, "loss": loss, "status": status}


def test_the_rate_with_the_fewest_steps_is_chosen():
    slow, fast = [tried(0.1, 0, 50), tried(0.1, 1, 60)], [tried(0.2, 0, 40), tried(0.2, 1, 50)]
    assert choose_rate(slow + fast) == 0.2
    assert choose_rate([*slow, tried(0.2, 0, 10), tried(0.2, 1, None)]) == 0.1  # (10 + 100) / 2 equals 55: the loss
    assert choose_rate([tried(0.1, 0, None, 0.9), tried(0.2, 0, None, 0.8)]) == 0.2
    assert choose_rate([tried(0.1, 0, None), tried(0.2, 0, 5, status="diverged")]) == 0.1


def test_a_run_that_never_gets_there_counts_with_all_its_steps():
    assert steps_taken(tried(0.1, 0, None)) == 100.0
    assert steps_taken(tried(0.1, 0, 35)) == 35.0


def test_a_race_is_tuned_apart_and_run_once(tmp_path):
    store = Store(tmp_path / "records.jsonl")
    options = {"grid": (0.02, 1e-5), "seeds": 2, "tuning_seeds": 1, "base": BASE, "progress": False}
    race = run_race([SGD, ADAM], store, **options)
    assert race.grid == (1e-5, 0.02)
    assert race.chosen["adam"] == 0.02
    assert {r["trial"]["seed"] for r in race.tuning} == {FIRST_TUNING_SEED}
    assert {r["trial"]["seed"] for r in race.final} == {0, 1}
    assert len(store) == 4 + 4
    again = run_race([SGD, ADAM], store, **options)
    assert len(store) == 8
    assert again.final == race.final
    (verdict,) = race_verdicts(race)
    assert (verdict.a, verdict.b, verdict.verdict) == ("SGD", "Adam", "undecided at 2 seeds")
    text = race_table(race)
    assert "Adam" in text
    assert "0.02 (end of the grid)" in text
    assert "| more than 40 " in text  # SGD cannot learn this at these rates
    assert rates_that_learn(race, "adam") == 1
    assert rates_that_learn(race, "sgd") == 0


@pytest.mark.parametrize(
    ("change", "named"),
    [({"seeds": 0}, "seeds is 0"), ({"tuning_seeds": 0}, "tuning_seeds is 0"), ({"grid": ()}, "grid is 0"),
     ({"grid": (0.1, -1.0)}, r"not -1\.0"),
     ({"base": base_trial(settings=Settings())}, "validate_every None")],
)  # fmt: skip
def test_bad_input_is_named(change, named, tmp_path):
    with pytest.raises(ValueError, match=named):
        run_race([SGD], Store(tmp_path / "r.jsonl"), **{"base": BASE} | change)


def test_two_records_of_one_run_are_refused():
    twice = [tried(0.1, 0, 50), tried(0.1, 1, 60), tried(0.1, 0, 40)]
    with pytest.raises(ValueError, match=r"tuning has more than one record of \('sgd', 0\.1, 0\)"):
        Race(twice, [], {"sgd": 0.1}, (0.1,))
    with pytest.raises(ValueError, match="final has more than one record"):
        Race([], twice, {"sgd": 0.1}, (0.1,))
