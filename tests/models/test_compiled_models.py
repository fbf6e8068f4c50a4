"""Classifiers with every kind of encoder, and language models, under `torch.compile`."""

import pytest
import torch
from causal_models import MODELS, texts
from dags import undirected_edges
from small_models import DIGITS, FAMILIES, LENGTH, make_model
from torch import nn
from torch.testing import assert_close
from torch_geometric.data import Batch, Data

from gnnseq.data import PalindromeDataset
from gnnseq.layers import GCRN
from gnnseq.models import NodeClassifier, RoundsEncoder

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # dynamo's own


@pytest.fixture(autouse=True)
def compiled_anew():
    """At most two recompilations; a third is an error."""
    torch._dynamo.reset()
    with torch._dynamo.config.patch(recompile_limit=3, fail_on_recompile_limit_hit=True):
        yield


def check_trains(model, batches):
    """Compiled, a model has the same logits and gradients on batches of growing size."""
    compiled = torch.compile(model, backend="eager")
    weights = list(model.parameters())
    for batch in batches:
        found = []
        for module in (compiled, model):
            logits = module(batch)
            grads = torch.autograd.grad(logits.square().sum(), weights, materialize_grads=True)
            found.append([logits, *grads])
        assert_close(*found)


def longer(family):
    to_batch = FAMILIES[family][1]
    for k in range(4):
        batch = to_batch(PalindromeDataset(LENGTH + 2 * k, base=DIGITS, seed=1)[: 4 + k])
        batch.x = batch.x.double() if batch.x.is_floating_point() else batch.x
        yield batch


@pytest.mark.parametrize("family", FAMILIES)
def test_classifiers(family):
    check_trains(make_model(family).double().eval(), longer(family))


@pytest.mark.parametrize("name", [name for name in MODELS if name != "gcn of pyg"])  # torch compiles it for each batch
def test_language_models(name):
    model, to_batch = MODELS[name]()
    check_trains(model.double(), [to_batch(texts(3 + k, 2 + k, 5 + k)) for k in range(3)])


def test_rounds():
    model = NodeClassifier(None, RoundsEncoder(GCRN(3, 4, K=2), rounds=2), nn.Linear(4, 2)).double()
    graphs = [Data(x=torch.randn(n, 3).double(), edge_index=undirected_edges([n], 0.7)) for n in (3, 4, 6, 9)]
    check_trains(model, [Batch.from_data_list(graphs[: k + 1]) for k in range(4)])
