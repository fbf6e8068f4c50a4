"""Half precision: every layer is as exact as its page says, and the page is made from the record."""

import json

import make_precision
import pytest
import torch
from layer_cases import ALL, CASES

STORED = json.loads(make_precision.RECORD.read_text())
RECORD = STORED["errors"]
BOUNDS = {"float32": 3e-6, "bfloat16": 0.05, "float16": 0.02, "autocast bfloat16": 0.05, "autocast float16": 0.02}


def test_every_case_is_recorded_and_on_the_page():
    assert list(RECORD) == [param.id for param in ALL]
    page = make_precision.PAGE.read_text(encoding="utf-8")
    assert make_precision.table(RECORD) in page
    assert make_precision.curve_table(STORED["losses"]) in page


def test_training_in_half_precision_follows_float32():
    expected = make_precision.trained(torch.float32, None, steps=80)
    assert expected[0] > expected[1] + 0.2
    for kind in ("bfloat16", "autocast bfloat16", "autocast float16"):
        found = make_precision.trained(*make_precision.KINDS[kind], steps=80)
        assert found == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("case", ALL)
def test_errors_are_those_of_rounding(case):
    for kind, (outputs, gradients) in make_precision.measured(case).items():
        assert 0.0 < outputs < BOUNDS[kind]
        if not ("bfloat16" in kind and case is CASES["GraphTransformer"][0]):  # a ReLU that changes sides
            assert 0.0 < gradients < BOUNDS[kind]
