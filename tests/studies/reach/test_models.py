import pytest
import torch

from gnnseq.analysis import dependencies
from gnnseq.experiments import FirstSymbolTask
from gnnseq.experiments.family import find_named
from gnnseq.studies.reach.models import REACH_FAMILIES, TOPOLOGIES

HOPS = {"path": 11, "dilated": 3, "window": 3, "cycle": 1, "star": 1, "path with hub": 1, "balanced tree": 4,
        "complete": 1}  # fmt: skip


def seen(family, task, sequences=1, width=16):
    """Whether the first symbol of each sequence can move the output."""
    torch.manual_seed(0)
    model = family.build(task, width, 16)
    batch = next(task.batches(family.view, 0, "train", sequences, 1))
    found = dependencies(model, batch)
    return [bool(found[row, int(start)]) for row, start in enumerate(batch.ptr[:-1])]


@pytest.mark.parametrize("family", REACH_FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("distance", [1, 2, 3, 5, 7, 8, 9])
def test_what_is_said_to_be_seen_is_what_the_output_depends_on(family, distance):
    task = FirstSymbolTask(distance + 1)
    sight = family.sight(task)
    assert sight.required == (distance.bit_count() if family.view == "dilated" else distance)
    assert seen(family, task) == [sight.sees]


def test_the_lstm_is_initialised_to_remember():
    family, task = find_named("lstm-memory", REACH_FAMILIES, "model"), FirstSymbolTask(2)
    model = family.build(task, 8, 16)
    family.initialise(model, task)
    assert bool((model.encoder.layer.cells[0].bias[8:16] >= 0).all())


def test_hops_and_layers_of_every_graph():
    task = FirstSymbolTask(12)
    assert {family.view: task.required(family.view) for family in TOPOLOGIES} == HOPS
    assert {family.view: family.reach(task) for family in TOPOLOGIES} == {n: max(2, h) for n, h in HOPS.items()}


@pytest.mark.parametrize("family", TOPOLOGIES, ids=lambda family: family.name)
def test_every_stack_sees_the_first_symbol(family):
    assert seen(family, FirstSymbolTask(12), sequences=2) == [True, True]


def test_a_star_cannot_tell_the_order():
    task, symbols = FirstSymbolTask(6), torch.tensor([[1, 2, 3, 4, 5, 6]])
    found = {}
    for name in ("conv on star", "conv on path with hub"):
        family = find_named(name, TOPOLOGIES, "model")
        torch.manual_seed(0)
        model = family.build(task, 8, 16).double()
        found[name] = [model(family.collate(task)((x, x[:, 0]))) for x in (symbols, symbols.flip(1))]
    torch.testing.assert_close(*found["conv on star"], rtol=1e-12, atol=1e-12)
    assert not torch.allclose(*found["conv on path with hub"])
