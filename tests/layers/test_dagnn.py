"""DAGNN against the loop over nodes; with one child for each node it is the GRU."""

import pytest
import torch
from dags import batch_vector, dag_edges, path_edges, tree_edges
from gradients import assert_same
from reference import dagnn
from torch.testing import assert_close

from gnnseq.layers import DAGNN, GRU
from gnnseq.ops import Schedule

SIZES = [5, 1, 4]
GRAPHS = {"paths": path_edges(SIZES), "trees": tree_edges(SIZES), "dags": dag_edges(SIZES, 0.6)}


@pytest.mark.parametrize("edges", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize("fused", [True, False])
def test_agrees_with_the_loop_over_nodes(edges, fused):
    layer = DAGNN(3, 4).double()
    layer.fused = fused
    x = torch.randn(10, 3, dtype=torch.float64, requires_grad=True)
    state = torch.randn(1, 3, 4, dtype=torch.float64, requires_grad=True)
    batch = batch_vector(SIZES)
    schedule = Schedule(edges, 10, batch)
    cell = layer.cells[0]
    weights = [cell.weight_ih, cell.weight_hh, cell.bias, cell.bias_hn]
    w_1 = torch.randn(3, dtype=torch.float64)  # its term falls out of the softmax
    read = [cell.attention] if edges is not GRAPHS["paths"] else []
    for start, given in ((None, None), (state, state[0][batch])):
        out, final = layer(x, schedule, start)
        expected = dagnn(x, edges, *weights, w_1, cell.attention, given)
        assert_same([out], [expected], [x, *weights, *read] + ([] if start is None else [state]))
        assert_close(final, schedule.at_roots(expected).unsqueeze(0))


@pytest.mark.parametrize("edges", [path_edges(SIZES), tree_edges(SIZES).flip(0)], ids=["paths", "down trees"])
def test_with_one_predecessor_it_is_the_gru(edges):
    layer, gru = DAGNN(3, 4, num_layers=2).double(), GRU(3, 4, num_layers=2).double()
    missing = layer.load_state_dict(gru.state_dict(), strict=False)
    assert missing.missing_keys == ["cells.0.attention", "cells.1.attention"]
    assert missing.unexpected_keys == []
    x = torch.randn(10, 3, dtype=torch.float64, requires_grad=True)
    shared = [weight for name, weight in layer.named_parameters() if "attention" not in name]
    results = [module(x, edges)[0] for module in (layer, gru)]
    gradients = [
        torch.autograd.grad(out.square().sum(), [x, *weights])
        for out, weights in zip(results, (shared, list(gru.parameters())), strict=True)
    ]
    assert_close(results[0], results[1], rtol=0, atol=1e-14)
    assert_close(gradients[0], gradients[1], rtol=1e-12, atol=1e-13)


def test_on_paths_the_attention_has_a_gradient_of_zero():
    layer = DAGNN(3, 4)
    with torch.no_grad():
        layer.cells[0].attention[0] = float("nan")
    out = layer(torch.randn(10, 3), path_edges(SIZES))[0]
    assert bool(out.isfinite().all())
    out.sum().backward()
    assert torch.equal(layer.cells[0].attention.grad, torch.zeros(4))


def test_attends_to_one_of_several_children():
    edges = torch.tensor([[0, 1], [2, 2]])
    layer = DAGNN(2, 2)
    with torch.no_grad():
        layer.cells[0].attention.copy_(torch.tensor([1000.0, 0.0]))
    x = torch.tensor([[3.0, 0.0], [-3.0, 1.0], [0.5, 0.5]])
    states = layer(x[:2], torch.empty(2, 0, dtype=torch.long))[0]
    chosen = int(states[:, 0].argmax())
    alone = layer(x[[chosen, 2]], path_edges([2]))[0]
    assert_close(layer(x, edges)[0][2], alone[1])


def test_counted():
    assert sum(w.numel() for w in DAGNN(3, 4).parameters()) == 3 * 4 * 3 + 3 * 4 * 4 + 5 * 4
