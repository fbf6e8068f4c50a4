"""Attention along edges is PyG's TransformerConv with a self-loop at each node."""

import pytest
import torch
from dags import dag_edges, undirected_edges
from gradients import assert_same
from torch.testing import assert_close
from torch_geometric.explain.algorithm.utils import set_masks
from torch_geometric.nn import TransformerConv
from torch_geometric.utils import add_self_loops

from gnnseq.ops.attention.along_edges import AlongEdges

N, C, HEADS = 8, 6, 2
EDGES = {
    "dag": dag_edges([5, 1, 2], 0.6),
    "undirected": undirected_edges([5, 1, 2], 0.6),
    "none": torch.empty(2, 0, dtype=torch.long),
    "repeated": torch.tensor([[0, 0, 1, 2, 2], [1, 1, 0, 7, 3]]),
}


def call(conv, attend, x):
    q, k, v = (lin(x).view(N, HEADS, -1) for lin in (conv.lin_query, conv.lin_key, conv.lin_value))
    return attend(q, k, v).flatten(1)


@pytest.mark.parametrize("edges", EDGES.values(), ids=EDGES)
def test_is_pyg_s_convolution(edges):
    conv = TransformerConv(C, C // HEADS, heads=HEADS, root_weight=False).double()
    x = torch.randn(N, C, dtype=torch.float64, requires_grad=True)
    expected = conv(x, add_self_loops(edges, num_nodes=N)[0])
    weights = [weight for name, weight in conv.named_parameters() if "key.bias" not in name]  # it has no effect
    assert_same([call(conv, AlongEdges(edges, N), x)], [expected], [x, *weights])


def test_under_the_mask_of_an_explainer_too():
    conv = TransformerConv(C, C // HEADS, heads=HEADS, root_weight=False).double()
    x = torch.randn(N, C, dtype=torch.float64, requires_grad=True)
    edges = EDGES["dag"]
    factor = torch.rand(edges.size(1), dtype=torch.float64, requires_grad=True)
    plain = call(conv, AlongEdges(edges, N), x)
    masked = call(conv, AlongEdges(edges, N, factor), x)
    set_masks(conv, torch.cat([factor, factor.new_ones(N)]), edges, apply_sigmoid=False)
    assert_same([masked], [conv(x, add_self_loops(edges, num_nodes=N)[0])], [x, factor])
    assert not torch.allclose(masked, plain)


def test_self_loops_among_the_edges_change_nothing():
    conv = TransformerConv(C, C // HEADS, heads=HEADS, root_weight=False).double()
    x, edges = torch.randn(N, C, dtype=torch.float64), EDGES["undirected"]
    with_loops = torch.cat([edges[:, :3], torch.tensor([[2, 2, 0], [2, 2, 0]]), edges[:, 3:]], dim=1)
    assert_close(call(conv, AlongEdges(with_loops, N), x), call(conv, AlongEdges(edges, N), x))


def test_large_scores_do_not_overflow():
    q = torch.full((2, 1, 4), 1e3)
    out = AlongEdges(torch.tensor([[0], [1]]), 2)(q, q, q)
    assert_close(out, q)


def test_dropped_weights_have_the_mean_of_all():
    attend, v = AlongEdges(EDGES["dag"], N), torch.randn(N, 1, 4, dtype=torch.float64)
    many = torch.stack([attend(v, v, v, dropout=0.5) for _ in range(4000)])
    assert many.std(0).max() > 0.1
    assert_close(many.mean(0), attend(v, v, v), atol=0.2, rtol=0)
