import pytest
import torch

from gnnseq.analysis import dependencies
from gnnseq.studies.reach.first_symbol import recall_batches
from gnnseq.studies.reach.models import REACH_MODELS


@pytest.mark.parametrize("name", REACH_MODELS)
@pytest.mark.parametrize("distance", [1, 2, 3, 5, 7, 8, 9])
def test_what_is_said_to_be_seen_is_what_the_output_depends_on(name, distance):
    spec = REACH_MODELS[name]
    torch.manual_seed(0)
    model = spec.build(16)
    batch = next(recall_batches(spec.collate, distance + 1, 0, 1, 1))
    hops = spec.hops(distance + 1)
    assert hops == (distance.bit_count() if name == "dilated-2" else distance)
    assert bool(dependencies(model, batch)[0, 0]) is (spec.layers is None or hops <= spec.layers)


def test_the_lstm_is_initialised_to_remember():
    spec = REACH_MODELS["lstm"]
    model = spec.build(8)
    spec.initialise(model, 2)
    assert spec.name == "lstm"
    assert bool((model.encoder.layer.cells[0].bias[8:16] >= 0).all())
