from dataclasses import replace

import pytest

from gnnseq.experiments import FirstSymbolTask, Trial
from gnnseq.experiments.family import find_named
from gnnseq.studies.reach.first_symbol import SETTINGS, run_first_symbol
from gnnseq.studies.reach.models import REACH_FAMILIES

CONV = find_named("conv-2", REACH_FAMILIES, "model")
SMALL = replace(SETTINGS, steps=2, width=8, batch_size=8, test_samples=250)
TINY = Trial(FirstSymbolTask(3), CONV, settings=SMALL)


def test_a_record_repeats_and_says_what_is_seen():
    record, again = run_first_symbol(TINY), run_first_symbol(TINY)
    for key in ("score", "shares_before", "shares_after", "influence"):
        assert record[key] == again[key]
    assert (record["hops_required"], record["hops_reach"], record["steps"]) == (2, 2, 2)
    assert sum(record["shares_before"]) == pytest.approx(1.0, abs=2e-3)
    assert record["shares_before"] != record["shares_after"]
    blind = run_first_symbol(replace(TINY, task=FirstSymbolTask(4)))
    assert (blind["hops_required"], blind["hops_reach"]) == (3, 2)
    assert blind["shares_before"][-1] == blind["shares_after"][-1] == 0.0
    assert blind["influence"] == 0.0


def test_a_model_learns_up_to_its_reach_and_is_at_chance_beyond():
    seen, blind = (run_first_symbol(Trial(FirstSymbolTask(n), CONV, settings=SETTINGS))["score"] for n in (3, 4))
    assert seen > 0.97
    assert blind < 0.15
