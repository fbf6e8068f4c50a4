"""Half precision: every layer is as exact as its page says, and the page is made from the record."""

import json

import make_precision
import pytest
from layer_cases import ALL, CASES

RECORD = json.loads(make_precision.RECORD.read_text())["errors"]
BOUNDS = {"float32": 3e-6, "bfloat16": 0.05, "float16": 0.02, "autocast bfloat16": 0.05, "autocast float16": 0.02}


def test_every_case_is_recorded_and_on_the_page():
    assert list(RECORD) == [param.id for param in ALL]
    assert make_precision.table(RECORD) in make_precision.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", ALL)
def test_errors_are_those_of_rounding(case):
    for kind, (outputs, gradients) in make_precision.measured(case).items():
        assert 0.0 < outputs < BOUNDS[kind]
        if not ("bfloat16" in kind and case is CASES["GraphTransformer"][0]):  # a ReLU that changes sides
            assert 0.0 < gradients < BOUNDS[kind]
