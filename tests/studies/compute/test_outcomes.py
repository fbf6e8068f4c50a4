"""What records of the study come to."""

import pytest
from comparison import make_record

from gnnseq.studies.compute.outcomes import drift_title, grid, lengths_table, outcomes, places_table, summary


def record(family="lstm", seed=0, computes="can", random=100, hard=100, **changes):
    given = {"by_length": {"40": [100, 100], "256": [random, 100]}, "computes": computes, "because": "so it is"}
    if hard is not None:
        given["hard_by_length"] = {"40": [100, 100], "256": [hard, 100]}
    return make_record(family, seed=seed, name="parity", **given | changes)


def test_a_run_generalises_on_random_samples_and_is_exact_on_hard_ones_too():
    (found,) = outcomes([record(seed=0, random=99, hard=98), record(seed=1), record(seed=2, random=98)])
    assert (found.generalising, found.exact) == (2, 1)
    assert found.longest == (0.99, 1.0, 0.98)
    assert found.hardest == (0.98, 1.0, 0.98)
    assert found.accuracy[40] == (1.0, 1.0, 1.0)
    assert found.cell == "can: 99 / 99 %, 2 and 1 of 3"
    assert not found.is_contradicted


def test_only_a_run_that_is_right_on_hard_samples_too_contradicts_the_theory():
    (found,) = outcomes([record(computes="cannot", hard=90)])
    assert (found.generalising, found.is_contradicted) == (1, False)
    (wrong,) = outcomes([record(computes="cannot")])
    assert wrong.is_contradicted
    assert "WRONG" in wrong.cell
    assert "Against the theory: LSTM on parity." in summary([wrong])
    assert "None is contradicted." in summary([found])
    (plain,) = outcomes([record(computes="cannot", hard=None)])
    assert plain.is_contradicted
    assert plain.hardest == plain.longest


def test_a_run_that_diverged_counts_as_chance():
    lost = record(seed=1, status="diverged")
    del lost["by_length"], lost["hard_by_length"]
    (found,) = outcomes([record(), lost])
    assert found.longest == (1.0, 0.1)
    assert found.hardest == (1.0, 0.1)


def test_a_run_that_was_not_tested_at_a_length_is_left_out_there():
    (found,) = outcomes([record(), record(seed=1, by_length={"40": [90, 100]}, hard_by_length={"40": [80, 100]})])
    assert found.accuracy == {40: (1.0, 0.9), 256: (1.0,)}
    assert found.hardest == (1.0,)


def test_tables():
    found = outcomes(
        [record(), record("gcn", computes="cannot", random=50, hard=50), record("rnn", computes="not known")]
    )
    assert "| GCN, 8 layers on the path | cannot: 50 / 50 %, 0 and 0 of 1 |" in grid(found)
    assert (
        '- "can": 1 pairs, 1 runs; 1 generalise on random samples (100.0 %), 1 on hard ones too (100.0 %).'
        in summary(found)
    )
    assert "3 pairs of a model and a task." in summary(found)
    header = lengths_table(found).splitlines()[0]
    assert [name in header for name in ("at 40", "at 256", "hard 256", "diagnosis")] == [True] * 4
    trial = {"stop_at": None, "steps": 1_000, "seed": 0}
    drift = record(by_place={"40": [4, 4], "1000": [5, 10]}, trial=trial)
    assert drift_title(drift) == "LSTM, 1,000 steps"
    assert "| LSTM, 1,000 steps | 100.0 % | 50.0 %   | 1     |" in places_table([drift])


def test_other_records_are_refused():
    with pytest.raises(ValueError, match="records hold no by_length, expected those of gnnseq"):
        outcomes([make_record()])
