"""What a model needs to come onto a page."""

import pytest
import torch
from page_cases import DIGITS, make_model
from torch import nn

from gnnseq.layers import LSTM, MeanReadout
from gnnseq.models import EdgeEncoder, SequenceClassifier, SymbolEmbedding
from gnnseq.page import NoForwardPassError, page_model
from gnnseq.page.models import fault


def make(**changes):
    parts = {"embedding": SymbolEmbedding(10, 4), "encoder": EdgeEncoder(LSTM(4, 6)), "readout": MeanReadout(),
             "head": nn.Linear(6, 10)} | changes  # fmt: skip
    return SequenceClassifier(**parts)


def test_a_model_is_plain_values_with_its_weights():
    model = make_model()
    assert fault(model) is None
    assert model["embedding"]["weight"] == {"at": 0, "shape": [11, 4]}
    assert model["classes"] == DIGITS


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"view": "ring"}, "view is 'ring', expected one of path"),
        ({"symbols": list("01")}, "symbols holds 2, expected one for each of 11 rows"),
        ({"symbols": []}, "symbols holds 0"),
        ({"classes": ["a"]}, "classes holds 1, expected 10, as the outputs"),
    ],
)
def test_bad_arguments_are_named(changes, named):
    with pytest.raises(ValueError, match=named):
        page_model(make(), **{"title": "x", "view": "path", "symbols": DIGITS} | changes)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"head": nn.Sequential(nn.Linear(6, 10))}, "Sequential as a linear layer"),
        ({"embedding": None}, "Identity as an embedding of symbols"),
        ({"readout": nn.Identity()}, "Identity has no forward pass"),
        ({"encoder": nn.Identity()}, "Identity has no forward pass"),
    ],
)
def test_a_part_without_a_forward_pass_is_named(part, named):
    with pytest.raises(NoForwardPassError, match=named):
        page_model(make(**part), title="x", view="path", symbols=DIGITS)


def test_any_other_module_is_named():
    with pytest.raises(NoForwardPassError, match="GRU has no forward pass"):
        page_model(torch.nn.GRU(2, 2), title="x", view="path", symbols=DIGITS)
