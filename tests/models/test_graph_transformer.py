"""The Transformer inside models: batches of PyG, readouts, reach, influence, explanations."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch_geometric.data import Batch, Data
from torch_geometric.explain import Explainer, GNNExplainer

from gnnseq.analysis import influence, model_reach, reach
from gnnseq.graphs import balanced_tree_batch, dilated_batch, path_batch
from gnnseq.layers import GraphTransformer, MeanReadout, RootReadout, SinusoidalPositions
from gnnseq.models import EdgeEncoder, ExplainedClassifier, NodeClassifier, SequenceClassifier, SymbolEmbedding
from gnnseq.models.causal import check_causal
from gnnseq.models.language_model import CharLanguageModel

F, H, S = 3, 6, 5
ATTEND = ["edges", "graph", "ancestors"]


def transformer(attend, layers=2, positions=SinusoidalPositions):
    return EdgeEncoder(GraphTransformer(F, H, layers, 2, attend=attend, positions=positions))


def texts(*lengths):
    return [torch.randint(S, (length,)) for length in lengths]


BATCHES = {
    "paths": lambda: path_batch(texts(6, 1, 3)),
    "dilated": lambda: dilated_batch(texts(6, 1, 3)),
    "trees": lambda: balanced_tree_batch(texts(6, 1, 3), empty=S),
}


@pytest.mark.parametrize("attend", ATTEND)
@pytest.mark.parametrize("readout", [RootReadout, MeanReadout])
@pytest.mark.parametrize("kind", BATCHES)
def test_classifies_each_graph_of_a_batch_as_if_it_were_alone(attend, readout, kind):
    batch = BATCHES[kind]()
    model = SequenceClassifier(SymbolEmbedding(S, F), transformer(attend), readout(), nn.Linear(H, 2)).double()
    together = model(batch)
    assert together.shape == (3, 2)
    assert_close(together, torch.cat([model(Batch.from_data_list([data])) for data in batch.to_data_list()]))
    assert_close(together[:1], model(batch.get_example(0)))
    together.square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for name, weight in model.named_parameters() if name.endswith("qkv.weight"))


def features(batch):
    batch = batch.clone()
    batch.x = torch.randn(len(batch.x), F, dtype=torch.float64)
    return batch


class Nodes(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, batch: Batch):
        return self.encoder(batch.x, batch)


@pytest.mark.parametrize("attend", ATTEND)
@pytest.mark.parametrize("kind", BATCHES)
def test_reach_and_influence(attend, kind):
    batch = features(BATCHES[kind]())
    n = len(batch.x)
    expected = {
        "edges": lambda: reach(batch.edge_index, 2, n),
        "graph": lambda: batch.batch.unsqueeze(1) == batch.batch,
        "ancestors": lambda: reach(batch.edge_index, None, n),
    }[attend]()
    model = Nodes(transformer(attend)).double()
    assert torch.equal(model_reach(model, batch), expected)
    found = influence(model, batch)
    assert torch.equal(found > 0, expected)
    x = batch.x.clone().requires_grad_()
    out = model.encoder(x, batch)
    rows = torch.stack([torch.autograd.grad(value, x, retain_graph=True)[0].abs().sum(1) for value in out.flatten()])
    assert_close(found, rows.view(n, H, n).sum(1))


def test_weights_of_edges_are_refused():
    batch = features(BATCHES["paths"]())
    batch.edge_weight = torch.ones(batch.num_edges).double()
    with pytest.raises(ValueError, match="batch has edge_weight, but GraphTransformer does not take it"):
        transformer("edges").double()(batch.x, batch)


@pytest.mark.parametrize("attend", ["edges", "ancestors"])
def test_a_language_model_is_causal(attend):
    model = CharLanguageModel(SymbolEmbedding(S, F), transformer(attend), nn.Linear(H, S)).double()
    check_causal(model, path_batch)
    model(path_batch(texts(7, 4)))


def test_a_language_model_that_attends_to_all_is_refused():
    model = NodeClassifier(SymbolEmbedding(S, F), transformer("graph"), nn.Linear(H, S)).double()
    with pytest.raises(ValueError, match=r"not causal.*position 0 on 1"):
        check_causal(model, path_batch)


def explained(attend, edge_mask_type):
    data = Data(x=torch.randn(5, F), edge_index=torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]]))
    model = NodeClassifier(None, transformer(attend), nn.Linear(H, 2))
    explainer = Explainer(
        ExplainedClassifier(model),
        GNNExplainer(epochs=5),
        explanation_type="model",
        node_mask_type="attributes",
        edge_mask_type=edge_mask_type,
        model_config={"mode": "multiclass_classification", "task_level": "node", "return_type": "raw"},
    )
    return explainer(data.x, data.edge_index, index=3)


def test_explained_along_its_edges():
    found = explained("edges", "object")
    assert (found.edge_mask > 0).tolist() == [False, True, True, False]


@pytest.mark.parametrize("attend", ["graph", "ancestors"])
def test_explained_by_features_only_where_attention_leaves_the_edges(attend):
    assert explained(attend, None).node_mask.abs().sum() > 0
    with pytest.raises(ValueError, match="an edge mask is set, but GraphTransformer applies none"):
        explained(attend, "object")
