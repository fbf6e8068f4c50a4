from types import SimpleNamespace

import pytest
import torch
from torch_geometric.data import Data

from gnnseq.graphs import path_batch
from gnnseq.layers import LSTM
from gnnseq.models import EdgeEncoder
from gnnseq.models.causal import check_causal
from gnnseq.models.causality import symbol_influence
from gnnseq.studies.text.families import BATCHES, CAUSAL_FAMILIES, HOPS, LAYERS, PATH_CONVS, causal_family

RING = torch.tensor([[0, 1, 2, 1, 2, 0], [1, 2, 0, 0, 1, 2]])
SYMBOLS = Data(edge_index=RING, edge_weight=torch.ones(6), num_nodes=3)
TASK = SimpleNamespace(parts=SimpleNamespace(symbols=SYMBOLS), length=12)
every_family = pytest.mark.parametrize("family", CAUSAL_FAMILIES, ids=lambda family: family.name)


def find(name):
    return next(family for family in CAUSAL_FAMILIES if family.name == name)


def test_names_and_titles_differ():
    assert len({family.name for family in CAUSAL_FAMILIES}) == len(CAUSAL_FAMILIES)
    assert len({family.title for family in CAUSAL_FAMILIES}) == len(CAUSAL_FAMILIES)


@every_family
def test_a_causal_model_with_logits_for_every_symbol(family):
    model = family.build(TASK, 4, 5)
    assert model(BATCHES[family.view](torch.tensor([[0, 1, 2, 1]]))).shape == (4, 3)
    assert (model.num_symbols, model.reach) == (3, family.reach(TASK))
    assert model.embedding.embedding_dim == 5
    check_causal(model.double(), BATCHES[family.view])


@every_family
def test_models_without_a_limit_carry_their_state_and_the_others_have_a_reach(family):
    assert family.build(TASK, 4, 5).carries_state is (family.reach(TASK) is None)


def test_the_reach_of_convolutions_is_as_far_as_influence_goes():
    """With positive weights no path of the computation can cancel another, and no ReLU closes."""
    for name, length in (("path-conv", 9), ("dilated-conv", 84), ("tcn", 40)):
        family = find(name)
        model = family.build(TASK, 2, 2).double()
        with torch.no_grad():
            for weight in model.parameters():
                weight.abs_().add_(0.01)
        seen = symbol_influence(model, torch.zeros(1, length, dtype=torch.long), BATCHES[family.view])[-1] > 0
        assert int(seen.nonzero()[0]) == length - 1 - family.reach(TASK)
        assert bool(seen[-1])


def test_what_the_reach_is_made_of():
    assert find("path-conv").reach(TASK) == PATH_CONVS == 6
    assert find("dilated-conv").reach(TASK) == len(HOPS) * max(HOPS) == 80
    assert find("tcn").reach(TASK) == sum(HOPS) == 31
    assert find("transformer").reach(TASK) == TASK.length - 1


def test_recurrences_have_their_layers_and_the_gcrn_the_graph_of_symbols():
    lstm = find("lstm").build(TASK, 4, 5).encoder.layer
    assert isinstance(lstm, LSTM)
    assert (len(lstm.cells), lstm.cells[0].in_channels, lstm.cells[-1].out_channels) == (LAYERS, 5, 4)
    encoder = find("gcrn").build(TASK, 4, 5).encoder
    assert torch.equal(encoder.edge_index, RING)
    assert encoder.num_symbols == 3


def test_a_family_of_ones_own():
    own = causal_family("mine", "One LSTM", lambda features, width, _: (EdgeEncoder(LSTM(features, width)), width))
    assert own.build(TASK, 4, 5)(path_batch(torch.tensor([[0, 1]]))).shape == (2, 3)
