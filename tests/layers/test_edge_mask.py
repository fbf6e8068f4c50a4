"""Explainers of PyG on layers whose products are matrices."""

import copy

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch_geometric.explain import Explainer, GNNExplainer
from torch_geometric.explain.algorithm.utils import clear_masks, set_masks
from torch_geometric.explain.metric import unfaithfulness
from torch_geometric.nn import ChebConv, GCNConv, MessagePassing

from gnnseq.layers import (
    GCN,
    GCRN,
    GRU,
    LSTM,
    RNN,
    ChebFilter,
    GraphCNNLSTM,
    GraphGRU,
    GraphTransformer,
    MinGRU,
    NaryTreeLSTM,
    SignalStack,
)
from gnnseq.layers.signals.spectral_module import SpectralModule
from gnnseq.ops import gcn_operator

EDGES = torch.tensor([[0, 1, 1, 2, 2, 3, 2], [1, 0, 2, 1, 3, 2, 2]])  # a path with a self-loop
MASK = torch.tensor([0.9, 0.1, 0.5, 0.3, 0.8, 0.2, 0.7])
N, F, H = 4, 3, 5


@pytest.mark.parametrize("apply_sigmoid", [False, True])
@pytest.mark.parametrize(
    ("conv", "make"),
    [
        (GCNConv(F, H), GCN.from_gcn_conv),
        (ChebConv(F, H, 3), ChebFilter.from_cheb_conv),
        (ChebConv(F, H, 3, "rw"), ChebFilter.from_cheb_conv),
    ],
)
def test_masked_as_pyg_s_layers_are(conv, make, apply_sigmoid):
    layer, x = make(conv), torch.randn(N, F)
    plain = layer(x, EDGES)
    mask = MASK.clone().requires_grad_()
    for module in (conv, layer):
        set_masks(module, mask, EDGES, apply_sigmoid)
    masked = layer(x, EDGES)
    assert_close(masked, conv(x, EDGES))
    left, right = (torch.autograd.grad(out.square().sum(), mask)[0] for out in (masked, conv(x, EDGES)))
    assert_close(left, right)
    assert not torch.allclose(masked, plain)
    clear_masks(layer)
    assert torch.equal(layer(x, EDGES), plain)


@pytest.mark.parametrize(
    "make",
    [
        lambda: GCRN(F, H, 2),
        lambda: GraphGRU(F, H, 3),
        lambda: GraphCNNLSTM(F, 16, H, 2),
        lambda: SignalStack([GCRN(F, H, 2), GCRN(H, H, 3)]),
    ],
)
def test_a_mask_of_zeros_cuts_every_edge(make):
    layer, x = make(), torch.randn(N, 2, F)
    set_masks(layer, torch.zeros(EDGES.size(1)), EDGES, apply_sigmoid=False)
    x.requires_grad_()
    (grad,) = torch.autograd.grad(layer(x, EDGES)[0][0].sum(), x)
    assert grad[0].abs().sum() > 0
    assert not grad[1:].any()
    filters = next(module for module in layer.modules() if isinstance(module, SpectralModule))
    made = filters.operator(EDGES, N)  # under the mask
    assert_close(layer(x, made), layer(x, EDGES))


@pytest.mark.parametrize(
    ("layer", "hops"), [(GCN(F, H, 3), 3), (GraphTransformer(F, H, 2), 2), (ChebFilter(F, H, 4), 3), (GCRN(F, H, 1), 0)]
)
def test_hops_are_counted(layer, hops):
    assert sum(isinstance(module, MessagePassing) for module in layer.modules()) == hops


def test_without_weights_and_in_copies():
    layer = GCN(F, H, 2)
    assert not any("mask" in name for name in layer.state_dict())
    set_masks(copy.deepcopy(layer), MASK, EDGES)
    assert not layer.edge_mask.is_set


def test_masks_that_cannot_be_applied():
    layer, x = GCN(F, H), torch.randn(N, F)
    set_masks(layer, MASK[:3], EDGES)
    with pytest.raises(ValueError, match=r"the explainer's mask has shape \[3\], expected \[7\]"):
        layer(x, EDGES)
    set_masks(layer, MASK, EDGES)
    with pytest.raises(ValueError, match=r"edge_index is a ready operator, expected edges \[2, E\]: an explainer"):
        layer(x, gcn_operator(EDGES, N))


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.gcn = GCN(F, 2, 2)

    def forward(self, x, edge_index):
        return self.gcn(x, edge_index).log_softmax(-1)


def test_an_explainer_at_work():
    explainer = Explainer(
        Classifier(),
        GNNExplainer(epochs=5),
        explanation_type="model",
        node_mask_type="attributes",
        edge_mask_type="object",
        model_config={"mode": "multiclass_classification", "task_level": "node", "return_type": "log_probs"},
    )
    explanation = explainer(torch.randn(N, F), EDGES, index=0)
    within = [True, True, False, True, False, False, False]  # what node 0 reads in two hops, no self-loops
    assert (explanation.edge_mask > 0).tolist() == within
    assert unfaithfulness(explainer, explanation) > 0


PATH = torch.tensor([[0, 1], [1, 2]])


@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (lambda: RNN(F, H), ()),
        (lambda: GRU(F, H), ()),
        (lambda: LSTM(F, H, bidirectional=True), ()),
        (lambda: NaryTreeLSTM(F, H), (torch.zeros(2, dtype=torch.long),)),
        (lambda: MinGRU(F, H), ()),
        (lambda: GraphTransformer(F, H, attend="graph"), ()),
        (lambda: GraphTransformer(F, H, attend="ancestors"), ()),
    ],
)
def test_a_recurrence_refuses_a_mask_that_it_cannot_apply(make, arguments):
    layer, x = make(), torch.randn(3, F)
    plain = layer(x, PATH, *arguments)[0]
    set_masks(layer, torch.zeros(2), PATH)
    with pytest.raises(ValueError, match=f"an edge mask is set, but {type(layer).__name__} applies none"):
        layer(x, PATH, *arguments)
    clear_masks(layer)
    assert torch.equal(layer(x, PATH, *arguments)[0], plain)
