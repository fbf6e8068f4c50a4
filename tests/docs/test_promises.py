"""The table of promises is what the contract tests say."""

import make_promises
from layer_cases import CASES, FUNCTIONS, POSITIONS

from gnnseq import layers


def test_the_table_is_up_to_date():
    assert make_promises.table() in make_promises.PAGE.read_text(encoding="utf-8")


def test_every_layer_has_a_row():
    assert set(CASES) == set(layers.__all__) - FUNCTIONS - POSITIONS
